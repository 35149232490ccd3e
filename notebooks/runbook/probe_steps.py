"""A message's way through the gateway, judged and laid out to be shown. Pure.

What a message holds is a stranger's word, but for what the provider wrote on top; the collection's
judges look at nothing else.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.mail import proof
from ansible_collections.gatepost.mail.plugins.module_utils.mail.hops import Hop

from .gateway import Gateway
from .probe import Sent
from .values import Reading, Step, Verdict, judge

ARRIVES, THROUGH = "Live probe: arrival", "Live probe: through the gateway"
_NAMES = {"google_workspace": "Google", "microsoft_365": "Microsoft", "other": "the server"}
_FIELDS = (
    "From",
    "To",
    "Subject",
    "Message-ID",
    "Received-SPF",
    "Authentication-Results",
    "ARC-Authentication-Results",
    "X-MS-Exchange-SkipListedInternetSender",
    "X-MS-Exchange-ExternalOriginalInternetSender",
    "X-Forefront-Antispam-Report",
    "X-CustomSpam",
)


def steps(
    delivered: Reading, *, provider: str, mailbox: str, gateway: Gateway, sent: Sent
) -> list[Step]:
    """delivered: the raw message. sent: how it was sent, Sent() where none was asked for."""
    asked = {
        ARRIVES: f"a message to {mailbox or 'the domain'} arrives",
        THROUGH: f"{_NAMES[provider]} took it from {', '.join(gateway.ranges)}, with TLS",
    }
    if sent.refused:
        return [
            Step(ARRIVES, asked[ARRIVES], "not taken", "failed", sent.refused),
            Step(THROUGH, asked[THROUGH], "not seen", "unknown", "no message was taken"),
        ]
    if delivered.problem or delivered.value is None:
        why = delivered.problem or "no message"
        return [
            judge(ARRIVES, asked[ARRIVES], delivered, "", None),
            Step(THROUGH, asked[THROUGH], "not seen", "unknown", why),
        ]
    seen = proof.judge(delivered.value, provider, gateway.ranges)
    found = f"from {seen.connecting_ip or 'no address'}, {seen.tls or 'no TLS'}"
    found += f"; origin {seen.original_ip}" if seen.original_ip else ""
    inside = seen.connecting_ip in gateway and bool(seen.tls)
    verdict: Verdict = "verified" if inside else "failed"
    told = f"the topmost Received field of {_NAMES[provider]}"
    return [
        Step(ARRIVES, asked[ARRIVES], "arrived", "verified", delivered.source),
        Step(THROUGH, asked[THROUGH], found, verdict, told),
    ]


def hops(delivered: Reading, provider: str, gateway: Gateway) -> tuple[Hop, ...]:
    """The servers that took the message, in order; () without a message."""
    if not isinstance(delivered.value, bytes):
        return ()
    return proof.judge(delivered.value, provider, gateway.ranges).hops


def fields(delivered: Reading) -> dict[str, str]:
    """The fields that say what the provider made of the message; the topmost of each."""
    if not isinstance(delivered.value, bytes):
        return {"Message": delivered.problem or "did not arrive"}
    message: Any = BytesHeaderParser().parsebytes(delivered.value)
    return {name: " ".join(str(message[name]).split()) for name in _FIELDS if name in message}
