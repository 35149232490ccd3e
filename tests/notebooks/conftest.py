"""Both providers' domains, onboarded by the modules into emulators, kept and restored at will."""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import waiters
from run_module import run

import emulators
from tests.notebooks.reading import FOLDER

REGION, RANGE = "us-east-1", "206.55.129.0/24"
CONNECTOR = "Simple Email Service Mail Manager connector"
DOMAINS = {"google_workspace": "example.com", "microsoft_365": "acme.com"}
SERVERS = {
    "google_workspace": "aspmx.l.google.com",
    "microsoft_365": "acme-com.mail.protection.outlook.com",
}
NAMES = {"google_workspace": "google", "microsoft_365": "microsoft"}
AT_ONCE = {"provisioning": 0, "updating": 0, "deprovisioning": 0}
GATEWAY = {
    "enabled": True,
    "gateway_ips": [RANGE],
    "detect_external_ip": True,
    "require_tls": True,
}


class World:
    """The emulators, with a domain at each provider."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        self.info = info

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def onboard(self) -> None:
        """What the page asks for, by the collection's modules; then keep AWS as it is."""
        self.control("POST", "/aws/timing", AT_ONCE)
        _make("mailmanager_kms_key", alias="gatepost-smtp-relay", purpose="relay")
        _make(
            "mailmanager_secret",
            name="gatepost/RelayToMyExchangeServer",
            purpose="relay",
            username=self.info["env"]["GATEPOST_EXCHANGE_USERNAME"],
            password=self.info["env"]["GATEPOST_EXCHANGE_PASSWORD"],
            kms_key_id="alias/gatepost-smtp-relay",
        )
        _make(
            "mailmanager_relay",
            name="RelayToMyExchangeServer",
            server_name="exchange.example.net",
            server_port=587,
            authentication={"secret_arn": "gatepost/RelayToMyExchangeServer"},
        )
        for provider, domain in DOMAINS.items():
            self._domain(provider, domain)
        self.settings()
        self.control("POST", "/aws/keep", {"name": "onboarded"})

    def _domain(self, provider: str, domain: str) -> None:
        name = NAMES[provider]
        boto3.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
        _make("sesv2_email_identity", domain=domain, publish_dns="route53", wait=True)
        _record(domain, "MX", f"10 {SERVERS[provider]}")
        _make(
            "mailmanager_relay",
            name=f"to-{name}",
            server_name=SERVERS[provider],
            server_port=25,
            authentication={"no_authentication": {}},
        )
        rule = {"name": "all", "actions": [{"relay": {"relay": f"to-{name}"}}]}
        _make("mailmanager_rule_set", name=f"{name}-rules", rules=[rule])
        _make(
            "mailmanager_traffic_policy",
            name=f"{name}-policy",
            default_action="ALLOW",
            policy_statements=[],
        )
        _make(
            "mailmanager_ingress_point",
            name=f"{name}-edge",
            type="OPEN",
            rule_set=f"{name}-rules",
            traffic_policy=f"{name}-policy",
        )

    def settings(self) -> None:
        """Both providers' settings, as the page asks for them."""
        self.control("POST", "/google/gateway", GATEWAY)
        _make("m365_connection_filter_policy", ip_allow_list=[RANGE])
        _make(
            "m365_inbound_connector",
            name=CONNECTOR,
            comment="Connector for filtering",
            sender_domains=["*"],
            sender_ip_addresses=[RANGE],
            enhanced_filtering={"skip_last_ip": True, "users": []},
        )

    def restore(self) -> None:
        """As it was after onboarding, whatever was done since."""
        self.control("POST", "/reset")
        self.control("POST", "/aws/restore", {"name": "onboarded"})
        self.control("POST", "/aws/timing", AT_ONCE)
        self.settings()

    def send(self, provider: str, message_id: str, subject: str = "Probe") -> None:
        """A message as the gateway passes it on; the forwarder plays the gateway's address."""
        host, _, port = self.info["smtp"][NAMES[provider]].rpartition(":")
        recipient = f"amy@{DOMAINS[provider]}"
        # The sender's domain has a DMARC record: only then does Google tell whether it judged it.
        message = (
            "Received: from mail.gmail.com (mail-sor.gmail.com [209.85.220.41])\r\n"
            "\tby mx1.example.com with ESMTPS (TLS1.3) id 1; Tue, 24 Nov 2026 06:00:00 +0000\r\n"
            f"From: bob@gmail.com\r\nTo: {recipient}\r\nSubject: {subject}\r\n"
            f"Message-ID: <{message_id}>\r\n\r\nx\r\n"
        )
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            context = ssl.create_default_context(cafile=self.info["ca"])
            context.check_hostname = False
            client.starttls(context=context)
            client.sendmail("bob@gmail.com", [recipient], message)

    def parameters(self, provider: str, **more: Any) -> dict[str, Any]:
        """Those with which the runbook of a provider passes."""
        name = NAMES[provider]
        given = {
            "domain": DOMAINS[provider],
            "region": REGION,
            "inbound_relay": f"to-{name}",
            "rule_set": f"{name}-rules",
            "traffic_policy": f"{name}-policy",
            "ingress_point": f"{name}-edge",
            "probe_wait_seconds": 0,
        }
        if provider == "google_workspace":
            given["google_key_file"] = self.info["env"]["GATEPOST_GOOGLE_CREDENTIALS"]
            given["google_admin"] = self.info["env"]["GATEPOST_GOOGLE_SUBJECT"]
            given["google_endpoint_url"] = self.info["google"]
        return given | more

    def probed(self, provider: str, message_id: str) -> dict[str, Any]:
        """The parameters with a probe that was sent."""
        self.send(provider, message_id)
        mailbox = f"amy@{DOMAINS[provider]}"
        return self.parameters(provider, probe_mailbox=mailbox, probe_message_id=message_id)


@pytest.fixture(scope="session")
def running() -> Iterator[World]:
    with emulators.running() as info, pytest.MonkeyPatch.context() as patch:
        for name, value in info["env"].items():
            patch.setenv(name, value)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setattr(waiters, "FIRST_PAUSE", 0.02)
        patch.syspath_prepend(str(FOLDER))
        world = World(info)
        world.onboard()
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    yield running
    running.restore()


@pytest.fixture(scope="session", autouse=True)
def _library() -> None:
    """The notebooks import the library as `runbook`, beside them."""
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))


def _make(module: str, **options: Any) -> None:
    done = run(module, **options)
    assert not done.get("failed"), (module, done)


def _record(name: str, kind: str, value: str) -> None:
    route53 = boto3.client("route53")
    zone = route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"][0]["Id"]
    record = {"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": [{"Value": value}]}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
