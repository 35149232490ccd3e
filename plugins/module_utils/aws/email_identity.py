# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Email identities of domains: Easy DKIM, its records in the DNS, and verification that follows.

Mail Manager attempts no delivery to a recipient whose domain is not a verified identity.
Source: SES developer guide, "SMTP relay" (note on inbound relays), "Verified identities".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms, route53
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    printable,
    tag_list,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Record, Zone
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    NotFound,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_HOSTED = "dkim.amazonses.com"

Document = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    domain: str
    present: bool
    route53: bool
    zone: str | None
    tags: dict[str, str] | None
    purge_tags: bool
    wait: bool
    timeout: int


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    domain = options["domain"].rstrip(".").lower()
    if not _DOMAIN.fullmatch(domain):
        raise BadOption("domain", f"is not a domain name: {options['domain']!r}")
    if options.get("hosted_zone_id") and options["publish_dns"] != "route53":
        raise BadOption("hosted_zone_id", "is for publish_dns=route53 alone")
    return Wanted(
        domain=domain,
        present=options["state"] == "present",
        route53=options["publish_dns"] == "route53",
        zone=(options.get("hosted_zone_id") or "").rpartition("/")[2] or None,
        tags=given.tags(options.get("tags")),
        purge_tags=options["purge_tags"],
        wait=options["wait"],
        timeout=options["wait_timeout"],
    )


def records(domain: str, document: Document) -> list[Record]:
    """The DKIM records to publish: one CNAME a token."""
    dkim = document.get("DkimAttributes", {})
    hosted = dkim.get("SigningHostedZone") or _HOSTED
    return [
        Record(f"{token}._domainkey.{domain}", "CNAME", f"{token}.{hosted}")
        for token in dkim.get("Tokens", [])
    ]


def is_verified(document: Document) -> bool:
    return bool(document.get("VerifiedForSendingStatus"))


def get(domain: str, services: Services) -> Document | None:
    try:
        return services["sesv2"].call("get_email_identity", EmailIdentity=domain)
    except NotFound:
        return None


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    current = get(want.domain, services)
    zone = _zone(want, services) if want.route53 and (current or want.present) else None
    found = records(want.domain, current or {})
    standing = [
        each for each in found if zone and route53.published(services["route53"], zone, each)
    ]
    before = _shown(want.domain, current, zone, standing)
    if not want.present:
        return _removal(want, current, before, zone, standing, services)
    tags = (before or {}).get("tags", {})
    desired: Document = {
        "domain": want.domain,
        "tags": tags if want.tags is None else reconcile.tags(tags, want.tags, want.purge_tags),
        "dkim_signing": True,
    }
    if zone:
        desired["published"] = _names(found) if current else "the DKIM records"
    change = reconcile.change(before, desired)
    return Plan(
        title=f"email identity {want.domain}",
        change=change,
        predicted=_result(want.domain, current, change.after or {}),
        read=lambda: read(want, zone, services),
        steps=tuple(_steps(want, current, change, zone, services)),
    )


def _steps(
    want: Wanted,
    current: Document | None,
    change: reconcile.Change,
    zone: Zone | None,
    services: Services,
) -> list[Callable[[], object]]:
    ses = services["sesv2"]
    steps: list[Callable[[], object]] = []
    if current is None:
        request: Document = {"EmailIdentity": want.domain}
        if change.members["tags"]:
            request["Tags"] = tag_list(change.members["tags"])
        steps.append(lambda: ses.call("create_email_identity", **request))
    elif change.differs("dkim_signing"):
        signing = {"EmailIdentity": want.domain, "SigningEnabled": True}
        steps.append(lambda: ses.call("put_email_identity_dkim_attributes", **signing))
    if zone is not None and change.differs("published"):
        steps.append(lambda: _publish(want.domain, zone, services))
    if current is not None and change.differs("tags"):
        steps += _tagging(want.domain, change, services)
    if want.wait and not (current and is_verified(current)):
        steps.append(lambda: _verified(want, services))
    return steps


