"""From what the service holds and what is wanted to what is written: pure, for all three kinds."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    Missing,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    connection_filter,
    content_filter,
    inbound_connector,
)

GATEWAY = "206.55.133.0/24"
DEFAULT = {"Name": "Default", "IsDefault": True, "EnableSafeList": False}


def lists(**options):
    nothing = {
        "name": "Default",
        "state": "present",
        "enable_safe_list": None,
        "ip_allow_list": None,
        "ip_block_list": None,
        "purge_ip_allow_list": False,
        "purge_ip_block_list": False,
    }
    return connection_filter.wanted({**nothing, **options})


def written(document, **options):
    current = connection_filter.shown(document)
    change = reconcile.change(current, connection_filter.desired(lists(**options), current))
    return connection_filter.parameters(document, change)


def merged(**changes):
    return {"IPAllowList": {"@odata.type": "#Exchange.GenericHashTable", **changes}}


HELD = {**DEFAULT, "IPAllowList": ["198.51.100.7/32", "8.8.8.0-8.8.8.255"], "IPBlockList": None}


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"ip_allow_list": [GATEWAY]}, merged(Add=[GATEWAY])),
        ({"ip_allow_list": ["8.8.8.0/24"]}, {}),
        (
            {"ip_allow_list": ["8.8.8.0/24"], "state": "absent"},
            merged(Remove=["8.8.8.0-8.8.8.255"]),
        ),
        ({"ip_allow_list": [GATEWAY], "state": "absent"}, {}),
        (
            {"ip_allow_list": [GATEWAY, "8.8.8.0/24"], "purge_ip_allow_list": True},
            merged(Add=[GATEWAY], Remove=["198.51.100.7/32"]),
        ),
        (
            {"ip_allow_list": [], "purge_ip_allow_list": True},
            merged(Remove=["8.8.8.0-8.8.8.255", "198.51.100.7/32"]),
        ),
        ({"ip_block_list": []}, {}),
        ({"enable_safe_list": True}, {"EnableSafeList": True}),
    ],
)
def test_only_what_changes_is_written(options, parameters):
    assert written(HELD, **options) == parameters


def test_one_string_is_a_list_of_one():
    document = {**DEFAULT, "IPAllowList": GATEWAY}
    assert connection_filter.shown(document)["ip_allow_list"] == [GATEWAY]


@pytest.mark.parametrize(
    "options",
    [
        {"purge_ip_allow_list": True},
        {"ip_allow_list": [GATEWAY], "purge_ip_allow_list": True, "state": "absent"},
        {"enable_safe_list": True, "state": "absent"},
    ],
)
def test_options_that_make_no_sense(options):
    with pytest.raises(BadOption):
        lists(**options)


RULES = [
    {"Name": "sales", "HostedContentFilterPolicy": "Sales", "State": "Enabled"},
    {"Name": "old", "HostedContentFilterPolicy": "Old", "State": "Disabled"},
]


def policy(name, mark, **more):
    document = {"Name": name, "MarkAsSpamSpfRecordHardFail": mark, **more}
    return content_filter.shown(document, RULES)


def test_policies_in_force():
    policies = [
        policy("Sales", "On"),
        policy("Old", "On"),
        policy("Default", "Off", IsDefault=True),
    ]
    assert [one["in_force"] for one in policies] == [True, False, True]
    chosen = content_filter.chosen(policies, None)
    assert [one["name"] for one in chosen] == ["Default", "Sales"]
    assert [one["name"] for one in content_filter.chosen(policies, "old")] == ["Old"]
    with pytest.raises(Missing, match="no content filter policy Gone"):
        content_filter.chosen(policies, "Gone")


CONNECTOR = {
    "Guid": "g-1",
    "Name": "edge",
    "Enabled": True,
    "ConnectorType": "Partner",
    "Comment": None,
    "SenderDomains": ["smtp:*;1"],
    "SenderIPAddresses": ["206.55.133.0/24", "198.51.100.1"],
    "RequireTls": True,
    "RestrictDomainsToIPAddresses": False,
    "EFSkipLastIP": False,
    "EFSkipIPs": ["198.51.100.1"],
    "EFUsers": None,
}


def connector(**options):
    nothing = {
        "state": "present",
        "purge_sender_domains": False,
        "purge_sender_ip_addresses": False,
    }
    return inbound_connector.wanted({**nothing, "name": "edge", **options})


def changed(document, **options):
    current = inbound_connector.shown(document) if document else None
    want = connector(**options)
    return reconcile.change(current, inbound_connector.desired(want, current))


@pytest.mark.parametrize(
    "options",
    [
        {"comment": ""},
        {"sender_domains": ["*"]},
        {"sender_domains": ["smtp:*;1"]},
        {"sender_ip_addresses": ["206.55.133.0/24"]},
        {"enhanced_filtering": {"users": [], "skip_last_ip": None, "skip_ips": None}},
        {},
    ],
)
def test_no_false_drift(options):
    assert not changed(CONNECTOR, **options).changed


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"require_tls": False}, {"RequireTls": False}),
        (
            {"sender_ip_addresses": ["8.8.8.8"]},
            {"SenderIPAddresses": ["8.8.8.8", "198.51.100.1", "206.55.133.0/24"]},
        ),
        (
            {"sender_ip_addresses": ["8.8.8.8"], "purge_sender_ip_addresses": True},
            {"SenderIPAddresses": ["8.8.8.8"]},
        ),
        ({"restrict_domains_to_ip_addresses": True}, {"RestrictDomainsToIPAddresses": True}),
        (
            {"enhanced_filtering": {"skip_last_ip": True}},
            {"EFSkipLastIP": True, "EFSkipIPs": []},
        ),
        ({"name": "front", "id": "g-1"}, {"Name": "front"}),
    ],
)
def test_a_connector_is_changed(options, parameters):
    change = changed(CONNECTOR, **options)
    made = inbound_connector.parameters(change.members)
    if change.differs("enhanced_filtering"):
        before, after = (one["enhanced_filtering"] for one in (change.before, change.after))
        made |= inbound_connector.filtering(before, after)
    assert made == parameters


def test_a_new_connector():
    with pytest.raises(BadOption, match="sender_domains: is needed"):
        changed(None, sender_ip_addresses=[GATEWAY])
    change = changed(None, sender_domains=["*"], sender_ip_addresses=[GATEWAY])
    assert change.creates
    assert change.after["connector_type"] == "Partner"
    assert change.after["require_tls"] is True
    assert change.after["restrict_domains_to_ip_addresses"] is False


def test_skip_ips_that_would_have_no_effect():
    with pytest.raises(GatepostError, match="no effect while skip_last_ip"):
        connector(enhanced_filtering={"skip_last_ip": True, "skip_ips": ["8.8.8.8"], "users": None})


def test_lock_down_is_warned_about():
    after = changed(CONNECTOR, restrict_domains_to_ip_addresses=True).after
    assert "MX must point at the gateway" in inbound_connector._warnings(after)[0]
    assert inbound_connector._warnings(changed(CONNECTOR).after) == ()
