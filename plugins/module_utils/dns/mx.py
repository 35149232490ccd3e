# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moving the MX of a domain in Route 53, and moving it back.

What the MX was is kept in a TXT record beside it, written in the same batch as the MX: Route 53
applies a batch whole or not at all, so there is no moment at which the old value is nowhere. The
record also says where the MX was moved to, so that an MX which somebody else has moved since is
neither restored over nor taken for the old one.
Source: Route 53 API reference, ChangeResourceRecordSets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import route53
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Zone
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.providers import canonical_domain
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

KEPT = "_gatepost-mx"
UNKNOWN = "(not known yet)"
_RECORD = re.compile(r"v=gatepost1; ttl=(\d*); mx=([^;]*); to=([^;]*)")

Document = dict[str, Any]


@dataclass(frozen=True)
class Mx:
    """values: "10 mx.example.com", in order. ttl: seconds. sets: the record set as it came."""

    values: tuple[str, ...]
    ttl: int | None
    found: Mapping[str, Any] | None = None

    @property
    def hosts(self) -> set[str]:
        return {value.split()[1] for value in self.values}


@dataclass(frozen=True)
class Kept:
    """What the MX was before it was moved to the hosts `to`."""

    values: tuple[str, ...]
    ttl: int | None
    to: tuple[str, ...]

    def text(self) -> str:
        ttl = "" if self.ttl is None else self.ttl
        return f"v=gatepost1; ttl={ttl}; mx={', '.join(self.values)}; to={', '.join(self.to)}"


@dataclass(frozen=True)
class Wanted:
    domain: str
    present: bool
    hosts: tuple[str, ...]
    preference: int
    ttl: int
    zone: str | None


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    try:
        domain = canonical_domain(options["domain"])
    except ValueError as error:
        raise BadOption("domain", str(error)) from None
    hosts = []
    for index, host in enumerate(options.get("hosts") or ()):
        # In check mode the gateway may not have a name yet.
        if host in ("", "None"):
            continue
        try:
            hosts.append(canonical_domain(host))
        except ValueError as error:
            raise BadOption(f"hosts[{index}]", str(error)) from None
    for name, most in (("preference", 65535), ("ttl", 604800)):
        if not 0 <= options[name] <= most:
            raise BadOption(name, f"is not from 0 to {most}")
    return Wanted(
        domain=domain,
        present=options["state"] == "present",
        hosts=tuple(sorted(set(hosts))),
        preference=options["preference"],
        ttl=options["ttl"],
        zone=(options.get("hosted_zone_id") or "").rpartition("/")[2] or None,
    )


def parse(texts: Sequence[str], where: str) -> Kept | None:
    """The kept value among the texts of its record. Pure. Raises GatepostError if it is odd."""
    if not texts:
        return None
    found = _RECORD.fullmatch(texts[0]) if len(texts) == 1 else None
    if found is None:
        raise GatepostError(f"TXT {where} is not as it was written; mend or delete it")
    ttl, values, to = found.groups()
    return Kept(_listed(values), int(ttl) if ttl else None, _listed(to))


def moved(want: Wanted, now: Mx, kept: Kept | None) -> tuple[Mx, Kept | None]:
    """The MX and the kept value that should stand once the MX is at the gateway. Pure."""
    hosts = want.hosts or (UNKNOWN,)
    target = Mx(tuple(f"{want.preference} {host}" for host in hosts), want.ttl)
    if now.hosts == set(hosts):
        return target, kept
    if kept is not None and now.hosts == set(kept.to):
        # From one gateway to the next: what stood before the first is what is kept.
        return target, Kept(kept.values, kept.ttl, hosts)
    return target, Kept(now.values, now.ttl, hosts)


def restored(want: Wanted, now: Mx, kept: Kept | None) -> tuple[Mx, Kept | None]:
    """The MX that should stand once the old one is back. Pure. Raises GatepostError."""
    if kept is None:
        return now, None
    old = Mx(kept.values, kept.ttl)
    if now.hosts not in (set(kept.to), old.hosts):
        raise GatepostError(
            f"MX {want.domain} is {', '.join(now.values) or 'absent'}, which is neither where it "
            f"was moved to ({', '.join(kept.to)}) nor what it was ({', '.join(kept.values)}): "
            f"somebody has moved it since. Nothing was changed; delete TXT {KEPT}.{want.domain} "
            "if that is right"
        )
    return old, None


def batch(
    domain: str, before: tuple[Mx, Kept | None], after: tuple[Mx, Kept | None], txt: Any
) -> list[Document]:
    """The changes, for one request. txt: the record set of the kept value, or None. Pure."""
    (now, kept), (then, keep) = before, after
    changes: list[Document] = []
    if (now.values, now.ttl) != (then.values, then.ttl):
        if then.values:
            changes.append(_upsert(domain, "MX", then.values, then.ttl))
        elif now.found is not None:
            changes.append({"Action": "DELETE", "ResourceRecordSet": now.found})
    if keep is not None and keep != kept:
        text = route53.quoted(keep.text())
        changes.append(_upsert(f"{KEPT}.{domain}", "TXT", [text], route53.TTL))
    elif keep is None and kept is not None:
        changes.append({"Action": "DELETE", "ResourceRecordSet": txt})
    return changes


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    service = services["route53"]
    zone = route53.zone_of(want.domain, route53.zones(service), want.zone)
    now, kept, txt = _read(want.domain, zone, services)
    then, keep = (moved if want.present else restored)(want, now, kept)
    change = reconcile.change(_shown(now, kept), _shown(then, keep))
    changes = batch(want.domain, (now, kept), (then, keep), txt)
    lacking = want.present and not want.hosts
    return Plan(
        title=f"MX of {want.domain}",
        change=change,
        predicted=_result(want.domain, zone, then, keep),
        read=lambda: _result(want.domain, zone, *_read(want.domain, zone, services)[:2]),
        steps=(lambda: route53.apply(service, zone, changes),) if changes else (),
        missing=("hosts: there is no host that the MX could point at",) if lacking else (),
    )


def _read(domain: str, zone: Zone, services: Services) -> tuple[Mx, Kept | None, Any]:
    service = services["route53"]
    mx = route53.standing(service, zone, route53.Record(type="MX", name=domain, value=""))
    name = f"{KEPT}.{domain}"
    txt = route53.standing(service, zone, route53.Record(type="TXT", name=name, value=""))
    found = mx.found
    if found is not None and ("AliasTarget" in found or "SetIdentifier" in found):
        raise GatepostError(f"MX {domain} is an alias or has a routing policy; move it yourself")
    values = sorted(mx.values, key=lambda value: (int(value.split()[0]), value))
    return Mx(tuple(values), (found or {}).get("TTL"), found), parse(txt.values, name), txt.found


def _shown(mx: Mx, kept: Kept | None) -> Document:
    return {
        "mx": list(mx.values),
        "ttl": mx.ttl if mx.values else None,
        "previous": list(kept.values) if kept else None,
    }


def _result(domain: str, zone: Zone, mx: Mx, kept: Kept | None) -> Document:
    return {"record": {"domain": domain, "hosted_zone_id": zone.id, **_shown(mx, kept)}}


def _upsert(name: str, kind: str, values: Sequence[str], ttl: int | None) -> Document:
    return {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": name,
            "Type": kind,
            "TTL": route53.TTL if ttl is None else ttl,
            "ResourceRecords": [{"Value": value} for value in values],
        },
    }


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())
