"""Received fields of the servers that mail meets on this way, and of nobody."""

from datetime import UTC, datetime

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.mail import hops
from hypothesis import given
from hypothesis import strategies as st

POSTFIX = (
    "from mail.sender.example (mail.sender.example [198.51.100.7]) (using TLSv1.3 with cipher "
    "TLS_AES_256_GCM_SHA384 (256/256 bits)) (No client certificate requested) by mx.example.net "
    "(Postfix) with ESMTPS id 4Abc for <a@example.com>; Tue, 24 Nov 2026 08:00:00 +0000 (UTC)"
)
GOOGLE = (
    "from mail.gateway (mail.gateway. [206.55.133.10]) by mx.google.com with ESMTPS id z1 for "
    "<a@example.com> (version=TLS1_2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 bits=128/128); "
    "Tue, 24 Nov 2026 00:00:02 -0800 (PST)"
)
MICROSOFT = (
    "from mail.gateway (206.55.133.10) by DB5.mail.protection.outlook.com (10.152.4.246) with "
    "Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.1; "
    "Tue, 24 Nov 2026 08:00:03 +0000"
)
GATEPOST = (
    "from [192.0.2.1] (unknown [IPv6:2001:db8::1]) (TLSv1.3 TLS_AES_128_GCM_SHA256) by "
    "mx1.example.net with ESMTPS id 0; Tue, 24 Nov 2026 08:00:01 +0000"
)


@pytest.mark.parametrize(
    ("field", "by", "from_", "address", "protocol", "tls"),
    [
        (
            POSTFIX,
            "mx.example.net",
            "mail.sender.example",
            "198.51.100.7",
            "ESMTPS",
            "TLSv1.3",
        ),
        (GOOGLE, "mx.google.com", "mail.gateway", "206.55.133.10", "ESMTPS", "TLSv1.2"),
        (
            MICROSOFT,
            "DB5.mail.protection.outlook.com",
            "mail.gateway",
            "206.55.133.10",
            "Microsoft SMTP Server",
            "TLSv1.3",
        ),
        (GATEPOST, "mx1.example.net", "192.0.2.1", "2001:db8::1", "ESMTPS", "TLSv1.3"),
        (
            MICROSOFT.replace("mail.gateway", "[192.0.2.66]"),
            "DB5.mail.protection.outlook.com",
            "192.0.2.66",
            "206.55.133.10",
            "Microsoft SMTP Server",
            "TLSv1.3",
        ),
        ("from [192.0.2.1] by mx.example.net", "mx.example.net", "192.0.2.1", "192.0.2.1", "", ""),
        ("by mx.example.net with SMTP; x", "mx.example.net", "", None, "SMTP", ""),
        ("", "", "", None, "", ""),
    ],
)
def test_a_field(field, by, from_, address, protocol, tls):
    found = hops.hop(field)
    assert found.received_by == by
    assert found.sent_by == from_
    assert found.address == address
    assert found.protocol == protocol
    assert found.tls == tls


def test_a_path():
    raw = f"Received: {MICROSOFT}\r\nReceived: odd\r\nReceived: {POSTFIX}\r\n\r\n".encode()
    first, odd, last = hops.hops(raw)
    assert first.at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert (first.delay, odd.delay, last.delay) == (None, None, 3.0)
    assert last.document()["at"] == "2026-11-24T08:00:03Z"


@given(st.text(max_size=300), st.binary(max_size=300))
def test_hostile_text_is_a_hop_without_parts(text, raw):
    hops.hop(text)
    hops.hops(b"Received: " + raw)
