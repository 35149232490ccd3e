"""The headers that Microsoft's servers write, from a verdict. A pure function.

The fields and their order follow delivered mail; host names and build numbers are made up. What a
sender forged of Microsoft's own fields is taken out first, as its header firewall does. Not
played: DKIM, ARC and the fields that carry encrypted diagnostics.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime

from emulators.mailboxes.eop import Verdict
from emulators.mailboxes.senders import author_domain
from emulators.mailboxes.stamps import Client

FRONT = "DB1PEPF000509E3.mail.protection.outlook.com"
_HUB = "DB8PR08CA0012.eurprd08.prod.outlook.com"
_MAILBOX = "AM9PR08MB6100.eurprd08.prod.outlook.com"
_FIREWALL = re.compile(
    rb"(?:X-MS-Exchange-|X-Forefront-Antispam-Report|X-Microsoft-Antispam|X-CustomSpam|"
    rb"X-EOPAttributedMessage|X-MS-Office365-)",
    re.IGNORECASE,
)
# Microsoft writes its addresses in parentheses, IPv6 without a prefix.
_SPF_WORDS = {
    "pass": "Pass",
    "fail": "Fail",
    "softfail": "SoftFail",
    "neutral": "Neutral",
    "none": "None",
}
_DMARC_ACTIONS = {"none": "none", "quarantine": "quarantine", "reject": "oreject"}


def stamp(
    message: bytes,
    client: Client,
    mail_from: str,
    verdict: Verdict,
    trace_id: str,
    now: datetime,
) -> bytes:
    """The message as it lies in the mailbox. message: as sent, CRLF lines."""
    date = format_datetime(now)
    domain = mail_from.rpartition("@")[2] or client.helo
    fields = [
        f"Received: from {_HUB} (2603:10a6:10:3a::1c)\r\n by {_MAILBOX} with HTTPS; {date}",
        _received(client, date),
        f"Authentication-Results: {_results(message, domain, verdict)}",
        _received_spf(client, domain, verdict),
        f"Return-Path: {mail_from or '<>'}",
        f"X-MS-Exchange-Organization-Network-Message-Id: {trace_id}",
        "X-EOPAttributedMessage: 0",
    ]
    if verdict.origin:
        value = f"ip=[{verdict.origin}];domain={domain}"
        fields += [
            f"X-MS-Exchange-SkipListedInternetSender: {value}",
            f"X-MS-Exchange-ExternalOriginalInternetSender: {value}",
        ]
    fields += [
        f"X-MS-Exchange-Organization-SCL: {verdict.scl}",
        f"X-Forefront-Antispam-Report:\r\n CIP:{client.address};CTRY:;LANG:en;SCL:{verdict.scl};"
        f"SRV:;IPV:{verdict.ipv};SFV:{verdict.sfv};H:{client.helo};PTR:;"
        f"CAT:{verdict.category};SFS:;DIR:INB;",
    ]
    if verdict.custom_spam:
        fields.append(f"X-CustomSpam: {verdict.custom_spam}")
    stamped = "".join(f"{field}\r\n" for field in fields).encode("utf-8")
    return stamped + _without_forgeries(message)


def _received(client: Client, date: str) -> str:
    tls = f" (version={client.tls[0]},\r\n cipher={client.tls[1]})" if client.tls else ""
    return (
        f"Received: from {client.helo} ({client.address})\r\n by {FRONT} (10.167.242.59) with "
        f"Microsoft SMTP Server{tls} id 15.20.9253.12\r\n via Frontend Transport; {date}"
    )


def _results(message: bytes, domain: str, verdict: Verdict) -> str:
    parts = [
        f"spf={verdict.spf} (sender IP is {verdict.judged})\r\n smtp.mailfrom={domain}",
        " dkim=none (message not signed)\r\n header.d=none",
    ]
    if verdict.dmarc is None:
        parts.append(f"dmarc=none action=none\r\n header.from={author_domain(message)}")
        parts.append(f"compauth={'pass' if verdict.spf == 'pass' else 'none'} reason=704")
    else:
        found = verdict.dmarc
        action = "none" if found.passed else _DMARC_ACTIONS[found.policy]
        parts.append(
            f"dmarc={'pass' if found.passed else 'fail'} action={action}\r\n "
            f"header.from={found.domain}"
        )
        parts.append("compauth=pass reason=100" if found.passed else "compauth=fail reason=001")
    return ";".join(parts)


def _received_spf(client: Client, domain: str, verdict: Verdict) -> str:
    word, address = _SPF_WORDS[verdict.spf], verdict.judged
    if verdict.spf == "pass":
        why = f"domain of {domain} designates {address} as permitted sender"
    elif verdict.spf == "none":
        why = f"{domain} does not designate permitted sender hosts"
    else:
        turning = "transitioning " if verdict.spf == "softfail" else ""
        why = f"domain of {turning}{domain} does not designate {address} as permitted sender"
    return (
        f"Received-SPF: {word} (protection.outlook.com: {why})\r\n "
        f"receiver=protection.outlook.com; client-ip={address};\r\n helo={client.helo};"
    )


def _without_forgeries(message: bytes) -> bytes:
    """The message without the fields that only Microsoft's servers may write."""
    head, border, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    kept = [field for field in fields if not _FIREWALL.match(field)]
    return b"\r\n".join(kept) + border + body
