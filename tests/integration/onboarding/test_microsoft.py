"""A Microsoft 365 domain: onboarded on either plane, its MX moved and moved back, locked down."""

import boto3
import pytest

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


def test_the_aws_plane(world, hosted):
    done = world.thrice("onboard_microsoft_365", **AWS, gatepost_publish_dns="route53")
    assert held(world, "HostedConnectionFilterPolicy", "Default")["IPAllowList"] == [RANGE]
    assert connector(world)["SenderIPAddresses"] == [RANGE]
    assert connector(world)["EFSkipLastIP"] is True
    assert connector(world)["Comment"] == "Connector for filtering"
    relay = boto3.client("mailmanager").list_relays()["Relays"][0]["RelayId"]
    found = boto3.client("mailmanager").get_relay(RelayId=relay)
    assert found["ServerName"] == "acme-com.mail.protection.outlook.com"
    assert done.summary["mx_points_at_gateway"] is False


def test_the_mx_moves_and_comes_back(world, hosted):
    moving = {"gatepost_publish_dns": "route53", "gatepost_move_mx": True}
    world.thrice("onboard_microsoft_365", **AWS, **moving)
    zone = boto3.client("route53").list_hosted_zones_by_name(DNSName="acme.com")["HostedZones"][0]

    def records():
        listed = boto3.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])
        return {
            (one["Name"], one["Type"]): [each["Value"] for each in one["ResourceRecords"]]
            for one in listed["ResourceRecordSets"]
        }

    assert "mail-manager-smtp" in records()["acme.com.", "MX"][0]
    assert hosted["acme.com"] in records()["_gatepost-mx.acme.com.", "TXT"][0]
    world.thrice("lock_down", **AWS, **PROVIDER)
    assert connector(world)["RestrictDomainsToIPAddresses"] is True
    # Onboarding again leaves the lock alone.
    assert world.play("onboard_microsoft_365", **AWS, **moving).changed == 0
    world.thrice("lock_down", **AWS, **PROVIDER, gatepost_locked_down=False)
    assert connector(world)["RestrictDomainsToIPAddresses"] is False
    back = world.folder / "back.yml"
    back.write_text(
        "- hosts: localhost\n  gather_facts: false\n  connection: local\n"
        "  vars: {ansible_python_interpreter: '{{ ansible_playbook_python }}'}\n  tasks:\n"
        "    - gatepost.mail.mail_domain_mx: {domain: acme.com, state: restored}\n"
    )
    assert world.thrice(back.with_suffix("")).changed == 1
    assert records()["acme.com.", "MX"] == [hosted["acme.com"]]
    assert ("_gatepost-mx.acme.com.", "TXT") not in records()


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


@pytest.mark.parametrize("where", ["nowhere", "one server", "beside the old host"])
def test_lock_down_is_refused_until_the_mx_points_at_the_gateway(world, where):
    world.play("onboard_microsoft_365", **HOSTS)
    if where == "one server":
        world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
        world.mx("acme.com", "mx1.example.net", "mx2.example.net")
    if where == "beside the old host":
        old = "acme-com.mail.protection.outlook.com"
        world.mx("acme.com", "mx1.example.net", "mx2.example.net", old)
    refused = world.play("lock_down", **HOSTS, **PROVIDER, status=2)
    assert "Not locked down" in refused.printed
    assert "ns2.example.net (127.0.0.3): 0 acme-com" in refused.printed or where != "one server"
    assert connector(world)["RestrictDomainsToIPAddresses"] is False
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": False})
    world.mx("acme.com", "mx1.example.net", "mx2.example.net")
    world.play("lock_down", **HOSTS, **PROVIDER)
    assert connector(world)["RestrictDomainsToIPAddresses"] is True


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
    assert world.play("offboard", **out, status=2).printed.count("Nothing has been changed") == 1
    done = world.thrice("offboard", **out, gatepost_offboard_confirm="acme.com")
    assert done.changed == 2
    assert held(world, "HostedConnectionFilterPolicy", "Default")["IPAllowList"] == ["192.0.2.77"]
    assert world.control("GET", "/exchange/settings")["InboundConnector"] == []


def test_the_lock_is_off_before_the_mx_is_put_back(world, hosted):
    moving = {"gatepost_publish_dns": "route53", "gatepost_move_mx": True}
    world.play("onboard_microsoft_365", **AWS, **moving)
    world.play("lock_down", **AWS, **PROVIDER)
    out = {"gatepost_onboarding": "microsoft_365", "gatepost_offboard_confirm": "acme.com"}
    printed = world.play("offboard", **AWS, **moving, **out).printed
    opened = printed.index("TASK [Let mail in again")
    moved = printed.index("TASK [Point the MX back")
    assert opened < moved < printed.index("TASK [Delete the inbound connector")
    assert world.control("GET", "/exchange/settings")["InboundConnector"] == []
