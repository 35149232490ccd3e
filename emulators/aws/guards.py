"""What moto lets pass and the services refuse: checks that run before moto sees a call.

Only what Gatepost's modules may meet: policy documents of keys and secrets, and calls on a secret
or key that is being deleted. Source of the states: the KMS developer guide, "Key states of AWS KMS
keys", and the errors of each operation of Secrets Manager.
"""

import json
import re
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from emulators.aws import access, moto_state, record_sets
from emulators.aws.calls import Call
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope

SERVICES = ("kms", "route53", "secretsmanager")
_POLICIES = {
    "kms:CreateKey": "Policy",
    "kms:PutKeyPolicy": "Policy",
    "secretsmanager:PutResourcePolicy": "ResourcePolicy",
}
_NOT_WHILE_PENDING = frozenset(
    (
        "CreateAlias",
        "CreateGrant",
        "Decrypt",
        "DisableKey",
        "DisableKeyRotation",
        "EnableKey",
        "EnableKeyRotation",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetPublicKey",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "Sign",
        "TagResource",
        "UntagResource",
        "UpdateAlias",
        "UpdateKeyDescription",
        "Verify",
        "VerifyMac",
    )
)
_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
# Operations that use the secret's key, and the error when they cannot.
_CRYPTOGRAPHY = {
    "CreateSecret": "EncryptionFailure",
    "PutSecretValue": "EncryptionFailure",
    "UpdateSecret": "EncryptionFailure",
    "GetSecretValue": "DecryptionFailure",
}
_NOT_ON_A_DELETED_SECRET = frozenset(
    (
        "CancelRotateSecret",
        "DeleteResourcePolicy",
        "GetResourcePolicy",
        "GetSecretValue",
        "PutResourcePolicy",
        "PutSecretValue",
        "RotateSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    )
)


def check(call: Call, body: bytes) -> None:
    """Raise ServiceError where the service would refuse and moto does not."""
    if call.scope is None:
        return
    if call.service == "route53":
        if call.operation == "ChangeResourceRecordSets":
            record_sets.check(call.parameters.get("Id", ""), body, call.scope)
        return
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return  # moto answers that itself
    if not isinstance(request, dict):
        return
    if call.service == "kms":
        _check_key(call.operation, request, call.scope)
    else:
        _check_secret(call.operation, request, call.scope)
    text = request.get(_POLICIES.get(call.name, ""))
    if text is not None:
        statements = _statements(text)
        bypass = request.get("BypassPolicyLockoutSafetyCheck") is True
        if call.service == "kms" and not bypass and not _administrable(statements, call):
            raise ServiceError(
                "MalformedPolicyDocumentException",
                "The new key policy will not allow you to update the key policy in the future.",
            )
        if request.get("BlockPublicPolicy") is True and any(_public(one) for one in statements):
            raise ServiceError(
                "PublicPolicyException",
                "You can't use a public policy: BlockPublicPolicy is set.",
            )


def _public(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    everybody = principal == "*" or (
        isinstance(principal, dict) and principal.get("AWS") in ("*", ["*"])
    )
    return statement["Effect"] == "Allow" and everybody and not statement.get("Condition")


def _check_key(operation: str, request: dict[str, Any], scope: Scope) -> None:
    if operation == "ScheduleKeyDeletion":
        days = request.get("PendingWindowInDays", 30)
        if not isinstance(days, int) or not 7 <= days <= 30:
            raise ServiceError("ValidationException", "PendingWindowInDays must be from 7 to 30")
    if str(request.get("AliasName", "")).startswith("alias/aws/"):
        raise ServiceError("NotAuthorizedException", "alias/aws/ is AWS's own")
    if any(str(tag.get("TagKey", "")).lower().startswith("aws:") for tag in _tags(request)):
        raise ServiceError("TagException", "keys that start with aws: are reserved")
    key = moto_state.key(scope, request.get("KeyId") or request.get("TargetKeyId"))
    if key is None:
        return
    pending = key.key_state == "PendingDeletion"
    if pending and operation in _NOT_WHILE_PENDING:
        raise ServiceError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if operation == "CancelKeyDeletion" and not pending:
        raise ServiceError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")


def _check_secret(operation: str, request: dict[str, Any], scope: Scope) -> None:
    secrets = moto_state.secretsmanager(scope).secrets
    if operation == "CreateSecret":
        name = str(request.get("Name", ""))
        if not _SECRET_NAME.fullmatch(name):
            raise ServiceError(
                "InvalidParameterException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of"
                " the following: -/_+=.@!",
            )
        if name in secrets and secrets[name].is_deleted():
            raise ServiceError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already"
                " scheduled for deletion.",
            )
    if any(str(tag.get("Key", "")).lower().startswith("aws:") for tag in _tags(request)):
        raise ServiceError("InvalidParameterException", "keys that start with aws: are reserved")
    secret = secrets.get(str(request.get("SecretId", "")))
    if secret is not None and secret.is_deleted() and operation in _NOT_ON_A_DELETED_SECRET:
        raise ServiceError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    _check_key_of(secret, operation, request, scope)


def _check_key_of(secret: Any, operation: str, request: dict[str, Any], scope: Scope) -> None:
    """A value is encrypted and decrypted under the secret's key, which must be there and enabled.

    Without one it is aws/secretsmanager, which always is.
    """
    fails = _CRYPTOGRAPHY.get(operation)
    writes = operation != "GetSecretValue"
    if fails is None or (
        writes and not {"SecretString", "SecretBinary", "KmsKeyId"} & set(request)
    ):
        return
    identifier = (request.get("KmsKeyId") if writes else None) or getattr(secret, "kms_key_id", "")
    if not identifier or "alias/aws/" in identifier:
        return
    key = moto_state.key(scope, identifier)
    if key is None or key.key_state != "Enabled":
        state = "does not exist" if key is None else f"is {key.key_state}"
        raise ServiceError(fails, f"Secrets Manager can't use the KMS key {identifier}: it {state}")


def _tags(request: dict[str, Any]) -> list[dict[str, Any]]:
    tags = request.get("Tags")
    return [one for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []


def _statements(text: Any) -> list[dict[str, Any]]:
    malformed = ServiceError(
        "MalformedPolicyDocumentException", "This resource policy contains invalid Json"
    )
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        raise malformed from None
    found = document.get("Statement") if isinstance(document, dict) else None
    statements: list[Any] = found if isinstance(found, list) else [found]
    for one in statements:
        if not isinstance(one, dict) or one.get("Effect") not in ("Allow", "Deny"):
            raise malformed
        if not ({"Action", "NotAction"} & set(one) and {"Principal", "NotPrincipal"} & set(one)):
            raise malformed
    return statements


def _administrable(statements: list[dict[str, Any]], call: Call) -> bool:
    """Whether the caller can still change the key policy."""
    callers = _callers(call)

    def decides(one: dict[str, Any], effect: str) -> bool:
        principal = one.get("Principal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else principal
        names = set(named if isinstance(named, list) else [named])
        return bool(
            one["Effect"] == effect
            and names & callers
            and access.covers(one, "kms:PutKeyPolicy")
            and not one.get("Condition")
        )

    return any(decides(one, "Allow") for one in statements) and not any(
        decides(one, "Deny") for one in statements
    )


def _callers(call: Call) -> set[str]:
    """Every principal as which a key policy may name the caller; the account delegates to IAM."""
    scope = call.scope
    assert scope is not None
    partition, account = scope.partition, scope.account
    names = {"*", account, f"arn:{partition}:iam::{account}:root"}
    session = sts_backends[account][partition].get_assumed_role_from_access_key(call.access_key)
    user = iam_backends[account][partition].get_user_from_access_key_id(call.access_key)
    if session is not None:
        role = session.role_arn
        names |= {session.arn, role}
    elif user is not None:
        names.add(user.arn)
    else:
        # Whom GetCallerIdentity names for keys that nobody has made.
        names.add(f"arn:{partition}:sts::{account}:user/moto")
    return names
