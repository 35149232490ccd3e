"""The onboarding playbooks by the real ansible-playbook, against all emulators at once."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

import emulators

ROOT = Path(__file__).parents[3]
PASSWORD = "Open-Sesame-42-Playbook"
REGION = "eu-west-1"
RANGE = "206.55.133.0/24"


@dataclass(frozen=True)
class Played:
    """What a run printed, how much it changed, and the summary that it ended with."""

    status: int
    printed: str

    @property
    def changed(self):
        found = re.search(r"changed=(\d+)\s+unreachable=0\s+failed=0", self.printed)
        assert found, self.printed
        return int(found[1])

    @property
    def summary(self):
        start = self.printed.rindex('"gatepost_summary": ') + len('"gatepost_summary": ')
        return json.JSONDecoder().raw_decode(self.printed, start)[0]


class World:
    def __init__(self, info, folder, environment):
        self.info = info
        self.folder = folder
        self._environment = environment

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def play(self, playbook, *options, status=0, inventory="localhost,", **variables):
        """Runs it with the variables; secrets must not be printed."""
        given = {"gatepost_attestation_file": str(self.folder / "attestation.json"), **variables}
        file = self.folder / "variables.json"
        file.write_text(json.dumps(given))
        command = Path(sys.executable).with_name("ansible-playbook")
        path = ROOT / "playbooks" / f"{playbook}.yml"
        done = subprocess.run(
            [str(command), "-i", inventory, str(path), "-e", f"@{file}", *options],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == status, printed
        assert PASSWORD not in printed
        assert self.info["env"]["GATEPOST_M365_CLIENT_SECRET"] not in printed
        return Played(status, printed)

    def writes(self):
        return {
            **self.control("GET", "/aws/calls")["writes"],
            **self.control("GET", "/exchange/calls")["writes"],
        }

    def forget_calls(self):
        self.control("DELETE", "/aws/calls")
        self.control("DELETE", "/exchange/calls")

    def thrice(self, playbook, **variables):
        """Predict, run, run again. Returns the run."""
        self.forget_calls()
        predicted = self.play(playbook, "--check", "--diff", **variables)
        assert self.writes() == {}
        done = self.play(playbook, "-vvv", "--diff", **variables)
        assert done.changed == predicted.changed
        self.forget_calls()
        again = self.play(playbook, "--diff", **variables)
        assert again.changed == 0
        assert self.writes() == {}
        return done

    def mx(self, domain, *hosts, ttl=300):
        """Put an MX into the emulated zone of a domain."""
        values = [f"10 {host}." for host in hosts]
        record = {"name": domain, "type": "MX", "ttl": ttl, "values": values}
        self.control("POST", "/dns/records", record)


@pytest.fixture(scope="session")
def emulated():
    with emulators.running() as info:
        yield info


@pytest.fixture
def world(emulated, tmp_path, monkeypatch):
    environment = {
        **os.environ,
        **emulated["env"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "GATEPOST_RELAY_USERNAME": "relay-user",
        "GATEPOST_RELAY_PASSWORD": PASSWORD,
    }
    for name, value in emulated["env"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    made = World(emulated, tmp_path, environment)
    made.control("POST", "/reset")
    timing = {"provisioning": 0.1, "updating": 0.1, "deprovisioning": 0.1}
    made.control("POST", "/aws/timing", timing)
    return made


@pytest.fixture
def hosted(world):
    """Both domains in Route 53, with the MX that they had before."""
    client = boto3.client("route53")
    old = {
        "example.com": "1 aspmx.l.google.com",
        "acme.com": "0 acme-com.mail.protection.outlook.com",
    }
    for domain, mx in old.items():
        zone = client.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
        record = {
            "Name": domain,
            "Type": "MX",
            "TTL": 3600,
            "ResourceRecords": [{"Value": mx}],
        }
        change = {"Action": "CREATE", "ResourceRecordSet": record}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return old
