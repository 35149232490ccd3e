"""A gateway in Mail Manager, made by the modules, with both providers behind it."""

import json
import urllib.request

import boto3
import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import waiters
from run_module import run

import emulators

REGION, RANGE = "us-east-1", "206.55.129.0/24"
SERVERS = {
    "google_workspace": ("example.com", "aspmx.l.google.com"),
    "microsoft_365": ("acme.com", "acme-com.mail.protection.outlook.com"),
}


class World:
    def __init__(self, info):
        self.info = info

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def gateway(self, provider):
        """The gateway's host in front of a provider's domain."""
        domain, server = SERVERS[provider]
        boto3.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
        self.make("sesv2_email_identity", domain=domain, publish_dns="route53", wait=True)
        self.make(
            "mailmanager_relay",
            name="out",
            server_name=server,
            server_port=25,
            authentication={"no_authentication": {}},
        )
        rule = {"name": "all", "actions": [{"relay": {"relay": "out"}}]}
        self.make("mailmanager_rule_set", name="main", rules=[rule])
        self.make(
            "mailmanager_traffic_policy", name="edge", default_action="ALLOW", policy_statements=[]
        )
        point = self.make(
            "mailmanager_ingress_point",
            name="edge",
            type="OPEN",
            rule_set="main",
            traffic_policy="edge",
        )
        self.control("POST", "/ingress", {"client": "209.85.220.41"})
        return point["ingress_point"]["a_record"]

    def make(self, module, **options):
        done = run(module, **options)
        assert not done.get("failed"), done
        return done


@pytest.fixture(scope="module")
def running():
    with emulators.running() as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    for name, value in running.info["env"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(waiters, "FIRST_PAUSE", 0.05)
    running.control("POST", "/reset")
    timing = {"provisioning": 0, "updating": 0, "deprovisioning": 0}
    running.control("POST", "/aws/timing", timing)
    return running
