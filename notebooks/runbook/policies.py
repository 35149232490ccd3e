"""Whether a policy holds the statement that lets Mail Manager's relays use a key or a secret.

Pure. The statements are the modules' own; here they are looked for under any Sid, since a person
who pastes the page's text chooses another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import (
    Scope,
    as_list,
    key_statement,
    root_statement,
    same,
    secret_statement,
)


def key_problem(policy: Any, scope: Scope) -> str:
    """What the page asks for and a relay's key policy lacks; "" when nothing."""
    if not _holds(policy, root_statement(scope)):
        return f"no statement leaves the key to account {scope.account}"
    if not _holds(policy, key_statement("relay", scope)):
        return "no statement lets Mail Manager's relays decrypt with the key"
    return ""


def secret_problem(policy: Any, scope: Scope) -> str:
    """What the page asks for and a secret's resource policy lacks; "" when nothing."""
    if not _holds(policy, secret_statement("relay", scope)):
        return "no statement lets Mail Manager's relays read the secret"
    return ""


def _holds(policy: Any, wanted: Mapping[str, Any]) -> bool:
    if not isinstance(policy, Mapping):
        return False
    return any(
        same({"Statement": [{**statement, "Sid": wanted["Sid"]}]}, {"Statement": [dict(wanted)]})
        for statement in as_list(policy.get("Statement"))
        if isinstance(statement, Mapping)
    )
