"""A DNS with authoritative servers and a resolver, and Route 53, as the modules meet them."""

import json
import urllib.request

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import retry, waiters

import emulators


class World:
    def __init__(self, info):
        self.info = info

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def records(self, name, kind, *values, ttl=300):
        record = {"name": name, "type": kind, "ttl": ttl, "values": list(values)}
        self.control("POST", "/dns/records", record)

    def fault(self, service, code, operation="*", count=1):
        fault = {"service": f"dns.{service}", "operation": operation, "code": code, "count": count}
        self.control("POST", "/faults", fault)


@pytest.fixture(scope="module")
def running():
    with emulators.running(only=["aws", "dns"]) as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    for name, value in running.info["env"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(waiters, "FIRST_PAUSE", 0.05)
    running.control("POST", "/reset")
    return running
