"""Verdicts by source: the stronger decides, contradictions are told, nothing is overstated."""

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.google.attestation import Attestation
from ansible_collections.gatepost.mail.plugins.module_utils.google.evidence import (
    AuditEvent,
    inbound_gateway_policies,
    judge_log,
    policy_values,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import desired
from ansible_collections.gatepost.mail.plugins.module_utils.google.verdicts import judge

WANTED = desired("example.com", region="us-east-1")
THEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
STATED = Attestation(WANTED, "Jane Roe", THEN)


def verdicts(**sources):
    return {one.name: one for one in judge(WANTED, **sources)}


def changed(minutes, name="Inbound gateway"):
    time = THEN + timedelta(minutes=minutes)
    return AuditEvent(time, "admin@example.com", "CHANGE_GMAIL_SETTING", {"SETTING_NAME": name})


def test_without_a_source_all_is_unknown():
    assert {one.verdict for one in verdicts().values()} == {"unknown"}


def test_a_statement_of_these_settings_attests_them():
    found = verdicts(attestation=STATED)
    assert {one.verdict for one in found.values()} == {"attested"}
    assert "Jane Roe on 2026-03-01" in found["require_tls"].evidence[0]


def test_a_statement_of_other_settings_is_void():
    other = Attestation(desired("example.com", region="eu-west-1"), "Jane Roe", THEN)
    found = verdicts(attestation=other)
    assert {one.verdict for one in found.values()} == {"unknown"}
    assert "void" in found["enabled"].evidence[0]


def test_a_later_change_in_the_log_voids_the_statement():
    log = judge_log([changed(-5), changed(10)], THEN)
    found = verdicts(attestation=STATED, log=log)
    assert {one.verdict for one in found.values()} == {"unknown"}
    assert "admin@example.com changed" in found["enabled"].evidence[0]


@pytest.mark.parametrize(
    ("events", "word"),
    [([changed(-5)], "agrees"), ([], "no change"), ([changed(5, "Compliance")], "no change")],
)
def test_the_log_corroborates_or_says_nothing(events, word):
    one = verdicts(attestation=STATED, log=judge_log(events, THEN))["enabled"]
    assert one.verdict == "attested"
    assert word in one.evidence[1]


def policy(**value):
    return {"setting": {"type": "settings/gmail.inbound_gateway", "value": value}}


def test_the_policy_api_verifies_and_contradicts():
    values = policy_values([policy(enabled=True, gatewayIps=["206.55.129.0/24"], requireTls=False)])
    found = verdicts(policy_values=values, attestation=STATED)
    assert found["enabled"].verdict == found["gateway_ips"].verdict == "verified"
    assert (found["require_tls"].verdict, found["require_tls"].contradicted) == ("unknown", True)
    assert found["detect_external_ip"].verdict == "attested"


def test_one_organizational_unit_that_differs_contradicts():
    values = policy_values([policy(enabled=True), policy(enabled=False)])
    assert verdicts(policy_values=values)["enabled"].contradicted


def test_the_outbound_gateway_is_another_setting():
    listed = [{"setting": {"type": "settings/gmail.per_user_outbound_gateway"}}, policy()]
    assert inbound_gateway_policies(listed) == [policy()]
