"""What moto lets pass and the services refuse: checks that run before moto sees a call.

Only what Gatepost's modules may get wrong: policy documents of keys and secrets.
"""

import json
from typing import Any

from emulators.aws import access
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope

_POLICIES = {
    "kms:CreateKey": "Policy",
    "kms:PutKeyPolicy": "Policy",
    "secretsmanager:PutResourcePolicy": "ResourcePolicy",
}


def guarded(name: str) -> bool:
    """Whether `check` looks at the body of this `service:operation`."""
    return name in _POLICIES


def check(name: str, body: bytes, where: Scope) -> None:
    """Raise ServiceError where the service would refuse and moto does not."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return  # moto answers that itself
    text = request.get(_POLICIES[name]) if isinstance(request, dict) else None
    if text is None:
        return
    statements = _statements(text)
    bypass = request.get("BypassPolicyLockoutSafetyCheck") is True
    if name.startswith("kms:") and not bypass and not _administrable(statements, where):
        raise ServiceError(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _statements(text: Any) -> list[dict[str, Any]]:
    malformed = ServiceError(
        "MalformedPolicyDocumentException", "This resource policy contains invalid Json"
    )
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        raise malformed from None
    found = document.get("Statement") if isinstance(document, dict) else None
    statements = found if isinstance(found, list) else [found]
    for one in statements:
        if not isinstance(one, dict) or one.get("Effect") not in ("Allow", "Deny"):
            raise malformed
        if not ({"Action", "NotAction"} & set(one) and {"Principal", "NotPrincipal"} & set(one)):
            raise malformed
    return statements


def _administrable(statements: list[dict[str, Any]], where: Scope) -> bool:
    """Whether an identity of the account can still change the key policy."""
    root = f"arn:{where.partition}:iam::{where.account}:root"
    for one in statements:
        principal = one.get("Principal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else principal
        names = named if isinstance(named, list) else [named]
        ours = any(
            name in ("*", root, where.account) or f"::{where.account}:" in str(name)
            for name in names
        )
        if one["Effect"] == "Allow" and ours and access.covers(one, "kms:PutKeyPolicy"):
            return True
    return False
