"""A running DNS, beside AWS for its hosted zones, for real dnspython."""

import json
import ssl
from urllib.request import Request, urlopen

import dns.message
import dns.query
import dns.rcode
import pytest

import emulators

SERVERS = {"resolver": "127.0.0.1", "ns1": "127.0.0.2", "ns2": "127.0.0.3"}


class World:
    def __init__(self, info):
        self.info = info
        self.port = int(info["dns"].rpartition(":")[2])

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.info["control"] + path, data, method=method)
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def records(self, name, kind, *values, ttl=300):
        record = {"name": name, "type": kind, "ttl": ttl, "values": list(values)}
        return self.control("POST", "/dns/records", record)

    def query(self, name, kind, server="resolver", *, tcp=False, timeout=5, **options):
        question = dns.message.make_query(name, kind, **options)
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(question, SERVERS[server], port=self.port, timeout=timeout)

    def ask(self, name, kind, server="resolver"):
        """The code, and the values of the last answer."""
        found = self.query(name, kind, server)
        values = sorted(data.to_text() for data in found.answer[-1]) if found.answer else []
        return dns.rcode.to_text(found.rcode()), values

    def tls(self):
        return ssl.create_default_context(cafile=self.info["ca"])


@pytest.fixture(scope="module")
def running():
    with emulators.running(only=["aws", "dns"]) as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    running.control("POST", "/reset")
    return running
