"""Google's headers by each setting, and what the judge of delivered mail makes of them.

One table: the right setting proves itself, and each setting that is wrong makes the proof fail in
the way that names it.
"""

from datetime import UTC, datetime

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.google.headers import judge_message

from emulators.google.gateway import InboundGateway
from emulators.mailboxes.senders import Sender
from emulators.mailboxes.stamps import Client, external_ip, has_one_author, stamp

RANGE = "206.55.129.0/24"
GATEWAY = Client("206.55.129.10", "mx1.example.net", ("TLS1_3", "TLS_AES_256_GCM_SHA384", 256))
RIGHT = InboundGateway(True, (RANGE,), detect_external_ip=True, require_tls=True)
SENDERS = {"gmail.com": Sender(("209.85.128.0/17",), "none")}
MESSAGE = (
    b"Received: from mail.gmail.com (mail.gmail.com [209.85.220.41])\r\n"
    b"\tby mx1.example.net with ESMTPS id 1; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    b"Received: from [10.0.0.1] by mail.gmail.com; Tue, 24 Nov 2026 09:59:59 +0000\r\n"
    b"From: Bob <bob@gmail.com>\r\nSubject: hi\r\n\r\nbody\r\n"
)


def stamped(setting, client=GATEWAY, message=MESSAGE, mail_from="bob@gmail.com"):
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    return stamp(message, client, mail_from, "jane@example.com", setting, SENDERS, "abc", now)


def judged(setting, client=GATEWAY, message=MESSAGE):
    proof = judge_message(stamped(setting, client, message), [RANGE])
    return {name: finding.holds for name, finding in proof.findings.items()}, proof


def test_the_right_setting_proves_itself():
    holds, proof = judged(RIGHT)
    assert proof.proved
    assert (holds["enabled"], holds["detect_external_ip"]) == (True, True)
    assert (proof.connecting_ip, proof.client_ip) == ("206.55.129.10", "209.85.220.41")
    assert (proof.tls, proof.dmarc) == ("TLS1_3", None)
    # Never more than was seen.
    assert (holds["gateway_ips"], holds["require_tls"], holds["reject_others"]) == (None,) * 3


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        pytest.param(InboundGateway(), {"enabled", "gateway_ips"}, id="nothing configured"),
        pytest.param(
            InboundGateway(False, (RANGE,), True, True), {"enabled", "gateway_ips"}, id="disabled"
        ),
        pytest.param(
            InboundGateway(True, ("206.55.130.0/24",), True, True),
            {"enabled", "gateway_ips"},
            id="another region's range",
        ),
        pytest.param(
            InboundGateway(True, (RANGE,), False, True), {"detect_external_ip"}, id="no detection"
        ),
    ],
)
def test_each_wrong_setting_fails_the_proof(setting, wrong):
    holds, proof = judged(setting)
    assert not proof.proved
    assert {name for name, held in holds.items() if held is False} == wrong
    assert True not in holds.values()
    assert proof.client_ip == "206.55.129.10"


def test_plaintext_from_a_listed_gateway_contradicts_required_tls():
    holds, proof = judged(RIGHT, Client("206.55.129.10", "mx1.example.net"))
    assert not proof.proved
    assert holds["require_tls"] is False


def test_mail_that_came_another_way_says_nothing():
    holds, proof = judged(RIGHT, Client("198.51.100.9", "elsewhere.org"))
    assert set(holds.values()) == {None}
    assert not proof.proved


def test_a_gateway_that_is_not_listed_gets_spf_and_dmarc():
    text = stamped(InboundGateway()).decode()
    assert "Received-SPF: softfail" in text
    assert "client-ip=206.55.129.10;" in text
    assert "dmarc=fail" in text
    assert "dmarc" not in stamped(RIGHT).decode()


def test_without_an_external_address_the_gateway_stays_the_client():
    bare = b"From: bob@gmail.com\r\n\r\nx\r\n"
    assert external_ip(bare, RIGHT) is None
    holds, _proof = judged(RIGHT, message=bare)
    assert holds["detect_external_ip"] is False


@pytest.mark.parametrize(
    ("field", "address"),
    [
        (b"from a (b [192.0.2.1]) by c", "192.0.2.1"),
        (b"from a ([IPv6:2001:db8::1]) by c", "2001:db8::1"),
        (b"from a by c ([192.0.2.1])", None),
        (b"from [127.0.0.1] (by.b.org [192.0.2.1]) by c", "192.0.2.1"),
        (b"from a ([999.0.2.1]) by c", None),
        (b"from g ([206.55.129.77]) by c", None),
        (b"by c with SMTP", None),
    ],
)
def test_external_addresses(field, address):
    assert external_ip(b"Received: " + field + b"; date\r\n\r\n", RIGHT) == address


def test_the_message_below_the_stamps_is_untouched():
    assert stamped(RIGHT).endswith(MESSAGE)
    assert b"smtp.mailfrom=mx1.example.net" in stamped(RIGHT, mail_from="")


def test_authors():
    assert has_one_author(MESSAGE)
    assert not has_one_author(b"From: x\r\n\r\n")
