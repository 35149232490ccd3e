# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deleting a secret: never while a relay or an ingress point names it, and never at once.

A scheduled deletion is as absent as a secret can be; until the window is over it can be restored.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import secretsmanager
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    RELAY,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_options import Wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.gatepost.mail.plugins.module_utils.errors import InUse
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan


def removal(want: Wanted, current: Secret | None, services: Services) -> Plan:
    """Raises InUse, unless it is forced."""
    gone = current is None or current.deleted
    before = None if gone or current is None else {"name": current.name, "arn": current.arn}
    steps: list[Callable[[], object]] = []
    if current is not None and not gone:
        arn = current.arn
        found = [] if want.force else users(arn, MailManager(services["mailmanager"]))
        if found:
            raise InUse(f"secret {want.name}", found)
        steps.append(lambda: secretsmanager.delete(services["secretsmanager"], arn, want.days))
    nothing = {"secret": None, "document": None}
    return Plan(
        title=f"secret {want.name}",
        change=reconcile.change(before, None),
        predicted=nothing,
        read=lambda: nothing,
        steps=tuple(steps),
    )


def users(arn: str, api: MailManager) -> list[str]:
    """The relays and ingress points that authenticate with the secret."""
    relays = [
        f"relay {each.name}"
        for each in api.listed(RELAY)
        if api.get(RELAY, each.id).get("Authentication", {}).get("SecretArn") == arn
    ]
    points = [
        f"ingress point {each.name}"
        for each in api.listed(INGRESS_POINT)
        if api.get(INGRESS_POINT, each.id).get("IngressPointAuthConfiguration", {}).get("SecretArn")
        == arn
    ]
    return relays + points
