# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one delivered message proves about the inbound gateway. Pure.

The message is read as Gmail stored it. Only the fields that Google's own MX wrote are looked at:
the topmost `Received: from … by mx.google.com`, what stands between it and the next Received field,
and the ARC results above it. A sender can forge fields, but only below these.
Proof of "enabled" and "detect_external_ip": the connection came from a listed range with TLS, and
Received-SPF's client-ip lies outside it. A client-ip inside it: the address was not replaced, so
the gateway is not listed or detection is off; a dmarc result then tells that it is not listed.
Inferred from Google's page and one public sample, not from a live tenant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from ipaddress import ip_address, ip_network

from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import Finding

_BY_GOOGLE = re.compile(r"^from\b(?P<rest>.*?)\bby mx\.google\.com\b", re.I | re.S)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]")
_TLS = re.compile(r"\bwith ESMTPSA?\b.*\bversion=(TLS[\w.]+)", re.I | re.S)
_CLIENT_IP = re.compile(r"\bclient-ip=([0-9A-Fa-f.:]+)", re.I)
_DMARC = re.compile(r"(?:^|;)\s*dmarc=(\w+)", re.I)


@dataclass(frozen=True)
class MessageProof:
    """findings: by sub-setting. connecting_ip, client_ip: as Google wrote them, or None.
    tls: Google's word for the version, or "". dmarc: the result that was written, or None.
    """

    findings: dict[str, Finding]
    connecting_ip: str | None = None
    tls: str = ""
    client_ip: str | None = None
    dmarc: str | None = None

    @property
    def proved(self) -> bool:
        """Both proofs hold: through the gateway with TLS, and the external address was detected."""
        return self.findings["detect_external_ip"].holds is True


@dataclass(frozen=True)
class _Trace:
    connecting_ip: str | None
    tls: str
    client_ip: str | None
    dmarc: str | None


def judge_message(raw: bytes, gateways: Sequence[str]) -> MessageProof:
    """Judge a delivered message by the gateways' CIDR ranges.

    raw: the whole message (Gmail's format=raw, decoded). A message that Google did not receive, or
    that did not come from a gateway, says nothing; it is never an error.
    """
    trace = _trace(BytesHeaderParser().parsebytes(raw))
    if trace is None:
        return _proof(None, _silent("the message bears no trace of Google's MX"))
    through = _inside(trace.connecting_ip, gateways)
    if not through:
        return _proof(
            trace,
            _silent(f"the message came from {trace.connecting_ip}, not from a gateway"),
        )
    return _proof(trace, {**_silent("a message does not show it"), **_findings(trace, gateways)})


def _findings(trace: _Trace, gateways: Sequence[str]) -> dict[str, Finding]:
    here, there = trace.connecting_ip, trace.client_ip
    if not trace.tls:
        plain = f"Google took mail from {here} without TLS"
        return {**_silent(plain), "require_tls": Finding(False, plain)}
    if there is None:
        return _silent(f"Google wrote no client-ip for mail from {here}")
    if _inside(there, gateways):
        same = f"Received-SPF names the gateway ({there}) as the client"
        if trace.dmarc is not None:
            told = f"{same} and DMARC was judged against it (dmarc={trace.dmarc}): not listed"
            return {name: Finding(False, told) for name in ("enabled", "gateway_ips")} | {
                "detect_external_ip": Finding(None, same)
            }
        told = f"{same}: it is not listed, or its external address is not detected"
        return {"enabled": Finding(None, told), "detect_external_ip": Finding(False, told)}
    if trace.dmarc is not None:
        odd = f"client-ip is {there}, yet dmarc={trace.dmarc} was judged; this pattern is unknown"
        return {"enabled": Finding(None, odd), "detect_external_ip": Finding(None, odd)}
    seen = f"mail from {here} by {trace.tls} was judged as coming from {there}"
    return {
        "enabled": Finding(True, seen),
        "detect_external_ip": Finding(True, seen),
        # One address is treated as a gateway; that the whole list is right was not seen.
        "gateway_ips": Finding(None, f"{here} is treated as a gateway; other addresses: not seen"),
        "require_tls": Finding(None, "the message came with TLS; that TLS is required: not seen"),
    }


def _silent(why: str) -> dict[str, Finding]:
    names = ("enabled", "gateway_ips", "detect_external_ip", "require_tls", "reject_others")
    return {name: Finding(None, why) for name in names}


def _proof(trace: _Trace | None, findings: dict[str, Finding]) -> MessageProof:
    if trace is None:
        return MessageProof(findings)
    return MessageProof(findings, trace.connecting_ip, trace.tls, trace.client_ip, trace.dmarc)


def _trace(message: Message) -> _Trace | None:
    fields = [(name.lower(), " ".join(str(value).split())) for name, value in message.items()]
    for index, (name, value) in enumerate(fields):
        found = _BY_GOOGLE.match(value) if name == "received" else None
        if found is None:
            continue
        own = []
        for below in fields[index + 1 :]:
            if below[0] == "received":
                break
            own.append(below)
        # The last literal is the connection's; one before it is the client's word at EHLO.
        literals = _LITERAL.findall(found["rest"])
        tls = _TLS.search(value)
        spf = next((_CLIENT_IP.search(text) for key, text in own if key == "received-spf"), None)
        results = [text for key, text in own if key == "authentication-results"]
        results += [text for key, text in fields[:index] if key == "arc-authentication-results"]
        dmarc = next((match[1].lower() for text in results if (match := _DMARC.search(text))), None)
        return _Trace(
            _address(literals[-1] if literals else ""),
            tls[1] if tls else "",
            _address(spf[1] if spf else ""),
            dmarc,
        )
    return None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _inside(address: str | None, ranges: Sequence[str]) -> bool:
    if address is None:
        return False
    return any(ip_address(address) in ip_network(one) for one in ranges)
