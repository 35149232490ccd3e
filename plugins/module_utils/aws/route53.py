# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Route 53, as far as records for a domain are published there. Calls and renames; the choice of a
zone is pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service
from ansible_collections.gatepost.mail.plugins.module_utils.errors import Ambiguous, Missing

TTL = 300


class Record(NamedTuple):
    """A record with one value. Names have no final dot."""

    name: str
    type: str
    value: str


class Zone(NamedTuple):
    id: str
    name: str


def zones(service: Service) -> list[Zone]:
    """The public hosted zones of the account."""
    found = service.all("list_hosted_zones", "HostedZones", ("Marker", "NextMarker"))
    return [
        Zone(each["Id"].rpartition("/")[2], each["Name"].rstrip(".").lower())
        for each in found
        if not each.get("Config", {}).get("PrivateZone", False)
    ]


def zone_of(domain: str, known: Iterable[Zone], wanted: str | None = None) -> Zone:
    """The zone in which a domain's records belong: the named one, else the nearest. Pure.

    Raises Missing, Ambiguous.
    """
    known = list(known)
    if wanted is not None:
        for each in known:
            if each.id == wanted:
                return each
        raise Missing(f"hosted_zone_id: there is no public hosted zone {wanted}")
    fitting = [each for each in known if domain == each.name or domain.endswith(f".{each.name}")]
    if not fitting:
        raise Missing(f"publish_dns: there is no public hosted zone for {domain}")
    longest = max(len(each.name) for each in fitting)
    nearest = [each for each in fitting if len(each.name) == longest]
    if len(nearest) > 1:
        raise Ambiguous("hosted zone", nearest[0].name, [each.id for each in nearest])
    return nearest[0]


def published(service: Service, zone: Zone, record: Record) -> bool:
    """Whether the zone holds the record, with this value alone."""
    page = service.call(
        "list_resource_record_sets",
        HostedZoneId=zone.id,
        StartRecordName=record.name,
        StartRecordType=record.type,
        MaxItems="1",
    )
    for found in page["ResourceRecordSets"]:
        if (_plain(found["Name"]), found["Type"]) == (record.name.lower(), record.type):
            values = [_plain(each["Value"]) for each in found.get("ResourceRecords", [])]
            return values == [record.value.lower()]
    return False


def put(service: Service, zone: Zone, records: Sequence[Record]) -> None:
    _change(service, zone, "UPSERT", records)


def remove(service: Service, zone: Zone, records: Sequence[Record]) -> None:
    """Only records that stand exactly so can be removed."""
    _change(service, zone, "DELETE", records)


def _change(service: Service, zone: Zone, action: str, records: Sequence[Record]) -> None:
    changes = [
        {
            "Action": action,
            "ResourceRecordSet": {
                "Name": record.name,
                "Type": record.type,
                "TTL": TTL,
                "ResourceRecords": [{"Value": record.value}],
            },
        }
        for record in records
    ]
    service.call(
        "change_resource_record_sets", HostedZoneId=zone.id, ChangeBatch={"Changes": changes}
    )


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
