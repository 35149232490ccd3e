"""Makes one setting wrong, as a row of settings.yaml says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml

from tests.notebooks.conftest import CONNECTOR, GATEWAY, World

ROWS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("settings.yaml").read_text("utf-8")
)
FILE = """
version: 1
hostname: mx1.example.net
spool: {engine: disk, path: spool}
ingress_points:
  - name: edge
    listen: ["127.0.0.1:2525"]
    type: OPEN
    tls_policy: OPTIONAL
    traffic_policy: edge
    rule_set: main
traffic_policies:
  - {TrafficPolicyName: edge, DefaultAction: ALLOW, PolicyStatements: []}
rule_sets:
  - RuleSetName: main
    Rules:
      - Name: all
        Actions: [{Relay: {Relay: to-provider, MailFrom: PRESERVE}}]
relays:
  - RelayName: to-provider
    ServerName: aspmx.l.google.com
    ServerPort: 25
    Authentication: {NoAuthentication: {}}
bindings:
  relays: {to-provider: {tls: verify}}
verified_domains: [example.com]
"""


def spoil(world: World, row: Mapping[str, Any], file: Path) -> None:
    """file: the daemon's, which rows of relay_hosts change."""
    text = FILE
    references = None
    for one in row["spoil"]:
        if "exchange" in one:
            given = {
                name: CONNECTOR if value == "$connector" else value
                for name, value in one["with"].items()
            }
            body = {"CmdletName": one["exchange"], "Parameters": given}
            world.control("POST", "/exchange/cmdlet", body)
        elif "google" in one:
            world.control("POST", "/google/gateway", GATEWAY | one["google"])
        elif "control" in one:
            world.control("POST", one["control"], one["with"])
        elif "aws" in one:
            references = references or _references()
            service, _, operation = one["aws"].partition(".")
            getattr(boto3.client(service), operation)(**_resolved(one["with"], references))
        else:
            assert one["file"] in text
            text = text.replace(one["file"], one["to"])
    file.write_text(text, "utf-8")


def _references() -> dict[str, str]:
    """By "$kind:name", the id."""
    mailmanager = boto3.client("mailmanager")
    kinds = {
        "relay": ("list_relays", "Relays", "Relay"),
        "rule_set": ("list_rule_sets", "RuleSets", "RuleSet"),
        "traffic_policy": ("list_traffic_policies", "TrafficPolicies", "TrafficPolicy"),
        "ingress_point": ("list_ingress_points", "IngressPoints", "IngressPoint"),
    }
    found = {
        f"${kind}:{one[f'{member}Name']}": one[f"{member}Id"]
        for kind, (operation, listed, member) in kinds.items()
        for one in getattr(mailmanager, operation)()[listed]
    }
    secret = boto3.client("secretsmanager").describe_secret(
        SecretId="gatepost/RelayToMyExchangeServer"
    )
    return found | {"$secret": secret["ARN"], "$key": secret["KmsKeyId"]}


def _resolved(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(each, references) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, references) for each in value]
    return references.get(value, value) if isinstance(value, str) else value
