# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Route 53, as far as records for a domain are published there.

What stands in a zone is compared with what should, and a record that somebody else put there is
never overwritten unawares. Calls rename only; the choice of a zone and of the changes is pure.
Source: Route 53 API reference, ChangeResourceRecordSets; RFC 7208, section 4.5 (one SPF record).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    Ambiguous,
    GatepostError,
    Missing,
)

TTL = 300
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)

Change = dict[str, Any]


class Record(NamedTuple):
    """A record with one value, a text without quotes. Names have no final dot."""

    type: str
    name: str
    value: str

    @property
    def title(self) -> str:
        return f"{self.type} {self.name}"


class Zone(NamedTuple):
    id: str
    name: str


class Standing(NamedTuple):
    """What a zone holds at a record's name and type: values as texts, and the set as it came."""

    values: tuple[str, ...] = ()
    found: dict[str, Any] | None = None


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


def standing(service: Service, zone: Zone, record: Record) -> Standing:
    """What the zone holds where the record belongs."""
    page = service.call(
        "list_resource_record_sets",
        HostedZoneId=zone.id,
        StartRecordName=record.name,
        StartRecordType=record.type,
        MaxItems="1",
    )
    for found in page["ResourceRecordSets"]:
        if (_plain(found["Name"]), found["Type"]) == (record.name.lower(), record.type):
            values = [each["Value"] for each in found.get("ResourceRecords", [])]
            return Standing(tuple(_text(value, record.type) for value in values), found)
    return Standing()


def stands(record: Record, now: Standing) -> bool:
    """Whether the record is published: alone, or as one text among others. Pure."""
    if record.type == "TXT":
        return record.value in now.values
    return now.values == (_plain(record.value),)


def after(record: Record, now: Standing, overwrite: bool) -> tuple[str, ...]:
    """The values that should stand then. Pure. Raises GatepostError for a foreign record."""
    if stands(record, now) or now.found is None:
        return now.values or (record.value,)
    # Texts of another kind may stand beside ours; of our kind there can be only one.
    plain = "AliasTarget" not in now.found and "SetIdentifier" not in now.found
    kind = record.value.partition(" ")[0].rstrip(";").lower()
    others = tuple(each for each in now.values if not each.lower().startswith(kind))
    if record.type == "TXT" and plain and (overwrite or others == now.values):
        return (*others, record.value)
    if overwrite and plain:
        return (record.value,)
    held = ", ".join(now.values) or "a set with a routing policy or an alias"
    mend = "; or set overwrite_dns=true" if plain else ""
    raise GatepostError(
        f"publish_dns: {record.title} is {held}, which is not ours to overwrite; take it out, or "
        f"publish {record.value} yourself{mend}"
    )


def publication(record: Record, now: Standing, overwrite: bool) -> Change | None:
    """The change that publishes a record, None if it stands. Pure. Raises GatepostError.

    A record is created, never put, where none was seen, so that one which came in between stays.
    """
    if stands(record, now):
        return None
    values = after(record, now, overwrite)
    ttl = now.found.get("TTL", TTL) if now.found else TTL
    return _change("UPSERT" if now.found else "CREATE", record, values, ttl)


def withdrawal(record: Record, now: Standing) -> Change | None:
    """The change that takes a record away, None if it does not stand. Pure."""
    if now.found is None or not stands(record, now):
        return None
    others = tuple(value for value in now.values if value != record.value)
    if record.type == "TXT" and others:
        return _change("UPSERT", record, others, now.found.get("TTL", TTL))
    # A set is deleted by telling it whole.
    return {"Action": "DELETE", "ResourceRecordSet": now.found}


def apply(service: Service, zone: Zone, changes: Sequence[Change]) -> None:
    """All of them or none."""
    if changes:
        service.call(
            "change_resource_record_sets",
            HostedZoneId=zone.id,
            ChangeBatch={"Changes": list(changes)},
        )


def _change(action: str, record: Record, values: Sequence[str], ttl: int) -> Change:
    spelled = [quoted(value) if record.type == "TXT" else value for value in values]
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": record.name,
            "Type": record.type,
            "TTL": ttl,
            "ResourceRecords": [{"Value": value} for value in spelled],
        },
    }


def quoted(text: str) -> str:
    """A text as Route 53 takes it: strings of at most 255 characters."""
    parts = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + re.sub(r'(["\\])', r"\\\1", part) + '"' for part in parts)


def _text(value: str, kind: str) -> str:
    """A value as it compares."""
    if kind != "TXT":
        return _plain(value)
    joined = "".join(_QUOTED.findall(value))
    return _ESCAPED.sub(lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else m[1], joined)


def _plain(name: str) -> str:
    return " ".join(name.split()).rstrip(".").lower()
