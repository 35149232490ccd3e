# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the policy of a key or a secret lets somebody do something. Pure.

A Deny that matches wins, otherwise one Allow must match, by principal, action, resource and
condition. What cannot be judged from here (an operator, a context key whose value nobody knows)
leaves the decision open, and the reason says so.
Sources: IAM user guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One access. who: whether a statement's Principal element names the one who asks.

    context: the values of condition keys, in lower case. absent: tells of the keys that the request
    certainly does not carry; the value of any other key is unknown.
    """

    who: Callable[[Any], bool]
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    absent: Callable[[str], bool] = lambda key: False  # noqa: ARG005


class _Match(NamedTuple):
    """holds: None where it cannot be known. why: what does not match, or is not known."""

    holds: bool | None
    why: str = ""


class Decision(NamedTuple):
    """allowed: None where it cannot be known. reason: why it is not allowed, part of a sentence."""

    allowed: bool | None
    reason: str = ""


def decide(policy: Mapping[str, Any] | None, request: Request) -> Decision:
    """Judge the access by a policy document; None is an absent policy."""
    if policy is None:
        return Decision(False, "there is no policy")
    allows: list[bool | None] = []
    doubts, missed = [], []
    for number, statement in enumerate(as_list(policy.get("Statement"))):
        name = f"statement {statement.get('Sid') or number}"
        match = _match(statement, request)
        if statement.get("Effect") == "Deny":
            if match.holds:
                return Decision(False, f"{name} denies {request.action}")
            if match.holds is None:
                doubts.append(f"{name} may deny {request.action}: {match.why}")
        else:
            allows.append(match.holds)
            if not match.holds:
                missed.append(f"{name}: {match.why}")
    if True in allows:
        return Decision(None, "; ".join(doubts)) if doubts else Decision(True)
    detail = f" ({'; '.join(missed)})" if missed else ""
    open_ = None in allows
    words = "no statement certainly allows" if open_ else "no statement allows"
    return Decision(None if open_ else False, f"{words} {request.action}{detail}")


def service(name: str) -> Callable[[Any], bool]:
    """Who asks is a service principal."""

    def named(principal: Any) -> bool:
        if principal == "*":
            return True
        if not isinstance(principal, Mapping):
            return False
        return name in as_list(principal.get("Service")) or "*" in as_list(principal.get("AWS"))

    return named


def caller(arn: str) -> Callable[[Any], bool]:
    """Who asks is a user, a role or the root of an account, by the ARN that STS tells.

    What a policy grants to the account, IAM can grant to its users and roles. A session tells its
    role's name without the path: a role of this name and account is taken to be it.
    """
    partition, account, kind = arn.split(":")[1], arn.split(":")[4], arn.split(":", 5)[5]
    names = {"*", account, arn, f"arn:{partition}:iam::{account}:root"}
    role = kind.split("/")[1] if kind.startswith("assumed-role/") else None

    def named(principal: Any) -> bool:
        if principal == "*":
            return True
        if not isinstance(principal, Mapping):
            return False
        given = [str(each) for each in as_list(principal.get("AWS"))]
        mine = f"arn:{partition}:iam::{account}:role/"
        return any(
            each in names
            or (role is not None and each.startswith(mine) and each.rpartition("/")[2] == role)
            for each in given
        )

    return named


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _match(statement: Statement, request: Request) -> _Match:
    named = "NotPrincipal" in statement
    if request.who(statement.get("NotPrincipal" if named else "Principal")) == named:
        return _Match(False, "its principal is another one")
    if not _lists(statement, "Action", request.action, ignore_case=True):
        return _Match(False, f"its actions leave out {request.action}")
    # A resource's own policy may leave the resource out.
    if {"Resource", "NotResource"} & set(statement) and not _lists(
        statement, "Resource", request.resource
    ):
        return _Match(False, "its resource is another one")
    return _conditions(statement.get("Condition") or {}, request)


def _lists(statement: Statement, element: str, value: str, *, ignore_case: bool = False) -> bool:
    if element in statement:
        return any(like(value, str(p), ignore_case) for p in as_list(statement[element]))
    excluded = as_list(statement.get(f"Not{element}"))
    return bool(excluded) and not any(like(value, str(p), ignore_case) for p in excluded)


def like(value: str, pattern: str, ignore_case: bool = False) -> bool:
    """As IAM compares: `*` stands for any text, `?` for any character, nothing else is special."""
    parts = [{"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern]
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch("".join(parts), value, flags) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """Part by part: a `*` does not cross a colon, save in the last part."""
    ours, theirs = value.split(":", 5), pattern.split(":", 5)
    return len(ours) == len(theirs) and all(map(like, ours, theirs))


def _same(value: str, wanted: str) -> bool:
    return value == wanted


def _same_ignoring_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": _same,
    "stringequalsignorecase": _same_ignoring_case,
    "stringlike": like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _same_ignoring_case,
}


def _conditions(conditions: Mapping[str, Mapping[str, Any]], request: Request) -> _Match:
    """All must hold; one that certainly does not decides before one that is not known."""
    unknown = _Match(True)
    for operator, block in conditions.items():
        for key, wanted in block.items():
            found = _condition(operator, key, [str(each) for each in as_list(wanted)], request)
            if found.holds is False:
                return found
            if found.holds is None:
                unknown = found
    return unknown


def _condition(operator: str, key: str, wanted: list[str], request: Request) -> _Match:
    name = operator.lower()
    value = request.context.get(key.lower())
    absent = value is None and request.absent(key.lower())
    place = f"its condition {operator} {key}"
    if value is None and not absent:
        return _Match(None, f"{place} cannot be judged beforehand")
    if name == "null":
        return _Match(absent == ("true" in [each.lower() for each in wanted]), f"{place} fails")
    lenient = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    negated = "not" in name
    compare = _COMPARE.get(name.replace("not", ""))
    if compare is None or any("${" in each for each in wanted):
        return _Match(None, f"{place} cannot be judged beforehand")
    if value is None:
        # An absent key fails what asks for a value, and satisfies what forbids one.
        return _Match(lenient or negated, f"{place} asks for a value that is not there")
    holds = any(compare(value, each) for each in wanted) != negated
    return _Match(holds, f"{place} does not hold for {value}")
