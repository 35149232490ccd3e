"""What a delivered message proves of Microsoft 365, and what it does not."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import headers
from delivered_by_microsoft import CONNECTING, GATEWAYS, INSIDE, ORIGIN, entry, message
from hypothesis import given
from hypothesis import strategies as st

SKIPPED = "X-MS-Exchange-SkipListedInternetSender"
ORIGINAL = "X-MS-Exchange-ExternalOriginalInternetSender"


def judge(**fields):
    return headers.judge_message(message(**fields), GATEWAYS)


def test_all_is_as_it_should_be():
    proof = judge()
    assert proof.proved
    assert (proof.connecting_ip, proof.original_ip) == (CONNECTING, ORIGIN)
    assert (proof.tls, proof.spf, proof.report["IPV"]) == ("TLSv1.3", "pass", "CAL")
    assert proof.findings["ip_allow_list"].holds is True
    assert proof.findings["skip_last_ip"].holds is True


@pytest.mark.parametrize(
    ("fields", "topic", "holds", "told"),
    [
        ({SKIPPED: None}, "skip_last_ip", False, "taken for the origin"),
        ({ORIGINAL: None}, "skip_last_ip", False, ORIGINAL),
        ({SKIPPED: f"ip=[{CONNECTING}]"}, "skip_last_ip", False, "gateway's own"),
        ({ORIGINAL: "ip=[206.55.133.99]"}, "skip_last_ip", False, "gateway's own"),
        ({ORIGINAL: "ip=[<script>]"}, "skip_last_ip", False, "there is no"),
        ({"received": [entry(tls="")]}, "require_tls", False, "without TLS"),
        ({}, "require_tls", None, "not seen"),
        ({"X-Forefront-Antispam-Report": None}, "ip_allow_list", None, "no IPV"),
        ({"X-Forefront-Antispam-Report": "IPV:NLI;SFV:SKA;"}, "ip_allow_list", None, "IPV:NLI"),
        ({"X-CustomSpam": "SPF Record Fail"}, "spf_hard_fail", True, "SPF Record Fail"),
        ({"Authentication-Results": "spf=fail (x)"}, "spf_hard_fail", False, "SPF failed"),
        ({}, "spf_hard_fail", None, "only a message that fails"),
        ({}, "connector", None, "its trace does"),
    ],
)
def test_one_setting(fields, topic, holds, told):
    finding = judge(**fields).findings[topic]
    assert finding.holds is holds
    assert told in finding.proof


@pytest.mark.parametrize(
    "received",
    [
        [INSIDE, entry("203.0.113.9")],
        # A sender can write such a field, but only below the one that Microsoft wrote.
        [INSIDE, entry("203.0.113.9"), entry(CONNECTING)],
        [f"from x ({CONNECTING}) by mx.google.com with ESMTPS; x"],
        [f"from x ({CONNECTING}) by mail.protection.outlook.com.evil.example; x"],
        [],
    ],
)
def test_a_message_that_did_not_come_from_the_gateway_says_nothing(received):
    proof = judge(received=received or ["from a by b; x"])
    assert not proof.proved
    assert {finding.holds for finding in proof.findings.values()} == {None}


def test_the_topmost_field_counts():
    raw = message() + b""
    forged = b"X-CustomSpam: SPF Record Fail\r\n"
    head, _blank, body = raw.partition(b"\r\n\r\n")
    below = head.replace(b"Subject:", forged + b"X-Forefront-Antispam-Report: IPV:NLI\r\nSubject:")
    proof = headers.judge_message(below + b"\r\n\r\n" + body, GATEWAYS)
    assert proof.report["IPV"] == "CAL"


@given(st.binary(max_size=400))
def test_hostile_bytes_prove_nothing(raw):
    assert not headers.judge_message(raw, GATEWAYS).proved
    junk = message().replace(b"Subject: probe", b"X-Junk: " + raw.replace(b"\r", b" "))
    headers.judge_message(junk, GATEWAYS)


@pytest.mark.parametrize(
    ("data", "holds"),
    [
        ("S:InboundConnectorData=Name=edge;ConnectorType=Partner;x=y", True),
        ("a=b;S:InboundConnectorData=Id=1,Name=edge", True),
        ("S:InboundConnectorData=Name=other;x", False),
        ("S:Other=edge", None),
        ("", None),
    ],
)
def test_the_trace_names_the_connector(data, holds):
    assert headers.judge_trace([{"Event": "Receive", "Data": data}], "Edge").holds is holds
    assert headers.judge_trace([{"Event": "Send", "Data": data}], "Edge").holds is None
