# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances of add-ons, which rules and statements ask for their analysis.

A subscription has one instance at most and an add-on one subscription, so that the add-on's name
names all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import documents
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ADDON_INSTANCE,
    ADDON_SUBSCRIPTION,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Definition,
    Document,
    Resolved,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import absent, resolve


def document(options: Mapping[str, Any]) -> Document:
    """The subscription by the add-on's name."""
    return {} if options.get("name") is None else {"AddonSubscriptionId": options["name"]}


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    """With the subscription's name as shown, its id as sent."""
    if "AddonSubscriptionId" not in made:
        return Resolved(made, made)
    reference = made["AddonSubscriptionId"]
    found = resolve(ADDON_SUBSCRIPTION, reference, api.listed(ADDON_SUBSCRIPTION))
    if found is None:
        missing = absent(ADDON_SUBSCRIPTION, reference, "name")
        return Resolved({"AddonSubscription": reference}, made, (missing,))
    return Resolved({"AddonSubscription": found.name}, {"AddonSubscriptionId": found.id})


def users(current: Document, api: MailManager) -> list[str]:
    """The rule sets and traffic policies that ask the add-on."""
    return documents.users(ADDON_INSTANCE, current, api)


DEFINITION = Definition(
    kind=ADDON_INSTANCE,
    document=document,
    resolved=resolved,
    users=users,
    fixed=("name",),
    keys={"AddonSubscriptionId": "addon_subscription"},
)
