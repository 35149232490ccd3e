"""Each setting of the page, right, then wrong in turn: the one that is wrong is the one named."""

import copy

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    headers,
    settings,
    verdicts,
)
from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import Finding
from delivered_by_microsoft import message

GATEWAY = "206.55.133.0/24"
WANTED = settings.desired("acme.com", region="eu-west-1")
PAGE = {
    "connection_filter": {"name": "Default", "ip_allow_list": ["198.51.100.1", GATEWAY]},
    "content_filters": [
        {"name": "Default", "in_force": True, "mark_as_spam_spf_record_hard_fail": False},
        {"name": "Sales", "in_force": True, "mark_as_spam_spf_record_hard_fail": False},
        {"name": "Unused", "in_force": False, "mark_as_spam_spf_record_hard_fail": True},
    ],
    "connectors": [
        {
            "name": settings.CONNECTOR,
            "enabled": True,
            "connector_type": "Partner",
            "comment": settings.DESCRIPTION,
            "sender_domains": ["*"],
            "sender_ip_addresses": [GATEWAY],
            "require_tls": True,
            "restrict_domains_to_ip_addresses": False,
            "enhanced_filtering": {"skip_last_ip": True, "skip_ips": [], "users": []},
        }
    ],
}


def judge(state=PAGE, wanted=WANTED, **proofs):
    return {one.name: one for one in verdicts.judge(wanted, verdicts.State(**state), **proofs)}


def wrong(found):
    assert all(one.contradicted == (one.verdict != "verified") for one in found.values())
    return [name for name, one in found.items() if one.contradicted]


def test_all_right():
    found = judge(message=headers.judge_message(message(), [GATEWAY]))
    assert tuple(found) == settings.NAMES
    assert wrong(found) == []


CONNECTOR = ("connectors", 0)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("connection_filter", "ip_allow_list"), ["198.51.100.1"], "ip_allow_list"),
        (
            ("content_filters", 0, "mark_as_spam_spf_record_hard_fail"),
            True,
            "spf_hard_fail",
        ),
        (
            ("content_filters", 1, "mark_as_spam_spf_record_hard_fail"),
            True,
            "spf_hard_fail",
        ),
        (("content_filters", 1, "mark_as_spam_spf_record_hard_fail"), None, "spf_hard_fail"),
        ((*CONNECTOR, "enabled"), False, "connector_enabled"),
        ((*CONNECTOR, "connector_type"), "OnPremises", "connector_type"),
        ((*CONNECTOR, "comment"), "", "description"),
        ((*CONNECTOR, "sender_domains"), ["example.com"], "sender_domains"),
        ((*CONNECTOR, "sender_ip_addresses"), ["206.55.129.0/24"], "sender_ip_addresses"),
        ((*CONNECTOR, "require_tls"), False, "require_tls"),
        (
            (*CONNECTOR, "restrict_domains_to_ip_addresses"),
            True,
            "restrict_domains_to_ip_addresses",
        ),
        ((*CONNECTOR, "enhanced_filtering", "skip_last_ip"), False, "skip_last_ip"),
        ((*CONNECTOR, "enhanced_filtering", "users"), ["a@acme.com"], "entire_organization"),
    ],
)
def test_one_setting_wrong(path, value, named):
    state = copy.deepcopy(PAGE)
    place = state
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]] != value
    place[path[-1]] = value
    found = judge(state)
    assert wrong(found) == [named]
    assert found[named].evidence


def test_without_the_connector_all_of_it_is_wrong():
    found = judge({**PAGE, "connectors": []})
    assert wrong(found) == list(settings.NAMES[2:])


def test_a_message_contradicts_what_is_written():
    raw = message(**{"X-MS-Exchange-SkipListedInternetSender": None})
    found = judge(message=headers.judge_message(raw, [GATEWAY]))
    assert wrong(found) == ["skip_last_ip"]
    assert "message:" in found["skip_last_ip"].evidence[0]
    spam = headers.judge_message(message(**{"X-CustomSpam": "SPF Record Fail"}), [GATEWAY])
    assert wrong(judge(message=spam)) == ["spf_hard_fail"]
    assert wrong(judge(trace=Finding(False, "another connector"))) == ["connector"]


def test_enhanced_filtering_only():
    wanted = settings.desired("acme.com", region="eu-west-1", mode="enhanced_filtering_only")
    assert wrong(judge(wanted=wanted)) == ["ip_allow_list"]
    state = {**PAGE, "connection_filter": {"name": "Default", "ip_allow_list": ["198.51.100.1"]}}
    assert wrong(judge(state, wanted)) == []
    allowed = headers.judge_message(message(), [GATEWAY])
    assert wrong(judge(state, wanted, message=allowed)) == ["ip_allow_list"]


def test_locked_down():
    wanted = settings.desired("acme.com", gateway_ips=[GATEWAY], locked_down=True)
    assert wrong(judge(wanted=wanted)) == ["restrict_domains_to_ip_addresses"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"region": "eu-west-1", "gateway_ips": [GATEWAY]},
        {"region": "mars"},
        {"gateway_ips": ["10.0.0.1"]},
        {"region": "eu-west-1", "mode": "x"},
    ],
)
def test_wishes_that_make_no_sense(options):
    with pytest.raises(BadOption):
        settings.desired("acme.com", **options)
