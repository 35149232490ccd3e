"""Microsoft's decisions by each setting, and what the judge of delivered mail makes of them."""

from datetime import UTC, datetime

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.headers import (
    judge_message,
)

from emulators.exchange_online import initial
from emulators.mailboxes import eop
from emulators.mailboxes.eop import Settings
from emulators.mailboxes.microsoft_stamps import stamp
from emulators.mailboxes.senders import Sender
from emulators.mailboxes.stamps import Client

RANGE = "206.55.129.0/24"
TLS = ("TLS1_3", "TLS_AES_256_GCM_SHA384", 256)
GATEWAY = Client("206.55.129.10", "mx1.example.net", TLS)
STRANGER = Client("198.51.100.9", "mail.example.org", TLS)
SENDERS = {
    "gmail.com": Sender(("209.85.128.0/17",), "none"),
    "strict.example": Sender(("192.0.2.0/24",), "reject", "fail"),
}
RECEIVED = (
    b"Received: from mail.gmail.com (mail.gmail.com [209.85.220.41])\r\n"
    b"\tby mx1.example.net with ESMTPS id 1; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
)
MESSAGE = RECEIVED + b"From: Bob <bob@gmail.com>\r\nSubject: hi\r\n\r\nbody\r\n"
RIGHT = {
    "SenderDomains": ["smtp:*;1"],
    "SenderIPAddresses": [RANGE],
    "RequireTls": True,
    "EFSkipLastIP": True,
}


def settings(connector=RIGHT, *, allow=(), block=(), content=None):
    filters = [initial.content_filter_policy("Default", default=True) | (content or {})]
    connection = initial.connection_filter_policy("Default")
    connection |= {"IPAllowList": list(allow), "IPBlockList": list(block)}
    connectors = [] if connector is None else [initial.inbound_connector("Gateway") | connector]
    return Settings(connection, filters, [], connectors)


def judged(held, client=GATEWAY, message=MESSAGE, mail_from="bob@gmail.com", rcpt="jane@acme.com"):
    return eop.judge(held, SENDERS, message, client, mail_from, rcpt)


def stamped(held, client=GATEWAY, message=MESSAGE, mail_from="bob@gmail.com"):
    verdict = judged(held, client, message, mail_from)
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    return stamp(message, client, mail_from, verdict, "trace", now)


def test_the_right_settings_prove_themselves():
    proof = judge_message(stamped(settings(allow=[RANGE])), [RANGE])
    assert proof.proved
    assert (proof.connecting_ip, proof.original_ip) == ("206.55.129.10", "209.85.220.41")
    assert (proof.tls, proof.spf) == ("TLSv1.3", "pass")
    assert proof.report["IPV"] == "NLI"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"EFSkipLastIP": False}, id="not skipped"),
        pytest.param({"Enabled": False}, id="disabled"),
        pytest.param({"SenderIPAddresses": ["206.55.130.0/24"]}, id="another region"),
        pytest.param({"SenderDomains": ["smtp:example.org;1"]}, id="other senders"),
        pytest.param({"EFUsers": ["boss@acme.com"]}, id="some users"),
        pytest.param({"EFTestMode": True}, id="test mode"),
    ],
)
def test_each_wrong_setting_leaves_the_gateway_as_the_origin(change):
    proof = judge_message(stamped(settings(RIGHT | change)), [RANGE])
    assert not proof.proved
    assert proof.findings["skip_last_ip"].holds is False
    assert proof.spf == "softfail"


def test_without_enhanced_filtering_the_allow_list_shows():
    proof = judge_message(stamped(settings(None, allow=[RANGE])), [RANGE])
    assert proof.findings["ip_allow_list"].holds is True
    assert proof.report["SCL"] == "-1"


