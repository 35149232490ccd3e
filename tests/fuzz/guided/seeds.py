"""Where mutation begins: inputs from the tests beside it, a list a target."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import yaml

SEEDS: Final[dict[str, Callable[[], list[bytes]]]] = {}


def _seeds(make: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    SEEDS[make.__name__] = make
    return make


def words(target: str) -> list[bytes]:
    """What mutation may put in as a whole."""
    from tests.fuzz.test_documents import MEMBERS, WORDS

    smtp = b"EHLO MAIL FROM:< RCPT TO:< DATA BDAT LAST RSET AUTH PLAIN STARTTLS SIZE= BODY=8BITMIME"
    smtp += b" SMTPUTF8 RET=FULL ENVID= NOTIFY=NEVER ORCPT=rfc822; IPv6:"
    match target:
        case "commands" | "content" | "addresses":
            return [*smtp.split(), b"\r\n.\r\n", b"\r\n", b">\r\n"]
        case "documents":
            return [f'"{word}"'.encode() for word in (*MEMBERS, *WORDS)]
        case "configuration":
            return [f"{word}: ".encode() for word in MEMBERS] + [word.encode() for word in WORDS]
        case _:
            return [b'["m","', b'["d","', b'["f","', b'["c","', b'["b",{', b"null", b"1e999", b"-1"]


@_seeds
def commands() -> list[bytes]:
    from tests.fuzz.test_smtp import LINES

    envelope = b"EHLO x\r\nMAIL FROM:<a@b> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=e\r\n"
    envelope += b"RCPT TO:<c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d\r\n"
    return [
        *LINES,
        envelope + b"DATA\r\nx: y\r\n\r\n..body\r\n.\r\nQUIT\r\n",
        envelope + b"BDAT 5\r\nx: y\r\nBDAT 0 LAST\r\nRSET\r\nVRFY a\r\nHELP\r\n",
        b'EHLO [IPv6:::1]\r\nMAIL FROM:<"a b"@[192.0.2.1]> SMTPUTF8\r\nRCPT TO:<postmaster>\r\n',
        b"AUTH LOGIN YQ==\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nNOOP x\r\n",
    ]


@_seeds
def content() -> list[bytes]:
    ends = [
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\n\r.\r\n",
    ]
    return [b"\1\4\7x: y\r\n\r\nbody" + end + b".\r\nQUIT\r\n" for end in ends]


@_seeds
def addresses() -> list[bytes]:
    return [
        *(b"a@b", b"a.b+c@example.com", b'"x\\" y"@d', b"a@[192.0.2.1]", b"a@[IPv6:2001:db8::1]"),
        *("ä@exämple.com".encode(), b"@r,@s:a@b", b"a" * 64 + b"@" + b"b" * 63 + b".example"),
    ]


@_seeds
def documents() -> list[bytes]:
    from tests.soak.relay import documents_of_a_run

    made = documents_of_a_run()
    relay = {
        "RelayName": "next",
        "ServerName": "next.example",
        "ServerPort": 25,
        "Authentication": {"SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s"},
    }
    point = {"IngressPointName": "edge", "Type": "OPEN", "RuleSetId": "r", "TrafficPolicyId": "t"}
    by_kind: list[Any] = [relay, made["rule_sets"][0], made["traffic_policies"][0], point]
    return [bytes([kind]) + json.dumps(value).encode() for kind, value in enumerate(by_kind)]


@_seeds
def configuration() -> list[bytes]:
    from tests.integration.daemon.running import base_config
    from tests.soak.relay import documents_of_a_run

    return [
        yaml.safe_dump({**base_config(), **more}, sort_keys=False).encode()
        for more in ({}, documents_of_a_run())
    ]


@_seeds
def spool() -> list[bytes]:
    from gatepost.spool import records
    from gatepost.spool.interface import Message, Recipient, Step
    from tests.fuzz.guided.targets import BETWEEN_FRAMES, BETWEEN_META_AND_DATA, framed

    def message(name: str) -> Message:
        step = Step(0, "Relay", "relay:a", "r@example.com", "s@example.net")
        to = (Recipient("r@example.com"),)
        return Message(name, 1_700_000_000.0, "s@example.net", to, (step,), len(b"body"))

    operations: list[list[Any]] = [["b", {}]]
    later = [
        [["f", "m0", 0, 1_700_000_100.0, 1, "no", False]],
        [["c", "m0", 0, True, None]],
        [["d", "m1", 0]],
    ]
    data = b""
    for name in ("m0", "m1"):
        envelope = records.envelope(message(name))
        operations.append(records.accepted(message(name), envelope, b"body"))
        data += envelope + b"body"
    frames = [json.dumps(operations).encode() + BETWEEN_META_AND_DATA + data]
    frames += [json.dumps(each).encode() + BETWEEN_META_AND_DATA for each in later]
    parts = BETWEEN_FRAMES.join(frames)
    # Found: the second message's operation with the first one's envelope in its place; a size that
    # no size is.
    others = [[operations[0], operations[2]], [[*operations[1][:6], -1, *operations[1][7:]]]]
    found = [json.dumps(each).encode() + BETWEEN_META_AND_DATA + data for each in others]
    return [b"\0" + framed(parts), b"\1" + parts, *(b"\1" + each for each in found)]
