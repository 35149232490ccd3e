"""A DNS zone as a value, and what an authoritative server finds in it.

Promises: a zone is never changed, only replaced, so that a server may keep an old one; records that
no name server would load are refused with their name and type. Source: RFC 1034 section 4.3.2 (the
lookup), RFC 4592 (wildcards), RFC 2308 (negative answers). Not played: zone cuts inside a zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

DEFAULT_TTL = 300
NEGATIVE_TTL = 60
_LONGEST_TTL = 2**31 - 1


class InvalidRecord(ValueError):
    """A record that a name server would not load."""


@dataclass(frozen=True)
class Found:
    """What a zone has for a question. target: where a CNAME leads out of the zone, or None."""

    rcode: int
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    target: Name | None = None


@dataclass(frozen=True)
class Zone:
    """records: by owner and type, all below `name`."""

    name: Name
    records: Mapping[tuple[Name, RdataType], RRset] = field(default_factory=dict)

    @property
    def soa(self) -> RRset:
        return self.records[(self.name, dns.rdatatype.SOA)]

    def lookup(self, name: Name, kind: RdataType) -> Found:
        """The answer to a question about a name in this zone."""
        answer: list[RRset] = []
        while True:
            source = self._source(name)
            if source is None:
                return Found(dns.rcode.NXDOMAIN, tuple(answer), (self._negative(),))
            found = self._at(source, name, kind)
            if found is not None:
                return Found(dns.rcode.NOERROR, (*answer, found))
            alias = self._at(source, name, dns.rdatatype.CNAME)
            if alias is None:
                return Found(dns.rcode.NOERROR, tuple(answer), (self._negative(),))
            if alias in answer:
                return Found(dns.rcode.SERVFAIL)
            answer.append(alias)
            name = alias[0].target
            if not name.is_subdomain(self.name):
                return Found(dns.rcode.NOERROR, tuple(answer), target=name)

    def changed(self, records: Iterable[RRset], removed: Iterable[tuple[Name, RdataType]]) -> Zone:
        """This zone with record sets put in place and others taken out, and the next serial.

        Raises InvalidRecord.
        """
        new = {key: one for key, one in self.records.items() if key not in set(removed)}
        for one in records:
            if not one.name.is_subdomain(self.name):
                raise InvalidRecord(f"{one.name}: is not in the zone {self.name}")
            new[(one.name, one.rdtype)] = one
        if (self.name, dns.rdatatype.SOA) not in new or (self.name, dns.rdatatype.NS) not in new:
            raise InvalidRecord(f"{self.name}: a zone keeps its SOA and NS")
        _check_aliases(new)
        soa = new[(self.name, dns.rdatatype.SOA)]
        data = soa[0].replace(serial=soa[0].serial + 1)
        new[(self.name, dns.rdatatype.SOA)] = dns.rrset.from_rdata(self.name, soa.ttl, data)
        return replace(self, records=new)

    def document(self) -> dict[str, Any]:
        """The zone for JSON."""
        return {
            "name": self.name.to_text(omit_final_dot=True),
            "records": [
                {
                    "name": one.name.to_text(omit_final_dot=True),
                    "type": dns.rdatatype.to_text(one.rdtype),
                    "ttl": one.ttl,
                    "values": [data.to_text() for data in one],
                }
                for one in self.records.values()
            ],
        }

    def _source(self, name: Name) -> Name | None:
        """The owner whose records answer for a name: itself, or the wildcard that covers it."""
        owners = {owner for owner, _ in self.records}
        if any(owner.is_subdomain(name) for owner in owners):
            return name
        closest = name.parent()
        while not any(owner.is_subdomain(closest) for owner in owners):
            closest = closest.parent()
        wildcard = dns.name.Name((b"*", *closest.labels))
        return wildcard if wildcard in owners else None

    def _at(self, source: Name, name: Name, kind: RdataType) -> RRset | None:
        found = self.records.get((source, kind))
        if found is None or source == name:
            return found
        return dns.rrset.from_rdata_list(name, found.ttl, list(found))

    def _negative(self) -> RRset:
        soa = self.soa
        return dns.rrset.from_rdata(self.name, min(soa.ttl, soa[0].minimum), soa[0])


def new_zone(name: str, servers: Sequence[str], records: Iterable[RRset] = ()) -> Zone:
    """A zone with a SOA and these name servers. Raises InvalidRecord."""
    origin = owner(name)
    soa = f"{servers[0]}. hostmaster.{servers[0]}. 1 7200 900 1209600 {NEGATIVE_TTL}"
    given = {(one.name, one.rdtype): one for one in records}
    base = {
        (origin, dns.rdatatype.SOA): record_set(name, "SOA", DEFAULT_TTL, [soa]),
        (origin, dns.rdatatype.NS): record_set(
            name, "NS", DEFAULT_TTL, [f"{server}." for server in servers]
        ),
    }
    return Zone(origin, base).changed(given.values(), ())


def owner(text: Any) -> Name:
    """An absolute name. Raises InvalidRecord."""
    try:
        return dns.name.from_text(str(text)).canonicalize()
    except dns.exception.DNSException as error:
        raise InvalidRecord(f"{text}: {error}") from None


def kind_of(text: Any) -> RdataType:
    """A record type that a zone can hold. Raises InvalidRecord."""
    try:
        kind = dns.rdatatype.from_text(str(text))
    except (dns.exception.DNSException, ValueError):
        raise InvalidRecord(f"{text}: is no record type") from None
    if dns.rdatatype.is_metatype(kind):
        raise InvalidRecord(f"{text}: is no record type that a zone holds")
    return kind


def record_set(name: Any, kind: Any, ttl: Any, values: Sequence[str]) -> RRset:
    """Records of one name and type; names in values are absolute with a final dot or without.

    A TXT value without quotes is one string, cut every 255 octets. Raises InvalidRecord.
    """
    where, rdtype = owner(name), kind_of(kind)
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= _LONGEST_TTL:
        raise InvalidRecord(f"{name} {kind}: the TTL must be 0 to {_LONGEST_TTL} seconds")
    if not values:
        raise InvalidRecord(f"{name} {kind}: has no values")
    found = dns.rrset.RRset(where, dns.rdataclass.IN, rdtype)
    for value in values:
        text = _quoted(value) if rdtype == dns.rdatatype.TXT else str(value)
        try:
            data = dns.rdata.from_text(
                dns.rdataclass.IN, rdtype, text, origin=dns.name.root, relativize=False
            )
        except (dns.exception.DNSException, ValueError) as error:
            raise InvalidRecord(f"{name} {kind} {value}: {error}") from None
        found.add(data, ttl)
    return found


def _quoted(value: Any) -> str:
    text = str(value)
    if text.startswith('"'):
        return text
    raw = text.encode()
    parts = [raw[start : start + 255] for start in range(0, len(raw), 255)] or [b""]
    # Every octet as \DDD: nothing in the text is special then.
    return " ".join('"' + "".join(f"\\{octet:03d}" for octet in part) + '"' for part in parts)


def _check_aliases(records: Mapping[tuple[Name, RdataType], RRset]) -> None:
    for (name, kind), found in records.items():
        if kind != dns.rdatatype.CNAME:
            continue
        if len(found) > 1:
            raise InvalidRecord(f"{name}: has more than one CNAME")
        if any(other == name and one != kind for other, one in records):
            raise InvalidRecord(f"{name}: has a CNAME and other records")
