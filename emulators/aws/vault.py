"""May Mail Manager use this secret, or this key? What it would find out when it tries.

The service's checks are not documented in their wording; what must be so is: the secret exists in
the region, is not being deleted, is encrypted under a customer managed key that is enabled, holds
exactly the named members as non-empty strings, and the policies of secret and key let
ses.amazonaws.com in on behalf of the resource. The first thing that is not so is a
ValidationException that names it (ours) and never quotes a value.
"""

import json
from collections.abc import Iterable
from typing import Any

from emulators.aws import access, errors, moto_state
from emulators.aws.scope import Scope

SERVICE = "ses.amazonaws.com"


def check_secret(
    scope: Scope,
    secret_arn: str,
    *,
    members: Iterable[str],
    source_arn: str,
    secret_actions: Iterable[str],
    key_actions: Iterable[str],
) -> None:
    """Raise ServiceError unless `source_arn` may read a secret of exactly these members."""
    parts = secret_arn.split(":")
    if parts[3] != scope.region:
        raise errors.validation(f"SecretArn: the secret is in {parts[3]}, not in {scope.region}")
    secret = moto_state.secretsmanager(scope).secrets.get(secret_arn)
    if secret is None or secret.arn != secret_arn:
        raise errors.validation(f"SecretArn: there is no secret {secret_arn}")
    if secret.is_deleted():
        raise errors.validation(f"SecretArn: {secret_arn} is scheduled for deletion")
    _check_members(secret, sorted(members))
    via = f"secretsmanager.{scope.region}.amazonaws.com"
    for action in secret_actions:
        decision = _decide(scope, secret.policy, action, secret.arn, source_arn)
        if not decision.allowed:
            raise errors.validation(f"SecretArn: resource policy of the secret: {decision.reason}")
    check_key(
        scope,
        secret.kms_key_id,
        source_arn=source_arn,
        actions=key_actions,
        via=via,
        at="SecretArn",
    )


def check_key(
    scope: Scope,
    key_id: str | None,
    *,
    source_arn: str,
    actions: Iterable[str],
    at: str,
    via: str = "",
) -> None:
    """Raise ServiceError unless the key is a usable customer managed one that lets Mail Manager in.

    at: the member that errors name. via: the service through which the key is used.
    """
    key = _key(scope, key_id)
    if key is None or key.key_manager != "CUSTOMER":
        raise errors.validation(f"{at}: not encrypted under a customer managed key")
    if key.key_state != "Enabled":
        raise errors.validation(f"{at}: the key {key.arn} is {key.key_state}")
    for action in actions:
        decision = _decide(scope, key.policy, action, key.arn, source_arn, via)
        if not decision.allowed:
            raise errors.validation(f"{at}: key policy of {key.arn}: {decision.reason}")


def _check_members(secret: Any, members: list[str]) -> None:
    version = secret.versions.get(secret.default_version_id) or {}
    wanted = " and ".join(members)
    text = version.get("secret_string")
    if not isinstance(text, str):
        raise errors.validation("SecretArn: the secret has no text value")
    try:
        content = json.loads(text)
    except ValueError:
        raise errors.validation("SecretArn: the secret's value is not JSON") from None
    # The names of other members may be anything, a misplaced secret too: they are not quoted.
    if not isinstance(content, dict) or sorted(content) != members:
        raise errors.validation(f"SecretArn: the secret must hold exactly {wanted}")
    for member in members:
        if not isinstance(content[member], str) or not content[member]:
            raise errors.validation(f"SecretArn: {member} in the secret must be a non-empty string")


def _key(scope: Scope, key_id: str | None) -> Any:
    # Without a key a secret is encrypted under aws/secretsmanager, which is AWS managed.
    if not key_id or ":alias/aws/" in f":{key_id}":
        return None
    return moto_state.key(scope, key_id)


def _decide(
    scope: Scope, policy: str | None, action: str, resource: str, source_arn: str, via: str = ""
) -> access.Decision:
    context = {"aws:SourceAccount": scope.account, "aws:SourceArn": source_arn}
    if via:
        context["kms:ViaService"] = via
    return access.decide(policy, access.Request(SERVICE, action, resource, context))