def test_chosen_addresses_are_skipped():
    chain = (
        b"Received: from a (a [206.55.129.99]) by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
        b"Received: from a (a [10.1.2.3]) by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    )
    held = settings(RIGHT | {"EFSkipLastIP": False, "EFSkipIPs": [RANGE]})
    assert judged(held, message=chain + MESSAGE).origin == "209.85.220.41"
    other = settings(RIGHT | {"EFSkipLastIP": False, "EFSkipIPs": ["192.0.2.1"]})
    assert judged(other, message=chain + MESSAGE).origin == ""


def test_no_trace_no_origin():
    verdict = judged(settings(), message=b"From: bob@gmail.com\r\n\r\n")
    assert (verdict.origin, verdict.judged) == ("", "206.55.129.10")


HARD = {"MarkAsSpamSpfRecordHardFail": "On"}
FORGED = b"From: bob@strict.example\r\n\r\n"


@pytest.mark.parametrize(
    ("held", "folder", "spam"),
    [
        (settings(None, content=HARD), "junk", "SPF Record Fail"),
        (settings(None), "junk", ""),  # DMARC's policy is reject
        (settings(None, content=HARD, allow=[RANGE]), "inbox", ""),
        (settings(None, content=HARD | {"HighConfidenceSpamAction": "Quarantine"}), None, "SPF"),
    ],
)
def test_a_hard_fail_is_spam_where_the_policy_says_so(held, folder, spam):
    verdict = judged(held, message=FORGED, mail_from="bob@strict.example")
    assert (verdict.spf, verdict.folder) == ("fail", folder)
    assert verdict.custom_spam.startswith(spam) is True
    assert bool(verdict.custom_spam) == bool(spam)


def test_a_rule_puts_its_policy_in_force():
    custom = initial.content_filter_policy("Sales", default=False) | HARD
    rule = initial.content_filter_rule("Sales", "Sales", 0) | {"RecipientDomainIs": ["acme.com"]}
    held = settings(None)
    with_rule = Settings(
        held.connection_filter, [*held.content_filters, custom], [rule], held.connectors
    )
    disabled = Settings(
        held.connection_filter,
        [*held.content_filters, custom],
        [rule | {"State": "Disabled"}],
        held.connectors,
    )

    def spam(one, rcpt="jane@acme.com"):
        return judged(one, message=FORGED, mail_from="bob@strict.example", rcpt=rcpt).custom_spam

    assert spam(with_rule)
    assert not spam(disabled)
    assert not spam(with_rule, "jane@acme.net")


PLAIN = Client("206.55.129.10", "mx1.example.net")
LOCKED = RIGHT | {"RestrictDomainsToIPAddresses": True}
CERTIFIED = {
    "SenderDomains": ["smtp:*;1"],
    "TlsSenderCertificateName": "*.example.net",
    "RequireTls": True,
    "RestrictDomainsToCertificate": True,
}


@pytest.mark.parametrize(
    ("held", "client", "code"),
    [
        (settings(), GATEWAY, None),
        (settings(), PLAIN, "530"),
        (settings(RIGHT | {"RequireTls": False}), PLAIN, None),
        (settings(), STRANGER, None),
        (settings(LOCKED), GATEWAY, None),
        (settings(LOCKED), STRANGER, "550 5.7.51"),
        (settings(LOCKED | {"Enabled": False}), STRANGER, None),
        (settings(LOCKED | {"SenderDomains": ["smtp:example.org;1"]}), STRANGER, None),
        (settings(CERTIFIED), STRANGER, "550 5.7.51"),
        (
            settings(CERTIFIED),
            Client("198.51.100.9", "x", TLS, ("mx1.example.net",)),
            None,
        ),
        (settings(block=["198.51.100.0-198.51.100.9"]), STRANGER, "550 5.7.1"),
    ],
)
def test_the_connectors_restrictions_refuse(held, client, code):
    reply = eop.refusal(held, client, "bob@gmail.com")
    assert reply is None if code is None else reply.startswith(code)


def test_the_null_sender_belongs_to_every_domain():
    assert eop.refusal(settings(LOCKED), STRANGER, "").startswith("550")
    assert judged(settings(), mail_from="").connector == "Gateway"


def test_forged_fields_of_microsofts_are_taken_out():
    forged = (
        b"X-MS-Exchange-SkipListedInternetSender: ip=[192.0.2.1];\r\n domain=x\r\n"
        b"x-forefront-antispam-report: IPV:CAL\r\nX-CustomSpam: no\r\nX-Mailer: mine\r\n"
    )
    raw = stamped(settings(None), message=forged + MESSAGE)
    assert raw.count(b"SkipListed") == 0
    assert raw.lower().count(b"x-forefront-antispam-report") == 1
    assert b"\r\nX-Mailer: mine\r\nReceived: from mail.gmail.com" in raw
    assert raw.endswith(b"\r\n\r\nbody\r\n")


@pytest.mark.parametrize(
    "message",
    [b"", b"\r\n", b"no header", b"\xff\xfe\r\n\r\n", b"Received: from [" + b"9" * 500 + b"\r\n"],
)
def test_hostile_bytes_are_stamped_and_kept(message):
    raw = stamped(settings(), message=message)
    assert raw.endswith(message)
    assert judge_message(raw, [RANGE]).connecting_ip == "206.55.129.10"
