# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rule sets: the options, their references to relays, and the canonical form of rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    RELAY,
    RULE_SET,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Definition,
    Document,
    Resolved,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import absent, resolve

# What the console fills in. The API's own defaults are not documented, so they are always sent.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "Relay": {"MailFrom": "PRESERVE", "ActionFailurePolicy": "CONTINUE"},
}


def document(options: Mapping[str, Any]) -> tuple[Document, tuple[str, ...]]:
    """The rules, if they are set. Raises BadOption."""
    if options.get("rules") is None:
        return {}, ()
    made = {"Rules": given.shaped("Rules", "rules", options["rules"])}
    given.within_quotas("RuleSet", made)
    return canonical(made), ()


def canonical(made: Document) -> Document:
    """Rule sets that mean the same are equal in this form: defaults stated, empty lists gone."""
    rules = copy.deepcopy(made["Rules"])
    for rule in rules:
        for name in ("Conditions", "Unless"):
            if not rule.get(name, True):
                del rule[name]
        for action in rule["Actions"]:
            for kind, defaults in DEFAULTS.items():
                if kind in action:
                    action[kind] = {**defaults, **action[kind]}
    return {**made, "Rules": rules}


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    """With the names of relays as shown, their ids as sent."""
    if "Rules" not in made:
        return Resolved(made, made)
    form = canonical(made)
    references = relays(form["Rules"])
    listed = api.listed(RELAY) if references else []
    found = {each: resolve(RELAY, each, listed) for each in references.values()}
    return Resolved(
        with_relays(form, lambda each: named.name if (named := found[each]) else each),
        with_relays(form, lambda each: named.id if (named := found[each]) else each),
        tuple(absent(RELAY, each, path) for path, each in references.items() if not found[each]),
    )


def relays(rules: list[Document]) -> dict[str, str]:
    """The relays that these rules name, by the place at which they do."""
    return {
        f"rules[{number}].actions[{place}].relay.relay": action["Relay"]["Relay"]
        for number, rule in enumerate(rules)
        for place, action in enumerate(rule["Actions"])
        if "Relay" in action
    }


def with_relays(made: Document, spell: Callable[[str], str]) -> Document:
    """The rule set with every reference to a relay spelled anew."""
    rules = copy.deepcopy(made["Rules"])
    for rule in rules:
        for action in rule["Actions"]:
            if "Relay" in action:
                action["Relay"]["Relay"] = spell(action["Relay"]["Relay"])
    return {**made, "Rules": rules}


def users(current: Document, api: MailManager) -> list[str]:
    """The ingress points that hold the rule set."""
    return [
        f"ingress point {each.name}"
        for each in api.listed(INGRESS_POINT)
        if api.get(INGRESS_POINT, each.id).get("RuleSetId") == current["RuleSetId"]
    ]


DEFINITION = Definition(
    kind=RULE_SET,
    document=document,
    resolved=resolved,
    users=users,
    required={"Rules": "rules"},
)
