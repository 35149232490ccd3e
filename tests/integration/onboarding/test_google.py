"""A Google Workspace domain, onboarded on either plane."""

import json

import boto3

from tests.integration.onboarding.conftest import RANGE, REGION

VARIABLES = {
    "gatepost_domain": "example.com",
    "gatepost_region": REGION,
    "gatepost_exchange_host": "exchange.example.net",
    "gatepost_publish_dns": "route53",
}


def test_the_aws_plane(world, hosted):
    done = world.thrice("onboard_google_workspace", **VARIABLES)
    assert done.changed >= 8
    mail = boto3.client("mailmanager")
    assert mail.list_ingress_points()["IngressPoints"][0]["Status"] == "ACTIVE"
    names = {relay["RelayName"] for relay in mail.list_relays()["Relays"]}
    assert names == {"RelayToMyExchangeServer", "RelayToGoogleWorkspace"}
    summary = done.summary
    assert summary["gateway_ips"] == [RANGE]
    assert summary["mx_hosts"][0].endswith(f"mail-manager-smtp.{REGION}.amazonaws.com")
    assert summary["mx_points_at_gateway"] is False
    assert "require_tls" in summary["inbound_gateway"]["unknown"]
    assert any(RANGE in one for one in summary["remains"])
    assert any("point the MX of example.com" in one for one in summary["remains"])

    moving = {"gatepost_move_mx": True}
    refused = world.play("onboard_google_workspace", **VARIABLES, **moving, status=2)
    assert "The MX was not moved. First, in this order: Set and attest at Google" in refused.printed

    google = {
        "gatepost_attested_by": "Jane Roe",
        "gatepost_attestation_note": "CHG-1042",
        "gatepost_google_credentials": world.info["env"]["GATEPOST_GOOGLE_CREDENTIALS"],
        "gatepost_google_admin": world.info["env"]["GATEPOST_GOOGLE_SUBJECT"],
    }
    done = world.play("onboard_google_workspace", **VARIABLES, **google, **moving)
    assert done.changed == 2
    assert done.summary["inbound_gateway"]["unknown"] == []
    assert "require_tls" in done.summary["inbound_gateway"]["attested"]
    assert json.loads((world.folder / "attestation.json").read_text())["attested_by"] == "Jane Roe"
    again = world.play("onboard_google_workspace", **VARIABLES, **google, **moving)
    assert again.changed == 0
    assert again.summary["mx_points_at_gateway"] is True


def test_the_hosts_plane(world):
    variables = {
        "gatepost_domain": "example.com",
        "gatepost_plane": "hosts",
        "gatepost_gateway_ips": ["203.0.114.25"],
        "gatepost_gateway_hosts": ["mx1.example.net"],
        "gatepost_attested_by": "Jane Roe",
    }
    done = world.thrice("onboard_google_workspace", **variables)
    assert done.changed == 1
    assert done.summary["gateway_ips"] == ["203.0.114.25"]
    assert world.control("GET", "/aws/calls")["writes"] == {}
