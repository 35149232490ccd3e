"""What is declared for a domain is compared with what there is, and taken down again."""

import json
from pathlib import Path

import boto3
import pytest

from tests.integration.playbooks.conftest import Play
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.world import census

PASSWORD = "Open-Sesame-42-Verify"
RELAY = {
    "server_name": "smtp.google.com",
    "server_port": 25,
    "authentication": {"no_authentication": {}},
}


@pytest.fixture
def variables(aws: Aws, tmp_path: Path) -> str:
    file = tmp_path / "domain.json"
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    declared = {
        "gatepost_domain": "example.com",
        "gatepost_region": "eu-west-1",
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_publish_dns": "route53",
        "gatepost_read_dns": False,
        "gatepost_attestation_file": str(tmp_path / "attestation.json"),
        "gatepost_tags": {"team": "mail"},
    }
    file.write_text(json.dumps(declared))
    return f"@{file}"


def drift_everywhere() -> dict[str, str]:
    """Change all kinds of things behind Gatepost's back; each row that must then be shown."""
    mail, kms = boto3.client("mailmanager"), boto3.client("kms")
    relays = {each["RelayName"]: each["RelayId"] for each in mail.list_relays()["Relays"]}
    mail.update_relay(RelayId=relays["RelayToMyExchangeServer"], ServerPort=2525)
    mail.tag_resource(
        ResourceArn=mail.get_relay(RelayId=relays["RelayToGoogleWorkspace"])["RelayArn"],
        Tags=[{"Key": "team", "Value": "other"}],
    )
    rule_set = mail.list_rule_sets()["RuleSets"][0]["RuleSetId"]
    rules = mail.get_rule_set(RuleSetId=rule_set)["Rules"]
    mail.update_rule_set(RuleSetId=rule_set, Rules=rules[:1])
    policy = mail.list_traffic_policies()["TrafficPolicies"][0]["TrafficPolicyId"]
    mail.update_traffic_policy(TrafficPolicyId=policy, DefaultAction="ALLOW")
    point = mail.list_ingress_points()["IngressPoints"][0]["IngressPointId"]
    mail.update_ingress_point(IngressPointId=point, TlsPolicy="REQUIRED")
    key = kms.describe_key(KeyId="alias/gatepost-smtp-relay")["KeyMetadata"]["KeyId"]
    kms.update_key_description(KeyId=key, Description="somebody's")
    secrets = boto3.client("secretsmanager")
    name = "gatepost/RelayToMyExchangeServer"
    secrets.put_secret_value(SecretId=name, SecretString='{"username": "a", "password": "b"}')
    secrets.delete_resource_policy(SecretId=name)
    boto3.client("sesv2").delete_email_identity(EmailIdentity="example.com")
    return {
        "relay RelayToMyExchangeServer": "drifted server_port",
        "relay RelayToGoogleWorkspace": "drifted tags",
        "rule set gatepost-main": "drifted rules",
        "traffic policy gatepost-edge": "drifted default_action",
        "ingress point gatepost-edge": "drifted tls_policy",
        "key alias/gatepost-smtp-relay": "drifted description",
        f"secret {name}": "drifted policy, versions",
        "email identity example.com": "missing",
    }


def rows(printed: str) -> dict[str, str]:
    """The table as it was printed: what stands behind each resource."""
    lines = json.loads("[" + printed.split('"msg": [', 1)[1].split("]", 1)[0] + "]")
    start = lines[0].index("STATE")
    return {line[:start].strip(): " ".join(line[start:].split()) for line in lines[1:]}


def test_verify(aws: Aws, play: Play, variables: str) -> None:
    play("onboard_google_workspace", "-e", variables, password=PASSWORD)
    aws.forget_calls()
    clean = play("verify", "-e", variables, password=PASSWORD)
    table = rows(clean.task("Show what is in step and what is not"))
    assert set(table.values()) == {"in step"}
    assert len(table) == 8
    drifted = drift_everywhere()
    # Without the credentials their value is not asked for, and so cannot be wrong.
    aws.forget_calls()
    aws.fault(service="mailmanager", operation="ListRuleSets", code="AccessDeniedException")
    found = play("verify", "-e", variables, password=PASSWORD, status=2)
    assert aws.writes() == {}
    shown = rows(found.task("Show what is in step and what is not"))
    # The call that failed is asked first by the traffic policy or by the rule set, and says so.
    unknown = [resource for resource, state in shown.items() if state.startswith("unknown")]
    assert len(unknown) == 1
    assert "ListRuleSets: AccessDeniedException" in shown[unknown[0]]
    again = play("verify", "-e", variables, password=PASSWORD, status=2)
    assert rows(again.task("Show what is in step and what is not")) == drifted
    assert "8 of 8 are not as declared" in again.printed
    assert aws.writes() == {}


def test_offboard(aws: Aws, play: Play, variables: str) -> None:
    aws.run("mailmanager_relay", name="theirs", **RELAY)
    before = census()
    play("onboard_google_workspace", "-e", variables, password=PASSWORD)
    aws.forget_calls()
    for wrong in ("", "example.org"):
        confirm = f"gatepost_offboard_confirm={wrong}"
        refused = play("offboard", "-e", variables, "-e", confirm, password="", status=2)
        assert "gatepost_offboard_confirm" in refused.printed
    options = ("-e", variables, "-e", "gatepost_offboard_confirm=example.com")
    assert aws.calls() == {}
    play("offboard", *options, "--check", password="")
    assert aws.writes() == {}
    assert play("offboard", *options, password="").changed["localhost"] == 7
    left = {title: documents for title, documents in census().items() if title not in before}
    assert set(left) == {
        "key alias/gatepost-smtp-relay",
        "secret gatepost/RelayToMyExchangeServer",
    }
    assert left["key alias/gatepost-smtp-relay"][0]["state"] == "PendingDeletion"
    assert left["secret gatepost/RelayToMyExchangeServer"][0]["deleted"]
    assert {title: census()[title] for title in before} == before
    aws.forget_calls()
    assert play("offboard", *options, password="").changed["localhost"] == 0
    assert aws.writes() == {}
