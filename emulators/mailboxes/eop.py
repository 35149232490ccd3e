"""What Exchange Online decides about a message by the settings it holds. Pure functions of values.

Documented: which connector a message belongs to and what its restrictions refuse ("Set up
connectors for secure mail flow with a partner organization"); that the allow list skips spam
filtering (IPV:CAL, SCL -1); that enhanced filtering judges the true origin instead of the
connecting address and leaves its two headers; that "SPF record: hard fail" makes high confidence
spam.
Chosen, where nothing is documented: with enhanced filtering the allow list is asked about the
origin; RFC 1918 addresses are never an origin; of several connectors the one whose address or
certificate fits comes first, then the one whose domain is closest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from emulators.exchange_online.addresses import covers, matches_domain
from emulators.mailboxes.senders import Alignment, Senders, alignment, spf
from emulators.mailboxes.stamps import Client, received_addresses

Object = Mapping[str, Any]
_PRIVATE = tuple(ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Where a message that is spam goes, by the action; and its status in the message trace.
_ACTIONS = {
    "MoveToJmf": ("junk", "FilteredAsSpam"),
    "Quarantine": (None, "Quarantined"),
    "Delete": (None, "FilteredAsSpam"),
}


@dataclass(frozen=True)
class Settings:
    """The objects in force: as the cmdlets show them."""

    connection_filter: Object
    content_filters: Sequence[Object]
    content_rules: Sequence[Object]
    connectors: Sequence[Object]


@dataclass(frozen=True)
class Verdict:
    """What became of one message for one recipient.

    connector: the name of the one it is attributed to, or "". origin: the address that enhanced
    filtering found, or "". judged: the address that spam filtering looked at. custom_spam: an
    X-CustomSpam value or "". folder: None keeps it out of the mailbox.
    """

    connector: str
    origin: str
    judged: str
    ipv: str
    sfv: str
    scl: int
    category: str
    spf: str
    dmarc: Alignment | None
    custom_spam: str
    folder: str | None
    status: str


def refusal(settings: Settings, client: Client, mail_from: str) -> str | None:
    """The reply that ends a transaction by the connection filter and the connectors, or None."""
    if any(covers(one, client.address) for one in settings.connection_filter["IPBlockList"]):
        return (
            f"550 5.7.1 Service unavailable; Client host [{client.address}] blocked using Customer "
            "Block list (AS16012611)"
        )
    connector = attributed(settings.connectors, client, mail_from)
    if connector is not None:
        if connector["RequireTls"] and client.tls is None:
            return "530 5.7.10 STARTTLS is required to send mail"
        return None
    domain = mail_from.rpartition("@")[2]
    for one in _of(settings.connectors, domain):
        if one["RestrictDomainsToIPAddresses"] or one["RestrictDomainsToCertificate"]:
            return (
                "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that "
                "matched the message's recipient domain. The connector had either the "
                "RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set"
            )
    return None


def attributed(connectors: Sequence[Object], client: Client, mail_from: str) -> Object | None:
    """The inbound connector that a message belongs to, or None."""
    domain = mail_from.rpartition("@")[2]
    best: tuple[tuple[bool, int], Object] | None = None
    for one in _of(connectors, domain):
        known = bool(one["SenderIPAddresses"]) or bool(one["TlsSenderCertificateName"])
        if known and not _identified(one, client):
            continue
        if not known and one["ConnectorType"] != "Partner":
            continue
        rank = (known, _closeness(one, domain))
        if best is None or rank > best[0]:
            best = (rank, one)
    return best[1] if best else None


def judge(
    settings: Settings,
    senders: Senders,
    message: bytes,
    client: Client,
    mail_from: str,
    rcpt_to: str,
) -> Verdict:
    """Judge a message that was not refused, for one recipient."""
    connector = attributed(settings.connectors, client, mail_from)
    origin = _origin(connector, message, client, rcpt_to)
    judged = origin or client.address
    domain = mail_from.rpartition("@")[2] or client.helo
    result = spf(senders, judged, domain)
    dmarc = alignment(senders, message, domain, result)
    known: dict[str, Any] = {
        "connector": connector["Name"] if connector else "",
        "origin": origin,
        "judged": judged,
        "spf": result,
        "dmarc": dmarc,
    }
    allowed = any(covers(one, judged) for one in settings.connection_filter["IPAllowList"])
    if allowed:
        return Verdict(**known, **_clean("CAL", -1))
    policy = _policy(settings, rcpt_to)
    if result == "fail" and policy["MarkAsSpamSpfRecordHardFail"] == "On":
        spam = _spam(policy["HighConfidenceSpamAction"], 9, "HSPM")
        return Verdict(**known, **spam, custom_spam="SPF Record Fail")
    if dmarc is not None and not dmarc.passed and dmarc.policy != "none":
        return Verdict(**known, **_spam(policy["SpamAction"], 5, "SPOOF"), custom_spam="")
    return Verdict(**known, **_clean("NLI", 1))


def _clean(ipv: str, scl: int) -> dict[str, Any]:
    return {
        "ipv": ipv,
        "sfv": "NSPM",
        "scl": scl,
        "category": "NONE",
        "custom_spam": "",
        "folder": "inbox",
        "status": "Delivered",
    }


def _spam(action: str, scl: int, category: str) -> dict[str, Any]:
    folder, status = _ACTIONS.get(action, ("inbox", "Delivered"))
    return {
        "ipv": "NLI",
        "sfv": "SPM",
        "scl": scl,
        "category": category,
        "folder": folder,
        "status": status,
    }


def _of(connectors: Sequence[Object], domain: str) -> list[Object]:
    """The enabled connectors whose sender domains hold a domain; the null sender's is "*"."""
    return [one for one in connectors if one["Enabled"] and _closeness(one, domain) >= 0]


