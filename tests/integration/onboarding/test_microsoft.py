"""A Microsoft 365 domain: onboarded on either plane, its MX moved and moved back, locked down."""

import boto3

from tests.integration.onboarding.conftest import RANGE, REGION

NAME = "Simple Email Service Mail Manager connector"
AWS = {"gatepost_domain": "acme.com", "gatepost_region": REGION}
HOSTS = {
    "gatepost_domain": "acme.com",
    "gatepost_plane": "hosts",
    "gatepost_gateway_ips": ["203.0.114.25", "203.0.114.26"],
    "gatepost_gateway_hosts": ["mx1.example.net", "mx2.example.net"],
}
PROVIDER = {"gatepost_provider": "microsoft_365"}


def held(world, kind, name):
    objects = world.control("GET", "/exchange/settings")[kind]
    return next(one for one in objects if one["Name"] == name)


def connector(world):
    return held(world, "InboundConnector", NAME)


def records(domain):
    """What Route 53 holds."""
    client = boto3.client("route53")
    zone = client.list_hosted_zones_by_name(DNSName=domain)["HostedZones"][0]
    listed = client.list_resource_record_sets(HostedZoneId=zone["Id"])
    return {
        (one["Name"], one["Type"]): [each["Value"] for each in one["ResourceRecords"]]
        for one in listed["ResourceRecordSets"]
    }


def test_the_aws_plane_there_and_back(world, hosted):
    moving = {"gatepost_publish_dns": "route53", "gatepost_move_mx": True}
    world.thrice("onboard_microsoft_365", **AWS, **moving)
    assert held(world, "HostedConnectionFilterPolicy", "Default")["IPAllowList"] == [RANGE]
    assert connector(world)["SenderIPAddresses"] == [RANGE]
    assert connector(world)["EFSkipLastIP"] is True
    assert connector(world)["Comment"] == "Connector for filtering"
    mail = boto3.client("mailmanager")
    found = mail.get_relay(RelayId=mail.list_relays()["Relays"][0]["RelayId"])
    assert found["ServerName"] == "acme-com.mail.protection.outlook.com"
    assert "mail-manager-smtp" in records("acme.com")["acme.com.", "MX"][0]
    assert hosted["acme.com"] in records("acme.com")["_gatepost-mx.acme.com.", "TXT"][0]

    world.thrice("lock_down", **AWS, **PROVIDER)
    assert connector(world)["RestrictDomainsToIPAddresses"] is True
    # Onboarding again leaves the lock alone.
    again = world.play("onboard_microsoft_365", **AWS, **moving)
    assert again.changed == 0
    assert again.summary["mx_points_at_gateway"] is True

    out = {"gatepost_onboarding": "microsoft_365", "gatepost_offboard_confirm": "acme.com"}
    printed = world.play("offboard", **AWS, **moving, **out).printed
    opened = printed.index("TASK [Let mail in again")
    moved = printed.index("TASK [Point the MX back")
    assert opened < moved < printed.index("TASK [Delete the inbound connector")
    assert world.control("GET", "/exchange/settings")["InboundConnector"] == []
    assert records("acme.com")["acme.com.", "MX"] == [hosted["acme.com"]]
    assert ("_gatepost-mx.acme.com.", "TXT") not in records("acme.com")


def test_the_hosts_plane_without_an_allow_list(world):
    mode = {"gatepost_mode": "enhanced_filtering_only"}
    done = world.thrice("onboard_microsoft_365", **HOSTS, **mode)
    assert done.changed == 1
    assert held(world, "HostedConnectionFilterPolicy", "Default")["IPAllowList"] == []
    assert connector(world)["SenderIPAddresses"] == HOSTS["gatepost_gateway_ips"]
    assert world.control("GET", "/aws/calls")["writes"] == {}


def test_the_hosts_of_the_inventory(world):
    inventory = world.folder / "hosts.yml"
    inventory.write_text(
        "relay:\n  hosts:\n"
        "    a: {relay_hostname: mx1.example.net, gatepost_public_addresses: [203.0.114.25]}\n"
        "    b: {relay_hostname: mx2.example.net, gatepost_public_addresses: [203.0.114.26]}\n"
    )
    plane = {"gatepost_domain": "acme.com", "gatepost_plane": "hosts"}
    done = world.play("onboard_microsoft_365", inventory=str(inventory), **plane)
    assert done.summary["gateway_ips"] == ["203.0.114.25", "203.0.114.26"]
    assert done.summary["mx_hosts"] == ["mx1.example.net", "mx2.example.net"]


def test_lock_down_is_refused_until_the_mx_points_at_the_gateway(world):
    hosts, old = HOSTS["gatepost_gateway_hosts"], "acme-com.mail.protection.outlook.com"
    world.mx("acme.com", *hosts)
    printed = world.play("lock_down", **HOSTS, **PROVIDER, status=2).printed
    assert f"There is no inbound connector {NAME}: onboard the domain first" in printed
    world.mx("acme.com", old)
    world.play("onboard_microsoft_365", **HOSTS)

    def refused():
        printed = world.play("lock_down", **HOSTS, **PROVIDER, status=2).printed
        assert "Not locked down" in printed
        assert connector(world)["RestrictDomainsToIPAddresses"] is False
        return printed

    assert f"the resolver (127.0.0.1): 10 {old}" in refused()
    world.mx("acme.com", *hosts, old)
    refused()
    world.mx("acme.com", old)
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
    world.mx("acme.com", *hosts)
    assert f"ns2.example.net (127.0.0.3): 10 {old}" in refused()
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": False})
    world.mx("acme.com", *hosts)
    world.play("lock_down", **HOSTS, **PROVIDER)
    assert connector(world)["RestrictDomainsToIPAddresses"] is True
    assert world.play("lock_down", **HOSTS, **PROVIDER, gatepost_locked_down=False).changed == 1
    assert connector(world)["RestrictDomainsToIPAddresses"] is False


def test_nothing_is_changed_without_what_only_the_user_knows(world):
    for playbook in ("onboard_microsoft_365", "lock_down"):
        done = world.play(playbook, gatepost_domain="acme.com", status=2)
        assert "Nothing has been changed" in done.printed
    assert world.writes() == {}


def test_a_domain_on_hosts_is_taken_out_again(world):
    cmdlet = {
        "CmdletName": "Set-HostedConnectionFilterPolicy",
        "Parameters": {"Identity": "Default", "IPAllowList": ["192.0.2.77"]},
    }
    world.control("POST", "/exchange/cmdlet", cmdlet)
    world.play("onboard_microsoft_365", **HOSTS)
    out = {**HOSTS, "gatepost_onboarding": "microsoft_365"}
    assert "Nothing has been changed" in world.play("offboard", **out, status=2).printed
    done = world.thrice("offboard", **out, gatepost_offboard_confirm="acme.com")
    assert done.changed == 2
    assert held(world, "HostedConnectionFilterPolicy", "Default")["IPAllowList"] == ["192.0.2.77"]
    assert world.control("GET", "/exchange/settings")["InboundConnector"] == []
