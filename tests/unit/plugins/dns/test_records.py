"""Texts of the DNS, right and wrong; whatever stands there, reading it never fails."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.dns import records
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("texts", "includes", "all_", "problems"),
    [
        (["v=spf1 include:amazonses.com +include:b.example -all"], 2, "-", 0),
        (["V=SPF1 ~ALL"], 0, "~", 0),
        (["v=spf1 a mx all"], 0, "+", 1),
        (["v=spf1 ip4:192.0.2.1"], 0, "", 0),
        (["v=spf1 -all", "v=spf1 ~all"], 0, "-", 1),
    ],
)
def test_spf(texts, includes, all_, problems):
    found = records.spf(["google-site-verification=x", *texts])
    assert (len(found.includes), found.all, len(found.problems)) == (includes, all_, problems)


@pytest.mark.parametrize("text", ["v=spf10 -all", "spf1", "", "v=spf1x"])
def test_no_spf(text):
    assert records.spf([text]) is None


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (records.dmarc, "v=DMARC1; p=reject; rua=mailto:a@b.example", None),
        (records.dmarc, "v=DMARC1; p=maybe", "its policy"),
        (records.dmarc, "v=DMARC1", "its policy"),
        (records.dkim, "v=DKIM1; k=rsa; p=MIGf MA0", None),
        (records.dkim, "p=", "revoked"),
        (records.mta_sts, "v=STSv1; id=20261124", None),
        (records.mta_sts, "v=STSv1; id=2026-11-24", "its id="),
        (records.tls_reporting, "v=TLSRPTv1; rua=https://x.example/r", None),
        (records.tls_reporting, "v=TLSRPTv1;", "its rua="),
    ],
)
def test_a_record(read, text, problem):
    found = read(["something else", text])
    assert found.text == text
    assert [problem in one for one in found.problems] == ([True] if problem else [])


@pytest.mark.parametrize("read", [records.dmarc, records.mta_sts, records.tls_reporting])
def test_another_version_is_no_record(read):
    assert read(["v=X1; p=none", "p=none; v=DMARC1", ""]) is None


def test_two_of_one_kind_count_for_nothing():
    assert "several" in records.dmarc(["v=DMARC1; p=none", "v=DMARC1; p=none"]).problems[0]


@pytest.mark.parametrize(
    ("pattern", "host", "allowed"),
    [
        ("mx.example.com", "MX.example.com.", True),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("mx.example.com", "mx.example.net", False),
    ],
)
def test_a_policy_allows(pattern, host, allowed):
    policy = records.sts_policy(f"version: STSv1\nmode: enforce\nmx: {pattern}\nmax_age: 1\n")
    assert policy.problems == ()
    assert policy.allows(host) is allowed


READERS = (
    records.spf,
    records.dmarc,
    records.dkim,
    records.mta_sts,
    records.tls_reporting,
)


@given(
    st.lists(st.text(max_size=80), max_size=3), st.sampled_from(["", "v=STSv1;", "v=spf1 ", "p="])
)
def test_hostile_texts(texts, start):
    for read in READERS:
        found = read([start + text for text in texts])
        assert found is None or found.document()
    records.sts_policy("\n".join(texts)).document()
