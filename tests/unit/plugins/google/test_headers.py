"""Only Google's own fields count: forged ones lie below and change nothing."""

import random

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.google.headers import judge_message

RANGE = ["206.55.129.0/24"]
GOOGLE = (
    "Received: from mx1 (mx1. [{connecting}])\r\n        by mx.google.com with ESMTPS id x\r\n"
    "        for <j@example.com>\r\n        (version=TLS1_3 cipher=C bits=256/256); date\r\n"
)
FORGED = (
    "Received-SPF: pass (forged) client-ip=198.51.100.1;\r\n"
    "Authentication-Results: mx.google.com; dmarc=pass\r\n"
)


def message(*fields):
    return "".join(fields).encode() + b"From: a@b.c\r\n\r\nbody\r\n"


def spf(address):
    return f"Received-SPF: none (x) client-ip={address};\r\n"


def test_a_forged_result_below_the_next_received_is_not_read():
    below = "Received: from evil by mx1\r\n" + FORGED
    proof = judge_message(message(GOOGLE.format(connecting="206.55.129.10"), below), RANGE)
    assert (proof.client_ip, proof.dmarc, proof.proved) == (None, None, False)


def test_a_forged_trace_of_google_is_not_the_topmost():
    raw = message(
        GOOGLE.format(connecting="206.55.129.10"),
        spf("206.55.129.10"),
        GOOGLE.format(connecting="206.55.129.11"),
        spf("198.51.100.1"),
    )
    assert not judge_message(raw, RANGE).proved


def test_arc_results_above_the_trace_count():
    raw = message(
        "ARC-Authentication-Results: i=1; mx.google.com;\r\n       dmarc=fail (p=NONE)\r\n",
        GOOGLE.format(connecting="206.55.129.10"),
        spf("206.55.129.10"),
    )
    proof = judge_message(raw, RANGE)
    assert proof.dmarc == "fail"
    assert proof.findings["enabled"].holds is False


def test_an_address_literal_at_ehlo_is_not_the_connection():
    trace = GOOGLE.format(connecting="206.55.129.10").replace("from mx1 ", "from [198.51.100.5] ")
    proof = judge_message(message(trace, spf("198.51.100.1")), RANGE)
    assert proof.connecting_ip == "206.55.129.10"
    assert proof.proved


def test_ipv6_gateways():
    raw = message(
        GOOGLE.format(connecting="IPv6:2600:1f00::5"),
        spf("2001:db8::9"),
    )
    assert judge_message(raw, ["2600:1f00::/32"]).proved


@pytest.mark.parametrize("raw", [b"", b"\0\r\n", b"Received: from [x] by mx.google.com", b":\r\n"])
def test_nonsense_says_nothing(raw):
    proof = judge_message(raw, RANGE)
    assert {finding.holds for finding in proof.findings.values()} == {None}


def test_random_damage_never_raises_nor_shows_what_mail_cannot_show():
    rng = random.Random(5321)
    whole = message(GOOGLE.format(connecting="206.55.129.10"), spf("206.55.129.10"))
    for _round in range(2000):
        raw = bytearray(whole)
        for _place in range(rng.randint(1, 6)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        findings = judge_message(bytes(raw), RANGE).findings
        for name in ("gateway_ips", "require_tls", "reject_others"):
            assert findings[name].holds is not True
