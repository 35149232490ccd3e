"""Whether a resource policy lets an AWS service principal do something. Pure.

An explicit Deny that matches wins; otherwise one Allow must match. A statement matches by
principal, action, resource and condition, as IAM's policy evaluation does for service
principals. The account root's own statement does not: it delegates to IAM, which says nothing on
service principals. What this module does not know (an operator of a condition) lets nobody in
and denies nobody, and the reason says so.
"""

import fnmatch
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """One access: who, what, on what, and the context keys that conditions see."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """allowed, and why: the statement that decided, or what each statement lacks."""

    allowed: bool
    reason: str


def decide(policy: str | None, request: Request) -> Decision:
    """Judge the access by a policy document, as JSON text; None is an absent policy."""
    if not policy:
        return Decision(False, "there is no policy")
    try:
        document = json.loads(policy)
    except ValueError:
        return Decision(False, "the policy is not JSON")
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    missed: list[str] = []
    allowed = ""
    for index, statement in enumerate(_as_list(statements)):
        if not isinstance(statement, dict):
            continue
        name = f"statement {statement.get('Sid') or index}"
        lacking = _lacking(statement, request)
        if statement.get("Effect") == "Deny":
            if not lacking:
                return Decision(False, f"{name} denies {request.action}")
        elif lacking:
            missed.append(f"{name}: {lacking}")
        else:
            allowed = allowed or name
    if allowed:
        return Decision(True, allowed)
    detail = f" ({'; '.join(missed)})" if missed else ""
    return Decision(False, f"no statement allows {request.service} {request.action}{detail}")


def covers(statement: Mapping[str, Any], action: str) -> bool:
    """Whether the statement's Action or NotAction takes in this action."""
    return _listed(statement, "Action", action)


def _lacking(statement: Mapping[str, Any], request: Request) -> str:
    """Why the statement does not match, empty when it does."""
    if not _principal(statement, request.service):
        return f"its principal is not {request.service}"
    if not _listed(statement, "Action", request.action):
        return f"its actions leave out {request.action}"
    # A resource policy of KMS or Secrets Manager may leave Resource out: it is the resource itself.
    if ("Resource" in statement or "NotResource" in statement) and not _listed(
        statement, "Resource", request.resource
    ):
        return "its resource is another one"
    conditions = statement.get("Condition") or {}
    for operator, block in conditions.items():
        for key, wanted in block.items():
            lacking = _condition(operator, key, [str(one) for one in _as_list(wanted)], request)
            if lacking:
                return lacking
    return ""


def _principal(statement: Mapping[str, Any], service: str) -> bool:
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], service)
    return _names(statement.get("Principal"), service)


def _names(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return service in _as_list(principal.get("Service")) or "*" in _as_list(principal.get("AWS"))


def _listed(statement: Mapping[str, Any], element: str, value: str) -> bool:
    # Actions compare without case, resources with it.
    fold = str.lower if element == "Action" else str
    patterns = statement.get(element)
    if patterns is not None:
        return any(_like(fold(value), fold(str(one))) for one in _as_list(patterns))
    excluded = statement.get(f"Not{element}")
    if excluded is None:
        return False
    return not any(_like(fold(value), fold(str(one))) for one in _as_list(excluded))


def _like(value: str, pattern: str) -> bool:
    # `*` and `?` alone are special in IAM; brackets are not.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _arn_like(value: str, pattern: str) -> bool:
    # Each of the six parts of an ARN is compared on its own: `*` does not cross a colon.
    left, right = value.split(":", 5), pattern.split(":", 5)
    return len(left) == len(right) and all(_like(*pair) for pair in zip(left, right, strict=True))


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (lambda value, wanted: value == wanted, True),
    "stringnotequals": (lambda value, wanted: value == wanted, False),
    "stringequalsignorecase": (lambda value, wanted: value.lower() == wanted.lower(), True),
    "stringnotequalsignorecase": (lambda value, wanted: value.lower() == wanted.lower(), False),
    "stringlike": (_like, True),
    "stringnotlike": (_like, False),
    "arnequals": (_arn_like, True),
    "arnlike": (_arn_like, True),
    "arnnotequals": (_arn_like, False),
    "arnnotlike": (_arn_like, False),
    "bool": (lambda value, wanted: value.lower() == wanted.lower(), True),
}


def _condition(operator: str, key: str, wanted: Iterable[str], request: Request) -> str:
    name = operator.lower()
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    values = {known.lower(): value for known, value in request.context.items()}
    value = values.get(key.lower())
    if name == "null":
        absent = any(one.lower() == "true" for one in wanted)
        return "" if (value is None) == absent else f"its condition Null {key} does not hold"
    if name not in _OPERATORS:
        return f"its condition operator {operator} is not known here"
    matches, positive = _OPERATORS[name]
    if value is None:
        # An absent key fails what asks for a value, and satisfies what forbids one.
        return "" if if_exists or not positive else f"its condition asks for {key}, which is absent"
    if any(matches(value, one) for one in wanted) == positive:
        return ""
    return f"its condition {operator} {key} does not hold for {value}"


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
