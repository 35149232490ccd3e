"""Whether a policy holds the statement that lets Mail Manager's relays use a key or a secret.

Pure. Facts: SES developer guide, "Policies for Mail Manager": one statement for the KMS key beside
the account's own, one for the secret. Statements of others are nobody's business here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SERVICE = "ses.amazonaws.com"
KEY_ACTIONS = frozenset({"kms:Decrypt", "kms:DescribeKey"})
SECRET_ACTIONS = frozenset({"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"})


def partition_of(region: str) -> str:
    """The partition of a region that Mail Manager runs in."""
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws-cn" if region.startswith("cn-") else "aws"


def key_problem(policy: Any, region: str, account: str) -> str:
    """What the page asks for and the key policy lacks; "" when nothing."""
    if not any(_administers(statement, account) for statement in _statements(policy)):
        return f"no statement leaves the key to account {account}"
    conditions = {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}
    return _relay_problem(policy, KEY_ACTIONS, region, account, conditions)


def secret_problem(policy: Any, region: str, account: str) -> str:
    """What the page asks for and the secret's resource policy lacks; "" when nothing."""
    return _relay_problem(policy, SECRET_ACTIONS, region, account, {})


def _relay_problem(
    policy: Any, actions: frozenset[str], region: str, account: str, equals: Mapping[str, str]
) -> str:
    arn = f"arn:{partition_of(region)}:ses:{region}:{account}:mailmanager-smtp-relay/*"
    found = False
    for statement in _statements(policy):
        principal = statement.get("Principal")
        services = _texts(principal.get("Service")) if isinstance(principal, Mapping) else set()
        if statement.get("Effect") != "Allow" or SERVICE not in services:
            continue
        found = True
        allowed = {action.lower() for action in _texts(statement.get("Action"))}
        if not {action.lower() for action in actions} <= allowed:
            continue
        conditions = _conditions(statement)
        wanted = {**equals, "aws:SourceAccount": account}
        if all(
            conditions.get(("StringEquals", key.lower())) == {value}
            for key, value in wanted.items()
        ) and conditions.get(("ArnLike", "aws:sourcearn")) == {arn}:
            return ""
    if found:
        return f"no statement for {SERVICE} has {', '.join(sorted(actions))} for {arn} alone"
    return f"no statement allows {SERVICE}"


def _statements(policy: Any) -> Iterator[Mapping[str, Any]]:
    listed = policy.get("Statement", []) if isinstance(policy, Mapping) else []
    for statement in [listed] if isinstance(listed, Mapping) else listed:
        if isinstance(statement, Mapping):
            yield statement


def _administers(statement: Mapping[str, Any], account: str) -> bool:
    principal = statement.get("Principal")
    roots = _texts(principal.get("AWS")) if isinstance(principal, Mapping) else set()
    return (
        statement.get("Effect") == "Allow"
        and "kms:*" in _texts(statement.get("Action"))
        and any(root == account or root.endswith(f":iam::{account}:root") for root in roots)
    )


def _conditions(statement: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Values by operator and lower-case key: condition keys are case-insensitive."""
    return {
        (operator, key.lower()): _texts(value)
        for operator, pairs in statement.get("Condition", {}).items()
        for key, value in pairs.items()
    }


def _texts(value: Any) -> set[str]:
    return {str(each) for each in (value if isinstance(value, list) else [value]) if each}
