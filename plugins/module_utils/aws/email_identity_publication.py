# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An identity's records in Route 53: what stands of them, and the one call that puts the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.aws import route53
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity_options import Wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Record, Zone


class Look(NamedTuple):
    """Values by type and name, as they are and as they should be; only what is asked for."""

    before: dict[str, list[str]]
    after: dict[str, list[str]]


def place(want: Wanted, services: Services) -> Zone | None:
    """The zone, None where nothing is published. Raises Missing, Ambiguous."""
    if not want.route53:
        return None
    return route53.zone_of(want.domain, route53.zones(services["route53"]), want.zone)


def look(zone: Zone | None, asked: Sequence[Record], overwrite: bool, services: Services) -> Look:
    """Raises GatepostError for a record that somebody else put there."""
    found = Look({}, {})
    for record in asked if zone is not None else ():
        now = route53.standing(services["route53"], zone, record)
        if now.values:
            found.before[record.title] = list(now.values)
        found.after[record.title] = list(route53.after(record, now, overwrite))
    return found


def publish(zone: Zone, asked: Sequence[Record], overwrite: bool, services: Services) -> None:
    """Raises GatepostError before anything is written, ServiceError."""
    service = services["route53"]
    changes = [
        route53.publication(record, route53.standing(service, zone, record), overwrite)
        for record in asked
    ]
    route53.apply(service, zone, [each for each in changes if each is not None])


def withdraw(zone: Zone, asked: Sequence[Record], services: Services) -> None:
    """Takes away what stands as it was asked for, and nothing else."""
    service = services["route53"]
    changes = [
        route53.withdrawal(record, route53.standing(service, zone, record)) for record in asked
    ]
    route53.apply(service, zone, [each for each in changes if each is not None])
