# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rule sets: the options, what rules name, and their canonical form."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import documents
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    RULE_SET,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Definition,
    Document,
    Resolved,
)

_FAILURE = {"ActionFailurePolicy": "CONTINUE"}
# ActionFailurePolicy and MailFrom: what the console fills in; the API's own defaults are not
# documented. Encoding and PayloadType: the API's documented defaults. All are always sent.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "Relay": {"MailFrom": "PRESERVE", **_FAILURE},
    "PublishToSns": {"Encoding": "UTF-8", "PayloadType": "CONTENT", **_FAILURE},
    **dict.fromkeys(
        (
            "Archive",
            "WriteToS3",
            "Send",
            "DeliverToMailbox",
            "DeliverToQBusiness",
            "Bounce",
            "InvokeLambda",
        ),
        _FAILURE,
    ),
}


def document(options: Mapping[str, Any]) -> Document:
    """The rules, if they are set. Raises BadOption."""
    if options.get("rules") is None:
        return {}
    made = {"Rules": given.shaped("Rules", "rules", options["rules"])}
    given.within_quotas("RuleSet", made)
    return canonical(made)


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
    """With names as shown, ids and ARNs as sent."""
    return documents.resolved(canonical(made) if "Rules" in made else made, api)


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
