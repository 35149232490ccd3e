# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one message delivered by Microsoft 365, and its trace, prove about the settings. Pure.

Only what Microsoft wrote is looked at: the topmost Received field by a host of its front door that
took the message from outside, and the topmost of each X-field; a sender can forge fields below.
- Enhanced filtering worked: X-MS-Exchange-SkipListedInternetSender and
  X-MS-Exchange-ExternalOriginalInternetSender name an address outside the gateway's ranges.
- The allow list matched: IPV:CAL. With enhanced filtering on it may be missing, which proves
  nothing; SFV:SKA is the sender allow list, not this one.
- X-CustomSpam: SPF Record Fail: an SPF hard fail is on in the policy that judged the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from ipaddress import ip_address, ip_network
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.mail.hops import Hop, hop
from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import Finding

SKIPPED = "X-MS-Exchange-SkipListedInternetSender"
ORIGINAL = "X-MS-Exchange-ExternalOriginalInternetSender"
REPORT = "X-Forefront-Antispam-Report"
CUSTOM_SPAM = "X-CustomSpam"
_MICROSOFT = re.compile(r"(^|\.)(outlook\.com|office365\.us|apps\.mil|outlook\.cn)$", re.I)
_IP = re.compile(r"ip=\[([0-9A-Fa-f.:]+)\]", re.I)
_SPF = re.compile(r"(?:^|[;\s])spf=(\w+)", re.I)
_CONNECTOR = re.compile(r"S:InboundConnectorData=(?:[^;]*?)Name=([^;]*)", re.I)
TOPICS = ("ip_allow_list", "spf_hard_fail", "connector", "require_tls", "skip_last_ip")


@dataclass(frozen=True)
class MessageProof:
    """findings: by setting (TOPICS). connecting_ip: who Microsoft took the message from.
    original_ip: where it says the message came from. tls: such as TLSv1.3, or "". report: the
    anti-spam report's values. spf: Microsoft's result, or None.
    """

    findings: dict[str, Finding]
    connecting_ip: str | None = None
    original_ip: str | None = None
    tls: str = ""
    report: Mapping[str, str] | None = None
    spf: str | None = None

    @property
    def proved(self) -> bool:
        """Through the gateway with TLS, and its address was skipped."""
        return self.findings["skip_last_ip"].holds is True and bool(self.tls)


def judge_message(raw: bytes, gateways: Sequence[str]) -> MessageProof:
    """Judge a delivered message, raw as Graph gives it, by the gateways' CIDR ranges.

    A message that Microsoft did not take, or not from a gateway, says nothing; it is no error.
    """
    message = BytesHeaderParser().parsebytes(raw)
    entry = _entry(message)
    if entry is None:
        return MessageProof(_silent("no server of Microsoft's took this message from outside"))
    report = _report(message)
    original = _ip(message, ORIGINAL)
    results = str(message.get("Authentication-Results", ""))
    found = _SPF.search(results) or _SPF.search(f"spf={message.get('Received-SPF', '')}")
    spf = found[1].lower() if found else None
    known = {"connecting_ip": entry.address, "tls": entry.tls, "report": report, "spf": spf}
    if not _inside(entry.address, gateways):
        told = f"the message came from {entry.address or 'an unknown address'}, not the gateway"
        return MessageProof(_silent(told), original_ip=original, **known)
    findings = {
        "ip_allow_list": _allowed(report, entry),
        "spf_hard_fail": _hard_fail(message, spf),
        "connector": Finding(None, "a message does not name its connector; its trace does"),
        "require_tls": _secured(entry),
        "skip_last_ip": _skipped(message, original, gateways, entry),
    }
    return MessageProof(findings, original_ip=original, **known)


def judge_trace(details: Iterable[Mapping[str, Any]], connector: str) -> Finding:
    """Whether the message trace's details attribute a message to the connector."""
    names = [
        match[1].strip()
        for one in details
        if str(one.get("Event", "")).upper() == "RECEIVE"
        and (match := _CONNECTOR.search(str(one.get("Data", ""))))
    ]
    if not names:
        return Finding(None, "the message trace does not say which connector was used")
    told = f"the message trace attributes the message to connector {names[-1]}"
    return Finding(names[-1].lower() == connector.lower(), told)


def _entry(message: Message) -> Hop | None:
    for value in message.get_all("Received", []):
        found = hop(" ".join(str(value).split()))
        if not _MICROSOFT.search(found.received_by):
            return None
        if not _MICROSOFT.search(found.sent_by) and found.address:
            return found
    return None


def _allowed(report: Mapping[str, str], entry: Hop) -> Finding:
    if report.get("IPV") == "CAL":
        return Finding(True, f"IPV:CAL: {entry.address} is on the IP allow list")
    told = f"IPV:{report['IPV']}" if report.get("IPV") else "no IPV"
    return Finding(None, f"{told}: with enhanced filtering the allow list may go unmentioned")


def _hard_fail(message: Message, spf: str | None) -> Finding:
    custom = str(message.get(CUSTOM_SPAM, ""))
    if "spf record fail" in custom.lower():
        return Finding(True, f"{CUSTOM_SPAM}: {custom}: an SPF hard fail made it spam")
    if spf == "fail":
        return Finding(False, f"SPF failed, and there is no {CUSTOM_SPAM}")
    return Finding(None, f"SPF: {spf or 'no result'}; only a message that fails SPF would tell")


def _secured(entry: Hop) -> Finding:
    if not entry.tls:
        return Finding(False, f"taken from {entry.address} without TLS")
    return Finding(None, f"taken with {entry.tls}; that TLS is required: not seen")


def _skipped(
    message: Message, original: str | None, gateways: Sequence[str], entry: Hop
) -> Finding:
    skipped = _ip(message, SKIPPED)
    if skipped is None or original is None:
        absent = SKIPPED if skipped is None else ORIGINAL
        return Finding(False, f"there is no {absent}: {entry.address} was taken for the origin")
    inside = next((one for one in (skipped, original) if _inside(one, gateways)), None)
    if inside is not None:
        return Finding(False, f"{inside} is the gateway's own address, not the origin")
    return Finding(True, f"{entry.address} was skipped; the origin is {original}")


def _report(message: Message) -> dict[str, str]:
    """The anti-spam report: CIP, IPV, SFV, SCL and so on."""
    text = " ".join(str(message.get(REPORT, "")).split())
    parts = (one.strip().partition(":") for one in text.split(";"))
    return {name: value for name, colon, value in parts if colon}


def _ip(message: Message, field: str) -> str | None:
    found = _IP.search(str(message.get(field, "")))
    try:
        return str(ip_address(found[1])) if found else None
    except ValueError:
        return None


def _silent(why: str) -> dict[str, Finding]:
    return {name: Finding(None, why) for name in TOPICS}


def _inside(address: str | None, ranges: Sequence[str]) -> bool:
    if address is None:
        return False
    return any(ip_address(address) in ip_network(one) for one in ranges)
