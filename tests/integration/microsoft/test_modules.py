"""The settings of the page, predicted, made, made again, changed and taken away."""

import pytest

GATEWAY = "206.55.133.0/24"
NAME = "Simple Email Service Mail Manager connector"
CONNECTOR = {
    "name": NAME,
    "comment": "Connector for filtering",
    "sender_domains": ["*"],
    "sender_ip_addresses": [GATEWAY],
    "require_tls": True,
    "enhanced_filtering": {"skip_last_ip": True, "users": []},
}
FILTER, SPAM, EDGE = (
    f"m365_{name}"
    for name in ("connection_filter_policy", "content_filter_policy", "inbound_connector")
)


def allow(tenant, *addresses, **more):
    tenant.world.cmdlet(
        "Set-HostedConnectionFilterPolicy",
        Identity="Default",
        IPAllowList=list(addresses),
        **more,
    )


def allowed(tenant):
    return set(tenant.held("HostedConnectionFilterPolicy", "Default")["IPAllowList"])


def test_the_allow_list_is_shared(tenant):
    allow(tenant, "198.51.100.7", "203.0.113.0/24")
    done = tenant.apply(FILTER, ip_allow_list=[GATEWAY])
    assert done["changed"]
    assert done["policy"]["ip_allow_list"] == ["198.51.100.7", "203.0.113.0/24", GATEWAY]
    assert done["diff"]["before"]["ip_allow_list"] == ["198.51.100.7", "203.0.113.0/24"]
    gone = tenant.apply(FILTER, ip_allow_list=[GATEWAY], state="absent")
    assert gone["changed"]
    assert allowed(tenant) == {"198.51.100.7", "203.0.113.0/24"}


def test_purging_is_explicit(tenant):
    allow(tenant, "198.51.100.7")
    tenant.apply(FILTER, ip_allow_list=[GATEWAY], purge_ip_allow_list=True)
    assert allowed(tenant) == {GATEWAY}
    tenant.apply(FILTER, ip_allow_list=[], purge_ip_allow_list=True)
    assert allowed(tenant) == set()


def test_1273_entries_of_others_and_none_is_lost(tenant):
    others = [f"8.{number // 250}.{number % 250}.1" for number in range(1273)]
    allow(tenant, *others)
    tenant.forget_calls()
    told = tenant.refuse(FILTER, ip_allow_list=[GATEWAY])
    assert "1274 entries" in told
    assert "1273" in told
    assert tenant.writes() == {}
    assert allowed(tenant) == set(others)
    allow(tenant, *others[1:])
    tenant.apply(FILTER, ip_allow_list=[GATEWAY])
    assert allowed(tenant) == {*others[1:], GATEWAY}


def test_another_writer_between_read_and_write_loses_nothing(tenant, monkeypatch):
    from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import settle

    write = settle.Writer.write

    def later(self, cmdlet, **parameters):
        allow(tenant, "198.51.100.7", "192.0.2.200")
        return write(self, cmdlet, **parameters)

    monkeypatch.setattr(settle.Writer, "write", later)
    done = tenant.run(FILTER, ip_allow_list=[GATEWAY])
    assert not done.get("failed"), done
    assert allowed(tenant) == {"198.51.100.7", "192.0.2.200", GATEWAY}


def test_both_lists_and_the_safe_list(tenant):
    options = {"ip_allow_list": [GATEWAY], "ip_block_list": ["8.8.8.8"], "enable_safe_list": True}
    assert tenant.apply(FILTER, **options)["policy"]["ip_block_list"] == ["8.8.8.8"]
    assert tenant.held("HostedConnectionFilterPolicy", "Default")["EnableSafeList"] is True


def test_hard_fail_off_in_every_policy_in_force(tenant):
    cmdlet = tenant.world.cmdlet
    for name in ("Sales", "Unused"):
        cmdlet("New-HostedContentFilterPolicy", Name=name, MarkAsSpamSpfRecordHardFail="On")
    cmdlet(
        "New-HostedContentFilterRule",
        Name="sales",
        HostedContentFilterPolicy="Sales",
        RecipientDomainIs=["acme.com"],
    )
    done = tenant.apply(SPAM, mark_as_spam_spf_record_hard_fail=False)
    assert [one["name"] for one in done["policies"]] == ["Default", "Sales"]
    marks = {
        name: tenant.held("HostedContentFilterPolicy", name)["MarkAsSpamSpfRecordHardFail"]
        for name in ("Default", "Sales", "Unused")
    }
    assert marks == {"Default": "Off", "Sales": "Off", "Unused": "On"}
    tenant.apply(SPAM, name="Unused", mark_as_spam_spf_record_hard_fail=False)
    found = tenant.run(f"{SPAM}_info")["policies"]
    assert {one["name"]: one["in_force"] for one in found} == {
        "Default": True,
        "Sales": True,
        "Unused": False,
    }
    assert "no content filter policy Gone" in tenant.refuse(
        SPAM, name="Gone", mark_as_spam_spf_record_hard_fail=False
    )


