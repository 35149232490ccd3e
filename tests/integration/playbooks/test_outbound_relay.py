"""The page's Outbound steps as one play: from nothing, again, and with a secret from elsewhere."""

import json
import re

import boto3
import pytest
import yaml

from tests.integration.playbooks.conftest import ROOT

PASSWORD = "Open-Sesame-42-Outbound"
LOGIN = {"username": "somebody", "password": "Sesame-Elsewhere-43"}


@pytest.fixture
def given(tmp_path):
    """Writes variables, and gives the options that name them."""

    def write(**variables):
        path = tmp_path / "vars.json"
        base = {"gatepost_region": "eu-west-1", "gatepost_relay_host": "exchange.example.net"}
        path.write_text(json.dumps(base | variables))
        return ("-e", f"@{path}")

    return write


def the_relay():
    mail = boto3.client("mailmanager")
    (listed,) = mail.list_relays()["Relays"]
    return mail.get_relay(RelayId=listed["RelayId"])


def test_predicted_run_and_run_again(aws, play, given):
    options = given(
        gatepost_key_administrators=["arn:aws:iam::123456789012:role/Keys"],
        gatepost_key_users=["arn:aws:iam::123456789012:role/Mail"],
        gatepost_tags={"team": "mail"},
    )
    aws.forget_calls()
    predicted = play("outbound_relay", "--check", "--diff", *options, password=PASSWORD)
    assert aws.writes() == {}
    done = play("outbound_relay", "--diff", "-vvv", *options, password=PASSWORD)
    assert done.changed == predicted.changed == {"localhost": 3}
    aws.forget_calls()
    again = play("outbound_relay", "--diff", *options, password=PASSWORD)
    assert again.changed == {"localhost": 0}
    assert aws.writes() == {}
    relay = the_relay()
    assert (relay["ServerName"], relay["ServerPort"]) == ("exchange.example.net", 587)
    manager = boto3.client("secretsmanager")
    secret = manager.describe_secret(SecretId=relay["Authentication"]["SecretArn"])
    assert secret["Name"] == "gatepost/RelayToMyExchangeServer"
    value = json.loads(manager.get_secret_value(SecretId=secret["ARN"])["SecretString"])
    assert value == {"username": "relay-user", "password": PASSWORD}


def test_every_step_of_the_page_is_named():
    (play,) = yaml.safe_load((ROOT / "playbooks/outbound_relay.yml").read_text())
    titles = " ".join(task["name"] for task in play["tasks"])
    steps = re.findall(r"3\.(\d+)(?: to 3\.(\d+))?", titles)
    named = {step for first, last in steps for step in range(int(first), int(last or first) + 1)}
    assert named == set(range(1, 19))


def test_a_secret_from_elsewhere_is_judged_before_anything_is_made(aws, play, given):
    manager = boto3.client("secretsmanager")
    manager.create_secret(Name="console", SecretString=json.dumps({"user": "u", "pass": "p"}))
    options = given(gatepost_existing_secret="console")
    refused = play("outbound_relay", *options, password="", status=2)
    printed = " ".join(refused.printed.split())
    assert "the secret has no member username and no member password" in printed
    assert "encrypted under aws/secretsmanager, which no policy can open" in printed
    assert "gatepost.mail.mailmanager_secret with purpose=relay does" in printed
    assert boto3.client("mailmanager").list_relays()["Relays"] == []
    assert aws.run("mailmanager_kms_key", alias="mine", purpose="relay")["changed"]
    mended = aws.run(
        "mailmanager_secret", name="console", purpose="relay", kms_key_id="alias/mine", **LOGIN
    )
    before = mended["secret"]["versions"]
    assert play("outbound_relay", *options, password="").changed == {"localhost": 1}
    assert the_relay()["Authentication"]["SecretArn"] == mended["secret"]["arn"]
    (after,) = aws.run("mailmanager_secret_info", name="console")["secrets"]
    assert after["versions"] == before


def test_what_is_not_given_is_asked_for(play, given):
    refused = play("outbound_relay", *given(), password="", status=2)
    assert "Nothing has been changed" in refused.printed
