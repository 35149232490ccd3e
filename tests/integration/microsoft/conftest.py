"""Modules run in this process, with the real msal and requests, against emulated Microsoft 365."""

import json

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import waiters
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import patience, settle
from microsoft_world import running, world
from run_module import Service, printed

__all__ = ["running", "world"]


class Tenant(Service):
    """Run modules on the tenant, look at it as its administrator, make calls fail."""

    def __init__(self, world):
        self.world = world

    def run(self, module, /, *, check=False, **options):
        text = printed(module, check=check, **options)
        assert self.world.env["GATEPOST_M365_CLIENT_SECRET"] not in text
        assert "PRIVATE KEY" not in text
        return json.loads(text)

    def writes(self):
        return self.world.control("GET", "/exchange/calls")["writes"]

    def forget_calls(self):
        self.world.control("DELETE", "/exchange/calls")

    def fault(self, **fault):
        self.world.control("POST", "/faults", {"service": "exchange_online", **fault})

    def organization(self, **settings):
        self.world.control("POST", "/exchange/organization", settings)

    def held(self, kind, name):
        """An object as it is in force."""
        objects = self.world.control("GET", "/exchange/settings")[kind]
        return next((one for one in objects if one["Name"] == name), None)


@pytest.fixture
def tenant(world, monkeypatch):
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(patience, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(waiters, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(settle, "PAUSE", 0.001)
    return Tenant(world)