def test_the_connector_of_the_page(tenant):
    done = tenant.apply(EDGE, **CONNECTOR)
    assert done["connector"]["id"]
    held = tenant.held("InboundConnector", NAME)
    assert held["SenderDomains"] == ["smtp:*;1"]
    assert held["EFSkipLastIP"] is True
    assert held["RestrictDomainsToIPAddresses"] is False
    assert held["ConnectorType"] == "Partner"
    assert done["document"]["Comment"] == "Connector for filtering"
    found = tenant.run(f"{EDGE}_info", name=NAME.lower())["connectors"]
    assert [one["id"] for one in found] == [done["connector"]["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"require_tls": False},
        {"enabled": False},
        {"comment": "something else"},
        {"comment": ""},
        {"restrict_domains_to_ip_addresses": True},
        {"sender_ip_addresses": ["206.55.129.0/24"]},
        {"sender_ip_addresses": ["206.55.129.0/24"], "purge_sender_ip_addresses": True},
        {"sender_domains": ["example.org"], "purge_sender_domains": True},
        {"enhanced_filtering": {"skip_last_ip": False, "skip_ips": ["206.55.133.0/24"]}},
        {"enhanced_filtering": {"users": ["jane@acme.com"]}},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_connector_is_changed_and_changed_back(tenant, change):
    tenant.run(EDGE, **CONNECTOR)
    assert tenant.apply(EDGE, **{"name": NAME, **change})["changed"]
    purging = {"purge_sender_ip_addresses": True, "purge_sender_domains": True}
    back = {**CONNECTOR, **purging, "enabled": True, "restrict_domains_to_ip_addresses": False}
    assert tenant.apply(EDGE, **back)["changed"]


def test_a_connector_is_renamed_and_deleted(tenant):
    id_ = tenant.run(EDGE, **CONNECTOR)["connector"]["id"]
    assert tenant.apply(EDGE, id=id_, name="front")["connector"]["id"] == id_
    assert tenant.held("InboundConnector", NAME) is None
    assert tenant.apply(EDGE, name="front", state="absent")["connector"] is None
    assert tenant.held("InboundConnector", "front") is None
    told = tenant.refuse(EDGE, id=id_, require_tls=True)
    assert f"no inbound connector {id_}" in told


def test_lists_come_in_pages(tenant):
    for number in range(30):
        name, address = f"edge-{number:03}", f"8.8.{number}.1"
        tenant.world.cmdlet(
            "New-InboundConnector",
            Name=name,
            SenderDomains=["*"],
            ConnectorType="Partner",
            SenderIPAddresses=[address],
        )
    assert len(tenant.run(f"{EDGE}_info")["connectors"]) == 30


@pytest.mark.parametrize(
    ("module", "options", "told"),
    [
        (FILTER, {"ip_allow_list": ["10.0.0.0/24"]}, "ip_allow_list[0]"),
        (FILTER, {"ip_allow_list": ["2001:db8::/64"]}, "IPv6"),
        (FILTER, {"ip_allow_list": ["206.55.132.0/22"]}, "4 ranges of /24"),
        (FILTER, {"name": "Gone", "ip_allow_list": [GATEWAY]}, "connection filter policy Gone"),
        (FILTER, {}, "one of the following is required"),
        (EDGE, {"name": "x"}, "sender_domains: is needed"),
        (EDGE, {"name": "x", "sender_domains": []}, "at least one"),
        (EDGE, {"name": "x", "purge_sender_domains": True}, "needs sender_domains"),
        (
            EDGE,
            {**CONNECTOR, "enhanced_filtering": {"skip_last_ip": True, "skip_ips": ["8.8.8.8"]}},
            "no effect while skip_last_ip",
        ),
    ],
)
def test_bad_options_change_nothing(tenant, module, options, told):
    tenant.forget_calls()
    assert told in tenant.refuse(module, **options)
    assert told in tenant.refuse(module, check=True, **options)
    assert tenant.writes() == {}
