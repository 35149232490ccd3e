"""The Google Workspace runbook against the emulators: right settings pass; a wrong one is named and
keeps no other from being judged."""

from __future__ import annotations

import hashlib
import json
import smtplib
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

import emulators
from notebooks.runbook.launch import Result, run

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "google_workspace.ipynb"
PROBE = "probe-1@example.org"
REGION = "us-east-1"
RIGHT = {
    "enabled": True,
    "gateway_ips": ["206.55.129.0/24"],
    "detect_external_ip": True,
    "require_tls": True,
}


@dataclass
class World:
    """The emulators, with a domain that is onboarded."""

    info: Mapping[str, Any]
    mailmanager: Any
    relay_id: str

    def gateway(self, **changes: object) -> None:
        request = urllib.request.Request(
            self.info["control"] + "/google/gateway",
            json.dumps(RIGHT | changes).encode(),
            method="POST",
        )
        urllib.request.urlopen(request, timeout=10).close()

    def send(self) -> None:
        """A message as a gateway passes it on; the forwarder plays the gateway's address."""
        host, _, port = self.info["smtp"]["google"].rpartition(":")
        message = (
            "Received: from client.example.org (client.example.org [198.51.100.9])\r\n"
            "\tby mx1.example.com with ESMTP id 1; Tue, 24 Nov 2026 06:00:00 +0000\r\n"
            f"From: carol@example.org\r\nTo: amy@example.com\r\nMessage-ID: <{PROBE}>\r\n\r\nx\r\n"
        )
        with smtplib.SMTP(host, int(port), timeout=10) as client:
            context = ssl.create_default_context(cafile=self.info["ca"])
            context.check_hostname = False
            client.starttls(context=context)
            client.sendmail("carol@example.org", ["amy@example.com"], message)

    def run(self, output: Path, **parameters: Any) -> Result:
        given = {
            "aws_endpoint_url": self.info["aws"],
            "google_key_file": self.info["env"]["GATEPOST_GOOGLE_CREDENTIALS"],
            "google_admin": self.info["env"]["GATEPOST_GOOGLE_SUBJECT"],
            "google_endpoint_url": self.info["google"],
            "probe_mailbox": "amy@example.com",
            "probe_message_id": PROBE,
            "probe_wait_seconds": 0,
        }
        return run(NOTEBOOK, given | parameters, output)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with emulators.running() as info, pytest.MonkeyPatch.context() as patch:
        for name, value in info["env"].items():
            patch.setenv(name, value)
        yield _onboarded(info)


def test_right_settings_pass(world: World, tmp_path: Path) -> None:
    world.gateway()
    world.send()
    result = world.run(tmp_path)
    assert result.passed, result.error
    verdicts = {step["step"]: step["verdict"] for step in result.steps}
    assert verdicts["Inbound, note: recipient domain"] == "verified"
    assert verdicts["Live probe: through the gateway"] == "verified"
    # What nobody can see from outside, and nobody attested, is not claimed.
    assert verdicts["Google 3: Gateway IPs"] == "unknown"
    assert json.loads(result.result.read_text())["steps"] == list(result.steps)
    sums = json.loads(result.manifest.read_text())["sha256"]
    for name in ("google_workspace.ipynb", "google_workspace.html", "result.json"):
        assert sums[name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    html = result.html.read_text()
    assert "<svg" in html
    assert "<script" not in html
    assert 'src="http' not in html


def test_wrong_settings_are_named_and_later_steps_judged(world: World, tmp_path: Path) -> None:
    world.gateway(detect_external_ip=False)
    world.mailmanager.update_relay(RelayId=world.relay_id, ServerPort=2525)
    try:
        world.send()
        result = world.run(tmp_path)
    finally:
        world.mailmanager.update_relay(RelayId=world.relay_id, ServerPort=25)
    assert not result.passed
    assert "Inbound 3: port: asked 25; found 2525" in result.error
    assert "Google 3: Automatically detect external IP: asked selected" in result.error
    assert result.steps[-1]["step"].startswith("Google, beyond the page")
    assert "2 failed" in result.html.read_text()


def test_what_cannot_be_read_is_unknown_and_shown_harmlessly(world: World, tmp_path: Path) -> None:
    world.gateway()
    hostile = "x<script>alert(1)</script>x"
    result = world.run(tmp_path, probe_message_id=hostile)
    assert result.passed, result.error
    verdicts = {step["step"]: step["verdict"] for step in result.steps}
    assert verdicts["Live probe: arrival"] == "unknown"
    html = result.html.read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def _onboarded(info: Mapping[str, Any]) -> World:
    options = {"endpoint_url": info["aws"], "region_name": REGION}
    route53, ses = boto3.client("route53", **options), boto3.client("sesv2", **options)
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="t")["HostedZone"]["Id"]
    identity = ses.create_email_identity(EmailIdentity="example.com")
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"{token}._domainkey.example.com",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"{token}.dkim.amazonses.com"}],
            },
        }
        for token in identity["DkimAttributes"]["Tokens"]
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    mailmanager = boto3.client("mailmanager", **options)
    relay = mailmanager.create_relay(
        RelayName="RelayToGoogleWorkspace",
        ServerName="aspmx.l.google.com",
        ServerPort=25,
        Authentication={"NoAuthentication": {}},
    )["RelayId"]
    rules = mailmanager.create_rule_set(
        RuleSetName="gatepost-main",
        Rules=[{"Name": "all", "Actions": [{"Relay": {"Relay": relay}}]}],
    )["RuleSetId"]
    policy = mailmanager.create_traffic_policy(
        TrafficPolicyName="gatepost-edge", DefaultAction="ALLOW", PolicyStatements=[]
    )["TrafficPolicyId"]
    mailmanager.create_ingress_point(
        IngressPointName="gatepost-edge", Type="OPEN", RuleSetId=rules, TrafficPolicyId=policy
    )
    request = urllib.request.Request(
        info["control"] + "/clock", json.dumps({"advance": 600}).encode(), method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()
    return World(info, mailmanager, relay)
