"""What a question about a message tells of its coming: envelope, session, verdicts. Pure.

`Given` is what one source tells: the command line, a case, the file beside a sample, the sample's
own header. Sources are laid `over` each other; what none tells is unknown where the policy knows
unknowns, and an error where it does not. The readers of single values raise ValueError with one
clause, to which the caller adds the place.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatepost.cli.explanation import Explanation, explain
from gatepost.policy import assumptions, quotas
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import TrafficPolicy
from gatepost.policy.message import Message
from gatepost.policy.rules import RuleSet
from gatepost.policy.values import Session, Verdicts
from gatepost.verdicts.results import PROCESSING_FAILED, RESULTS

# SEMANTICS of verdicts: how the results of RFC 7208 and RFC 8601 are called by the API.
VERDICTS: Final[Mapping[str, str]] = {
    **RESULTS,
    "gray": "GRAY",
    "processing_failed": PROCESSING_FAILED,
}
DMARC: Final[Mapping[str, str]] = {each.lower(): each for each in ("NONE", "QUARANTINE", "REJECT")}
TLS: Final = ("TLS1_2", "TLS1_3")
CERTIFICATE: Final = (
    "CN",
    "SAN_RFC822_NAME",
    "SAN_DNS_NAME",
    "SAN_DIRECTORY_NAME",
    "SAN_UNIFORM_RESOURCE_IDENTIFIER",
    "SAN_IP_ADDRESS",
    "SAN_REGISTERED_ID",
    "SERIAL_NUMBER",
)
_ADDRESS: Final = re.compile(r"[^@\s<>]+(?:@[^@\s<>]+)*@[^@\s<>]+")


@dataclass(frozen=True, slots=True)
class Given:
    """None where the source is silent. mail_from: "" is the null sender. tls: one of TLS; "" is
    plaintext. spf, dkim: a key of VERDICTS. dmarc: one of DMARC's values. analysis: by (analyzer
    ARN, result field)."""

    mail_from: str | None = None
    recipients: tuple[str, ...] | None = None
    source_ip: str | None = None
    helo: str | None = None
    tls: str | None = None
    client_certificate: Mapping[str, tuple[str, ...]] | None = None
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    analysis: Mapping[tuple[str, str], str | bool | float] | None = None
    address_lists: Mapping[str, AddressList] | None = None

    def over(self, other: Given) -> Given:
        """What this source tells, and the other where this one is silent."""
        return Given(
            **{
                each.name: getattr(other, each.name) if mine is None else mine
                for each in dataclasses.fields(self)
                for mine in (getattr(self, each.name),)
            }
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """A message and its coming, whole. interpreted: the verdicts that were given in a word which
    the API does not have."""

    session: Session
    message: Message
    recipients: tuple[str, ...]
    verdicts: Verdicts
    address_lists: Mapping[str, AddressList]
    interpreted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges a message. size_limit: octets. verified_domains: None where they do not
    govern. address_lists: those that the configuration binds."""

    rule_set: RuleSet
    policy: TrafficPolicy | None = None
    tls_policy: str = "OPTIONAL"
    verified_domains: frozenset[str] | None = None
    size_limit: int = quotas.MESSAGE_BYTES
    address_lists: Mapping[str, AddressList] = dataclasses.field(default_factory=dict)


def situation(given: Given, body: bytes) -> Situation:
    """body: in wire form. Raises ValueError naming the member that nothing tells."""
    for name in ("mail_from", "recipients", "source_ip", "helo"):
        if getattr(given, name) in (None, ()):
            raise ValueError(f"{name} is missing")
    tls = given.tls or None
    recipients = given.recipients or ()
    if len(recipients) > quotas.RECIPIENTS:
        raise ValueError(
            f"a message may have {quotas.RECIPIENTS} recipients, not {len(recipients)}"
        )
    return Situation(
        session=Session(
            source_ip=given.source_ip or "",
            helo=given.helo or "",
            tls_version=tls,
            client_certificate=_certificate(given.client_certificate, tls),
        ),
        message=Message(body, given.mail_from or ""),
        recipients=recipients,
        verdicts=Verdicts(
            spf=given.spf and VERDICTS[given.spf],
            dkim=given.dkim and VERDICTS[given.dkim],
            dmarc=given.dmarc,
            analysis=given.analysis or {},
        ),
        address_lists=given.address_lists or {},
        interpreted=frozenset(
            name
            for name, word in (("spf", given.spf), ("dkim", given.dkim))
            if word is not None and word.upper() not in VERDICTS.values()
        ),
    )


def _certificate(
    shown: Mapping[str, tuple[str, ...]] | None, tls: str | None
) -> Mapping[str, tuple[str, ...]] | None:
    """Without TLS a client shows no certificate; with it, what is not supplied is unknown."""
    if shown and tls is None:
        raise ValueError("client_certificate needs tls")
    return shown or (None if tls else {})


def decide(judges: Judges, given: Situation) -> Explanation:
    """What the documents do with the message."""
    made = explain(
        judges.rule_set,
        judges.policy,
        given.session,
        given.message,
        given.recipients,
        verdicts=given.verdicts,
        address_lists={**judges.address_lists, **given.address_lists},
        tls_policy=judges.tls_policy,
        verified_domains=judges.verified_domains,
        size_limit=judges.size_limit,
    )
    if given.interpreted & judges.rule_set.needs:
        made = dataclasses.replace(made, beforehand=(assumptions.RESULTS,))
    return made


def wire_form(content: bytes) -> bytes:
    """A message as a file has it, as it would come by SMTP: CRLF, dot-stuffed."""
    if not content:
        return b""
    lines = content.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)


def sender(text: str) -> str:
    return "" if text in ("", "<>") else address(text)


def address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not a mail address")
    return text


def source_ip(text: str) -> str:
    """IPv4-mapped IPv6 comes out as IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(found)


def verdict(word: str) -> str:
    """A key of VERDICTS."""
    _choice(word, VERDICTS)
    return word.lower()


def dmarc(word: str) -> str:
    return _choice(word, DMARC)


def _choice(word: str, known: Mapping[str, str]) -> str:
    found = known.get(word.lower())
    if found is None:
        raise ValueError(f"must be one of {', '.join(known)}, not {word!r}")
    return found


def certificate(shown: Mapping[str, Sequence[Any]]) -> Mapping[str, tuple[str, ...]]:
    for attribute, values in shown.items():
        if attribute not in CERTIFICATE:
            raise ValueError(f"{attribute!r} is not one of {', '.join(CERTIFICATE)}")
        if not all(isinstance(each, str) for each in values):
            raise ValueError(f"{attribute} must be strings; quote them")
    return {attribute: tuple(values) for attribute, values in shown.items()}
