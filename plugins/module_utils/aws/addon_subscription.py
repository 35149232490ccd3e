# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Subscriptions to add-ons: named by the add-on, made only by somebody who accepts the charges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    State,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption


def document(options: Mapping[str, Any]) -> Document:  # noqa: ARG001
    """A subscription holds nothing but its name."""
    return {}


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    return Resolved(made, made)


def users(current: Document, api: MailManager) -> list[str]:
    """The instance of the add-on that the subscription is for."""
    return [
        f"add-on instance {each.name} ({each.id})"
        for each in api.listed(ADDON_INSTANCE)
        if each.name == current["AddonName"]
    ]


def judged(state: State, services: Services) -> tuple[str, ...]:  # noqa: ARG001
    """Raises BadOption where nobody said that the charges are accepted."""
    if state.change.creates and not state.want.options["accept_charges"]:
        raise BadOption(
            "accept_charges",
            f"must be true to subscribe to {state.want.name}: a subscription accepts the add-on's "
            "terms of use and its price, which is charged from then on",
        )
    return ()


DEFINITION = Definition(
    kind=ADDON_SUBSCRIPTION,
    document=document,
    resolved=resolved,
    users=users,
    fixed=("name",),
    judged=judged,
)