def _tagging(
    domain: str, change: reconcile.Change, services: Services
) -> list[Callable[[], object]]:
    ses = services["sesv2"]
    put, removed = reconcile.tag_steps((change.before or {})["tags"], change.members["tags"])
    steps: list[Callable[[], object]] = []
    if removed:
        steps.append(
            lambda: ses.call("untag_resource", ResourceArn=_arn(domain, services), TagKeys=removed)
        )
    if put:
        steps.append(
            lambda: ses.call("tag_resource", ResourceArn=_arn(domain, services), Tags=tag_list(put))
        )
    return steps


def _arn(domain: str, services: Services) -> str:
    scope = kms.scope(services)
    return f"arn:{scope.partition}:ses:{services['sesv2'].region}:{scope.account}:identity/{domain}"


def _publish(domain: str, zone: Zone, services: Services) -> None:
    wanted_records = records(domain, get(domain, services) or {})
    service = services["route53"]
    absent = [each for each in wanted_records if not route53.published(service, zone, each)]
    if absent:
        route53.put(service, zone, absent)


def _verified(want: Wanted, services: Services) -> None:
    def verified(document: Document | None) -> bool:
        if document is None:
            raise GatepostError(f"email identity {want.domain} was deleted while it was waited for")
        if document.get("DkimAttributes", {}).get("Status") == "FAILED":
            raise GatepostError(
                f"email identity {want.domain}: SES gave up looking for its DKIM records; publish "
                "them, delete the identity and create it again"
            )
        return is_verified(document)

    until(
        f"email identity {want.domain}: verified (are its DKIM records in the DNS?)",
        lambda: get(want.domain, services),
        verified,
        want.timeout,
    )


def _removal(
    want: Wanted,
    current: Document | None,
    before: Document | None,
    zone: Zone | None,
    standing: list[Record],
    services: Services,
) -> Plan:
    steps: list[Callable[[], object]] = []
    if current is not None:
        if zone is not None and standing:
            steps.append(lambda: route53.remove(services["route53"], zone, standing))
        steps.append(
            lambda: services["sesv2"].call("delete_email_identity", EmailIdentity=want.domain)
        )
    nothing = {"identity": None, "document": None}
    return Plan(
        title=f"email identity {want.domain}",
        change=reconcile.change(before, None),
        predicted=nothing,
        read=lambda: nothing,
        steps=tuple(steps),
    )


def _zone(want: Wanted, services: Services) -> Zone:
    return route53.zone_of(want.domain, route53.zones(services["route53"]), want.zone)


def _names(found: list[Record]) -> list[str]:
    return [each.name for each in found]


def _shown(
    domain: str, current: Document | None, zone: Zone | None, standing: list[Record]
) -> Document | None:
    if current is None:
        return None
    shown: Document = {
        "domain": domain,
        "tags": {tag["Key"]: tag["Value"] for tag in current.get("Tags", [])},
        "dkim_signing": bool(current.get("DkimAttributes", {}).get("SigningEnabled")),
    }
    return {**shown, "published": _names(standing)} if zone else shown


def read(want: Wanted, zone: Zone | None, services: Services) -> Document:
    """What the module returns once all is done."""
    document = get(want.domain, services)
    found = records(want.domain, document or {})
    return _result(want.domain, document, _shown(want.domain, document, zone, found) or {})


def _result(domain: str, document: Document | None, shown: Mapping[str, Any]) -> Document:
    dkim = (document or {}).get("DkimAttributes", {})
    identity = {
        **shown,
        "domain": domain,
        "verified": is_verified(document or {}),
        "dkim_status": dkim.get("Status"),
        "dkim_records": [each._asdict() for each in records(domain, document or {})],
    }
    return {"identity": identity, "document": printable(document)}


def info(options: Mapping[str, Any], services: Services) -> Document:
    """For the `_info` twin: the identity of one domain, or of all."""
    domains = [options["domain"].rstrip(".").lower()] if options.get("domain") else _all(services)
    found = [(domain, get(domain, services)) for domain in domains]
    results = [
        _result(domain, document, _shown(domain, document, None, []) or {})
        for domain, document in found
        if document is not None
    ]
    return {
        "identities": [each["identity"] for each in results],
        "documents": [each["document"] for each in results],
    }


def _all(services: Services) -> list[str]:
    listed = services["sesv2"].all("list_email_identities", "EmailIdentities")
    return [each["IdentityName"] for each in listed if each["IdentityType"] == "DOMAIN"]
