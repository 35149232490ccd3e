"""Received fields: their grammar, hostile values."""

from __future__ import annotations

import email
import email.policy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.delivery import trace

USUAL = {
    "helo": "client.example",
    "source_ip": "192.0.2.1",
    "by": "mx1.example.net",
    "protocol": "ESMTPS",
    "id": "0ABC",
    "when": 1_700_000_000.0,
}


def test_a_field() -> None:
    assert trace.received(**USUAL, recipient="bob@x.example", tls="TLS1_3") == (  # type: ignore[arg-type]
        b"Received: from client.example ([192.0.2.1])\r\n"
        b" by mx1.example.net (Gatepost) with ESMTPS (TLS1_3)\r\n"
        b" id 0ABC for <bob@x.example>;\r\n"
        b" Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    )


def test_fields_of_two_seconds_and_two_sessions_differ() -> None:
    one = trace.received(**USUAL)  # type: ignore[arg-type]
    assert trace.received(**{**USUAL, "when": 1_700_000_000.9}) == one  # type: ignore[arg-type]
    later = trace.received(**{**USUAL, "when": 1_700_000_001.0})  # type: ignore[arg-type]
    assert later == one.replace(b"22:13:20", b"22:13:21")
    other = trace.received(**{**USUAL, "helo": "other.example"})  # type: ignore[arg-type]
    assert other == one.replace(b"client.example", b"other.example")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"source_ip": "2001:db8::1"}, b"([IPv6:2001:db8::1])"),
        ({"helo": "[192.0.2.9]"}, b"from [192.0.2.9] ("),
        ({"helo": "[IPv6:2001:db8::1]"}, b"from [IPv6:2001:db8::1] ("),
        ({"helo": ""}, b"from unknown ("),
        ({"helo": "a) by evil (b"}, b"from unknown ("),
        ({"helo": "a\r\nX: y"}, b"from unknown ("),
        ({"recipient": "a\r\nX: y@b.c"}, b"id 0ABC;\r\n"),
        ({"recipient": '"a b"@c.d'}, b"id 0ABC;\r\n"),
        ({"tls": "TLS1_3", "cipher": "A) (\r\nX"}, b"(TLS1_3 A? ???X)"),
    ],
)
def test_values(change: dict[str, str], wanted: bytes) -> None:
    assert wanted in trace.received(**{**USUAL, **change})  # type: ignore[arg-type]


@given(helo=st.text(), recipient=st.text(), tls=st.text())
def test_nothing_foreign_ends_a_line(helo: str, recipient: str, tls: str) -> None:
    field = trace.received(**{**USUAL, "helo": helo}, recipient=recipient, tls=tls)  # type: ignore[arg-type]
    assert re.fullmatch(rb"Received: [^\r\n]+(\r\n [^\r\n]+){3}\r\n", field)
    parsed = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert list(parsed.keys()) == ["Received"]


@pytest.mark.parametrize(
    ("esmtp", "tls", "auth", "smtputf8", "wanted"),
    [
        (False, False, False, False, "SMTP"),
        (True, False, False, False, "ESMTP"),
        (True, True, False, False, "ESMTPS"),
        (True, True, True, False, "ESMTPSA"),
        (True, False, True, False, "ESMTPA"),
        (True, True, True, True, "UTF8SMTPSA"),
        (True, False, False, True, "UTF8SMTP"),
    ],
)
def test_protocol(esmtp: bool, tls: bool, auth: bool, smtputf8: bool, wanted: str) -> None:
    assert trace.protocol(esmtp=esmtp, tls=tls, auth=auth, smtputf8=smtputf8) == wanted
