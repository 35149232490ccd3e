"""A running Google with its mailboxes, for the real clients."""

import json
from urllib.request import Request, urlopen

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.google.client import Access

import emulators


class World:
    """The emulators' addresses, with short ways to their control endpoint and to Google."""

    def __init__(self, info):
        self.info = info
        self.env = info["env"]

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.info["control"] + path, data, method=method)
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    @property
    def admin(self):
        return self.env["GATEPOST_GOOGLE_SUBJECT"]

    @property
    def access(self):
        return Access(self.env["GATEPOST_GOOGLE_CREDENTIALS"], self.env["GATEPOST_GOOGLE_ENDPOINT"])

    def smtp(self, name):
        host, _, port = self.info["smtp"][name].rpartition(":")
        return host, int(port)


@pytest.fixture(scope="module")
def running():
    with emulators.running(only=["google", "mailboxes"]) as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    running.control("POST", "/reset")
    return running
