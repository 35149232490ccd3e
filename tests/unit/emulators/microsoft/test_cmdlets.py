"""The settings as the cmdlets hold them: canonical forms, limits, merges and lags."""

import pytest


def refused(world, cmdlet, **parameters):
    answer = world.invoke(cmdlet, parameters)
    assert answer.status_code == 400
    return answer.json()["error"]["innererror"]["internalexception"]


def allow_list(world):
    (policy,) = world.invoke("Get-HostedConnectionFilterPolicy").json()["value"]
    return policy["IPAllowList"]


def table(**members):
    return {"@odata.type": "#Exchange.GenericHashTable", **members}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("206.55.129.0/24", ["206.55.129.0/24"]),
        (["206.55.129.9/24"], ["206.55.129.0/24"]),
        (["192.0.2.1/32", "192.0.2.1"], ["192.0.2.1"]),
        (["192.0.2.1-192.0.2.9"], ["192.0.2.1-192.0.2.9"]),
        ([], []),
        (None, []),
    ],
)
def test_an_allow_list_is_stored_canonically(world, given, stored):
    world.cmdlet("Set-HostedConnectionFilterPolicy", Identity="default", IPAllowList=given)
    assert allow_list(world) == stored


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("2001:db8::1", "IPv6"),
        ("206.55.0.0/16", "between /24 and /32"),
        ("206.55.129.0/33", "between /24 and /32"),
        ("192.0.2.9-192.0.2.1", "ends before it begins"),
        ("example.com", "invalid"),
        ("", "invalid"),
        (7, "neither"),
        ([7], "not a string"),
        ({"Add": ["192.0.2.1"]}, "#Exchange.GenericHashTable"),
        (table(Insert=["192.0.2.1"]), "Add and Remove"),
    ],
)
def test_what_is_no_range_is_refused(world, given, reason):
    found = refused(
        world, "Set-HostedConnectionFilterPolicy", Identity="Default", IPAllowList=given
    )
    assert reason in found["message"]
    assert found["type"].endswith("ParameterTransformationException")
    assert allow_list(world) == []


def test_a_hash_table_merges_and_keeps_the_others_entries(world):
    others = [f"10.{n // 250}.{n % 250}.1" for n in range(1272)]
    world.cmdlet("Set-HostedConnectionFilterPolicy", Identity="Default", IPAllowList=others)
    change = table(Add=["206.55.129.0/24"], Remove=["10.0.0.1", "10.9.9.9"])
    world.invoke("Set-HostedConnectionFilterPolicy", {"Identity": "Default", "IPAllowList": change})
    assert allow_list(world) == [*others[1:], "206.55.129.0/24"]
    world.cmdlet(
        "Set-HostedConnectionFilterPolicy", Identity="Default", IPAllowList=table(Add="192.0.2.1")
    )
    assert len(allow_list(world)) == 1273
    found = refused(
        world,
        "Set-HostedConnectionFilterPolicy",
        Identity="Default",
        IPAllowList=table(Add=["192.0.2.2"]),
    )
    assert "1273" in found["message"]
    assert len(allow_list(world)) == 1273


def connector(world, **parameters):
    given = {"Name": "Mail Manager", "SenderDomains": "*", **parameters}
    return world.invoke("New-InboundConnector", given)