def _closeness(connector: Object, domain: str) -> int:
    found = [matches_domain(one, domain) for one in connector["SenderDomains"]]
    return max((one for one in found if one is not None), default=-1)


def _identified(connector: Object, client: Client) -> bool:
    """Whether the client is who the connector is for: by its certificate, else by its address."""
    name = connector["TlsSenderCertificateName"]
    if name:
        return any(
            shown.lower() == name.lower()
            or (name.startswith("*.") and shown.lower().endswith(name[1:].lower()))
            for shown in client.certificate
        )
    return any(covers(one, client.address) for one in connector["SenderIPAddresses"])


def _origin(connector: Object | None, message: bytes, client: Client, rcpt_to: str) -> str:
    """The address that enhanced filtering takes for the message's origin, or ""."""
    if connector is None or connector["EFTestMode"]:
        return ""
    users = [one.lower() for one in connector["EFUsers"] or ()]
    if users and rcpt_to.lower() not in users:
        return ""
    path = [client.address, *received_addresses(message)]
    if connector["EFSkipLastIP"]:
        path = path[1:]
    elif connector["EFSkipIPs"]:
        while path and any(covers(one, path[0]) for one in connector["EFSkipIPs"]):
            path = path[1:]
        if path and path[0] == client.address:
            return ""
    else:
        return ""
    return next((one for one in path if not any(ip_address(one) in net for net in _PRIVATE)), "")


def _policy(settings: Settings, rcpt_to: str) -> Object:
    """The content filter policy in force for a recipient."""
    by_name = {one["Name"]: one for one in settings.content_filters}
    for rule in sorted(settings.content_rules, key=lambda one: one["Priority"]):
        if rule["State"] == "Enabled" and _applies(rule, rcpt_to.lower()):
            return by_name[rule["HostedContentFilterPolicy"]]
    return next(one for one in settings.content_filters if one["IsDefault"])


def _applies(rule: Object, recipient: str) -> bool:
    domain = recipient.rpartition("@")[2]

    def holds(users: str, domains: str) -> bool:
        listed = {one.lower() for one in rule[users] or ()}
        return recipient in listed or domain in (rule[domains] or ())

    excepted = holds("ExceptIfSentTo", "ExceptIfRecipientDomainIs")
    return holds("SentTo", "RecipientDomainIs") and not excepted
