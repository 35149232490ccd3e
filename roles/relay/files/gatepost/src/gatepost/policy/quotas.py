"""What an account may hold: the documented, fixed quotas of Mail Manager that its model does not
state, and a document judged against them.

The limits that the model states (10 conditions or 10 actions a rule, for example) are in
policy/schema.py and judged by `shapes.normalize`. Source: the Amazon SES developer guide, "Mail
Manager quotas". This file imports the standard library alone; the collection's module_utils links
to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

MESSAGE_BYTES: Final = 40 * 1024 * 1024
RECIPIENTS: Final = 100
RULES: Final = 40
DELIVERIES: Final = 10  # Relay and Send actions of one rule set, together
STATEMENTS: Final = 20
CONDITIONS: Final = 10
ADDRESSES: Final = 100_000  # of one address list

# How many of each an account may hold in a region; ingress points by their Type.
RESOURCES: Final[Mapping[str, int]] = MappingProxyType(
    {"Relay": 40, "RuleSet": 40, "TrafficPolicy": 100, "AddressList": 100, "Archive": 10}
)
INGRESS_POINTS: Final[Mapping[str, int]] = MappingProxyType({"OPEN": 10, "AUTH": 50, "MTLS": 10})


def excesses(kind: str, document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Path and reason of everything in which a document goes beyond a quota.

    kind: "RuleSet" or "TrafficPolicy"; other kinds have no quota of their own. document: in API
    case, normalized.
    """
    if kind == "RuleSet":
        return tuple(_rule_set(document))
    if kind == "TrafficPolicy":
        return tuple(_traffic_policy(document))
    return ()


def _rule_set(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rules = document.get("Rules", ())
    if len(rules) > RULES:
        yield "Rules", f"holds {len(rules)} rules; {RULES} are allowed"
    deliveries = 0
    for number, rule in enumerate(rules):
        for place, action in enumerate(rule.get("Actions", ())):
            deliveries += "Relay" in action or "Send" in action
            if deliveries == DELIVERIES + 1:
                yield (
                    f"Rules[{number}].Actions[{place}]",
                    f"is one Relay or Send action too many; a rule set may have {DELIVERIES}",
                )
                return


def _traffic_policy(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    statements = document.get("PolicyStatements", ())
    if len(statements) > STATEMENTS:
        yield "PolicyStatements", f"holds {len(statements)} statements; {STATEMENTS} are allowed"
    for number, statement in enumerate(statements):
        conditions = len(statement.get("Conditions", ()))
        if conditions > CONDITIONS:
            yield (
                f"PolicyStatements[{number}].Conditions",
                f"holds {conditions} conditions; {CONDITIONS} are allowed",
            )