def test_a_new_connector_shows_what_is_stored(world):
    answer = connector(
        world,
        ConnectorType="partner",
        SenderIPAddresses=["206.55.129.7/24"],
        RequireTls=True,
        Comment="Connector for filtering",
        EFSkipLastIP=True,
    )
    (made,) = answer.json()["value"]
    (read,) = world.invoke("Get-InboundConnector", {"Identity": "mail manager"}).json()["value"]
    assert made == read
    assert read["SenderDomains"] == ["smtp:*;1"]
    assert read["SenderIPAddresses"] == ["206.55.129.0/24"]
    assert read["ConnectorType"] == "Partner"
    assert read["TlsSenderCertificateName"] is None
    assert read["EFUsers"] == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("*", "smtp:*;1"),
        ("smtp:*;1", "smtp:*;1"),
        ("SMTP:Gmail.com;20", "smtp:Gmail.com;20"),
        ("*.gmail.com", "smtp:*.gmail.com;1"),
    ],
)
def test_sender_domains_have_one_form(world, given, stored):
    (made,) = connector(world, SenderDomains=given).json()["value"]
    assert made["SenderDomains"] == [stored]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"SenderDomains": "smtp:*;101"}, "between 1 and 100"),
        ({"SenderDomains": "x400:*"}, "must be smtp"),
        ({"SenderDomains": "*gmail"}, "valid SMTP domain"),
        ({"SenderDomains": []}, "SenderDomains"),
        ({"SenderIPAddresses": ["206.55.0.0/16"]}, "between /24 and /32"),
        ({"SenderIPAddresses": ["192.0.2.1-192.0.2.2"]}, "invalid"),
        ({"Name": "x" * 65}, "maximum length is 64"),
        ({"RequireTls": "yes"}, "Boolean"),
        ({"RestrictDomainsToIPAddresses": True}, "SenderIPAddresses can't be empty"),
        ({"RestrictDomainsToCertificate": True}, "TlsSenderCertificateName can't be empty"),
        ({"TlsSenderCertificateName": "mx.example.net"}, "RequireTls must be"),
        (
            {"TlsSenderCertificateName": "not a name", "RequireTls": True},
            "certificate domain name",
        ),
        ({"ConnectorType": "OnPremises"}, "OnPremises needs"),
        ({"EFSkipLastIP": True, "EFSkipIPs": ["192.0.2.1"]}, "only when EFSkipLastIP is $false"),
        ({"EFUsers": ["jane@example.net"]}, "couldn't be found"),
        ({"TreatMessagesAsInternal": True}, "needs the ConnectorType OnPremises"),
    ],
)
def test_a_connector_that_does_not_hold_together_is_refused(world, wrong, reason):
    given = {"Name": "Mail Manager", "SenderDomains": "*", **wrong}
    assert reason in refused(world, "New-InboundConnector", **given)["message"]
    assert world.invoke("Get-InboundConnector").json()["value"] == []


def test_a_name_is_taken_once(world):
    connector(world)
    found = refused(world, "New-InboundConnector", Name="MAIL MANAGER", SenderDomains="*")
    assert found["type"].endswith("ADObjectAlreadyExistsException")


def test_a_connector_is_renamed_changed_and_removed(world):
    connector(world)
    change = {"Identity": "Mail Manager", "Name": "Gateway", "EFSkipLastIP": True}
    assert world.invoke("Set-InboundConnector", change).content == b""
    (found,) = world.invoke("Get-InboundConnector").json()["value"]
    assert (found["Name"], found["Identity"], found["EFSkipLastIP"]) == ("Gateway", "Gateway", True)
    (same,) = world.invoke("Get-InboundConnector", {"Identity": found["Guid"]}).json()["value"]
    assert same == found
    world.invoke("Remove-InboundConnector", {"Identity": "Gateway", "Confirm": False})
    assert world.invoke("Get-InboundConnector").json()["value"] == []


def test_what_if_changes_nothing(world):
    assert connector(world, WhatIf=True).status_code == 200
    assert world.invoke("Get-InboundConnector").json()["value"] == []


def test_policies_in_force_are_the_default_and_those_with_a_rule(world):
    world.cmdlet("New-HostedContentFilterPolicy", Name="Sales", MarkAsSpamSpfRecordHardFail="on")
    world.cmdlet(
        "New-HostedContentFilterRule",
        Name="Sales",
        HostedContentFilterPolicy="Sales",
        RecipientDomainIs="acme.com",
    )
    policies = world.invoke("Get-HostedContentFilterPolicy").json()["value"]
    assert [one["MarkAsSpamSpfRecordHardFail"] for one in policies] == ["Off", "On"]
    (rule,) = world.invoke("Get-HostedContentFilterRule").json()["value"]
    assert (rule["State"], rule["Priority"]) == ("Enabled", 0)
    world.cmdlet("Disable-HostedContentFilterRule", Identity="Sales")
    (rule,) = world.invoke("Get-HostedContentFilterRule").json()["value"]
    assert rule["State"] == "Disabled"
    assert (
        "uses it" in refused(world, "Remove-HostedContentFilterPolicy", Identity="Sales")["message"]
    )
    world.cmdlet("Remove-HostedContentFilterRule", Identity="Sales")
    world.cmdlet("Remove-HostedContentFilterPolicy", Identity="Sales")
    refused(world, "Remove-HostedContentFilterPolicy", Identity="Default")


