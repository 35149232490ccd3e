"""Two domains of a Microsoft 365 tenant: one behind Mail Manager, one behind a relay host."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emulators.ca import Authority
from emulators.ports import free_port
from tools.demo.commands import run
from tools.demo.onboarding import REGION, twice, zone
from tools.demo.progress import Progress
from tools.demo.relay import Relay

DOMAIN, HOSTED = "acme.com", "globex.com"
RELAY, POLICY, RULES, INGRESS = (
    "RelayToMicrosoft365",
    "microsoft-edge",
    "microsoft-main",
    "microsoft-edge",
)
HOST, ADDRESS, CONNECTOR = "mx1.example.net", "203.0.114.25", "Relay hosts connector"
SERVER = "globex-com.mail.protection.outlook.com"


@dataclass(frozen=True)
class Host:
    """The relay host, and who signs its certificate."""

    relay: Relay
    ca: Path


def onboard(progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path) -> None:
    """Both domains, each twice."""
    # The zones, and the second domain of the tenant, are the customer's.
    mail = "v=spf1 include:spf.protection.outlook.com -all"
    zone(info, DOMAIN, "0 acme-com.mail.protection.outlook.com.", mail)
    control = info["control"]
    domains = [DOMAIN, HOSTED, "acme.onmicrosoft.com"]
    _post(control, "/exchange/organization", {"domains": domains})
    mx = {"name": HOSTED, "type": "MX", "ttl": 300, "values": [f"0 {SERVER}."]}
    _post(control, "/dns/zone", {"name": HOSTED, "records": [mx]})
    aws = {
        "gatepost_domain": DOMAIN,
        "gatepost_region": REGION,
        "gatepost_publish_dns": "route53",
        "gatepost_inbound_relay_name": RELAY,
        "gatepost_traffic_policy_name": POLICY,
        "gatepost_rule_set_name": RULES,
        "gatepost_ingress_point_name": INGRESS,
        "gatepost_tags": {"made-by": "gatepost"},
    }
    hosts = {
        "gatepost_domain": HOSTED,
        "gatepost_plane": "hosts",
        "gatepost_gateway_ips": [ADDRESS],
        "gatepost_gateway_hosts": [HOST],
        "gatepost_connector_name": CONNECTOR,
    }
    twice(progress, "onboard_microsoft_365", aws, env, out, f"{DOMAIN} to Microsoft 365")
    title = f"{HOSTED} to Microsoft 365 behind relay hosts"
    twice(progress, "onboard_microsoft_365", hosts, env, out, title)


def host(
    progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path, private: Path
) -> Host:
    """The daemon's file of a relay host. Microsoft then sees it at its own address."""
    progress.part("Write a relay host's file")
    authority = Authority(private / "host-ca")
    certificate, key = authority.server([HOST])
    port, metrics = free_port(), f"127.0.0.1:{free_port()}"
    point = {
        "name": "edge",
        "listen": [f"127.0.0.1:{port}"],
        "type": "OPEN",
        "tls_policy": "OPTIONAL",
        "tls": {"certificate": str(certificate), "key": str(key)},
        "traffic_policy": "edge",
        "rule_set": "main",
    }
    relaying = {"Relay": {"Relay": RELAY, "MailFrom": "PRESERVE"}}
    document = {
        "RelayName": RELAY,
        "ServerName": SERVER,
        "ServerPort": 25,
        "Authentication": {"NoAuthentication": {}},
    }
    binding = {"tls": "verify", "ca": info["ca"], "address": info["smtp"]["microsoft"]}
    content = {
        "version": 1,
        "hostname": HOST,
        "spool": {"engine": "disk", "path": str(private / "host-spool")},
        "ingress_points": [point],
        "traffic_policies": [
            {"TrafficPolicyName": "edge", "DefaultAction": "ALLOW", "PolicyStatements": []}
        ],
        "rule_sets": [
            {"RuleSetName": "main", "Rules": [{"Name": "to-microsoft", "Actions": [relaying]}]}
        ],
        "relays": [document],
        "bindings": {"relays": {RELAY: binding}},
        "verified_domains": [HOSTED],
        "workers": 1,
        "metrics": {"listen": metrics},
    }
    file = out / "host.yml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    status, output = run(
        ["gatepostd", "--config", str(file), "--check"], log=out / "host-check.log", env=env
    )
    progress.check("gatepostd --check takes the host's file", status == 0, output.strip()[-400:])
    _post(info["control"], "/mail/gateway", {"address": ADDRESS})
    return Host(Relay(file, out / "host.log", port, metrics), authority.certificate)


def _post(control: str, path: str, body: Any) -> None:
    request = urllib.request.Request(  # noqa: S310
        control + path, json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
