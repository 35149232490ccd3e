"""The playbook of the page, by the real ansible-playbook: predicted, run, and run again."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[3]
PASSWORD = "Open-Sesame-42-Playbook"


@pytest.fixture
def play(aws, emulated, tmp_path):
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    variables = {
        "gatepost_domain": "example.com",
        "gatepost_region": "eu-west-1",
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_publish_dns": "route53",
        "gatepost_attestation_file": str(tmp_path / "attestation.json"),
    }
    (tmp_path / "vars.json").write_text(json.dumps(variables))
    environment = {
        **os.environ,
        **emulated["env"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "GATEPOST_RELAY_USERNAME": "relay-user",
        "GATEPOST_RELAY_PASSWORD": PASSWORD,
    }

    def run(*options):
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            "localhost,",
            str(ROOT / "playbooks/onboard_google_workspace.yml"),
            "-e",
            f"@{tmp_path / 'vars.json'}",
            *options,
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        assert PASSWORD not in printed
        found = re.search(r"changed=(\d+)\s+unreachable=0\s+failed=0", printed)
        assert found, printed
        return int(found[1])

    return run


def test_predicted_run_and_run_again(aws, play):
    aws.forget_calls()
    predicted = play("--check", "--diff")
    assert aws.writes() == {}
    changed = play("-vvv", "--diff")
    assert changed == predicted
    assert changed >= 8
    aws.forget_calls()
    assert play("--diff") == 0
    assert aws.writes() == {}
    mail = boto3.client("mailmanager")
    point = mail.list_ingress_points()["IngressPoints"][0]
    assert point["Status"] == "ACTIVE"
    names = {relay["RelayName"] for relay in mail.list_relays()["Relays"]}
    assert "RelayToMyExchangeServer" in names