@pytest.mark.parametrize("value", ["Maybe", True, None, ["On"]])
def test_an_option_is_off_on_or_test(world, value):
    found = refused(
        world,
        "Set-HostedContentFilterPolicy",
        Identity="Default",
        MarkAsSpamSpfRecordHardFail=value,
    )
    assert "Off, On, Test" in found["message"]


def test_a_dehydrated_organization_refuses_writes_until_it_has_settled(world):
    settings = {"dehydrated": True, "hydration": 2, "flag_lag": 1}
    world.control("POST", "/exchange/organization", settings)

    def flag():
        (found,) = world.invoke("Get-OrganizationConfig").json()["value"]
        return found["IsDehydrated"]

    def write():
        return world.invoke(
            "Set-HostedConnectionFilterPolicy", {"Identity": "Default", "IPAllowList": "192.0.2.1"}
        )

    assert flag()
    assert "Dehydrated" in write().json()["error"]["innererror"]["internalexception"]["type"]
    assert write().status_code == 400
    assert world.invoke("Enable-OrganizationCustomization").status_code == 200
    assert [write().status_code for _ in range(3)] == [400, 400, 200]
    assert [flag(), flag()] == [True, False]
    assert "not required" in refused(world, "Enable-OrganizationCustomization")["message"]


def test_reads_lag_behind_writes(world):
    world.control("POST", "/exchange/organization", {"stale_reads": 2})
    world.invoke(
        "Set-HostedConnectionFilterPolicy", {"Identity": "Default", "IPAllowList": "192.0.2.1"}
    )
    assert [allow_list(world) for _ in range(3)] == [[], [], ["192.0.2.1"]]
    connector(world)
    lagging = world.invoke("Get-InboundConnector", {"Identity": "Mail Manager"})
    assert lagging.status_code == 400
    world.invoke("Get-InboundConnector")
    found = world.invoke("Get-InboundConnector", {"Identity": "Mail Manager"}).json()["value"]
    assert len(found) == 1


def test_merges_at_once_lose_nothing(world):
    from concurrent.futures import ThreadPoolExecutor

    token = world.sign_in()["access_token"]

    def add(number):
        change = {"Identity": "Default", "IPAllowList": table(Add=[f"192.0.2.{number}"])}
        return world.invoke("Set-HostedConnectionFilterPolicy", change, token=token).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(1, 33))) == {200}
    assert len(allow_list(world)) == 32


def test_accepted_domains_are_the_organizations(world):
    world.control("POST", "/exchange/organization", {"domains": ["Acme.com", "acme.net"]})
    found = world.invoke("Get-AcceptedDomain").json()["value"]
    assert [one["DomainName"] for one in found] == ["acme.com", "acme.net"]
    assert "couldn't be found" in refused(world, "Get-AcceptedDomain", Identity="x.org")["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"StartDate": "2026-01-01"},
        {"StartDate": "yesterday", "EndDate": "today"},
        {"StartDate": "2001-01-01", "EndDate": "2001-01-02"},
        {"ResultSize": 5001},
        {"Status": "Lost"},
    ],
)
def test_a_trace_has_its_limits(world, wrong):
    refused(world, "Get-MessageTraceV2", **wrong)


@pytest.mark.parametrize(
    "body",
    [
        {"stale_reads": -1},
        {"dehydrated": 1},
        {"domains": []},
        {"domains": "acme.com"},
        {"name": "x"},
        [],
    ],
)
def test_control_refuses_what_it_does_not_know(world, body):
    import requests

    url = world.info["control"] + "/exchange/organization"
    assert requests.post(url, json=body, timeout=10).status_code == 400
