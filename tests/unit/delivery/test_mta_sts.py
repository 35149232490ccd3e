"""MTA-STS with real servers of DNS, HTTPS and SMTP: what is allowed, fetched, and kept."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from unit.delivery import mail, zone
from unit.delivery.nexthop import NextHop as Server
from unit.delivery.pki import DAY, NOW, Authority

from gatepost.delivery.mta_sts import RECHECK, MtaSts
from gatepost.delivery.relay import Relay
from gatepost.delivery.resolve import MxResolver
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import Outcome, Tls, Verdict
from gatepost.resolver import Resolver

QUICK = Timeouts(*[20.0] * 7)
DOMAIN = "x.example"
HOST = "mta-sts.x.example"


def policy(mode: str = "enforce", *mx: str, age: int = 86400) -> bytes:
    named = "".join(f"mx: {pattern}\r\n" for pattern in mx or ("*.x.example",))
    return f"version: STSv1\r\nmode: {mode}\r\n{named}max_age: {age}\r\n".encode()


@dataclass
class World:
    """A domain with one exchanger and a policy host, whose answers may be changed."""

    authority: Authority
    directory: Path
    records: dict[tuple[str, str], list[str]]
    body: bytes = field(default_factory=policy)
    status: str = "200 OK"
    kind: str = "text/plain; charset=utf-8"
    fetches: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    now: float = 1000.0

    def announce(self, id: str) -> None:
        self.records["_mta-sts.x.example", "TXT"] = [f'"v=STSv1; " "id={id};"']

    def sts(self, dns: zone.Dns, port: int) -> MtaSts:
        return MtaSts(
            self.resolver(dns),
            directory=self.directory,
            ca_file=str(self.authority.file),
            port=port,
            record=lambda _event, /, **fields: self.events.append(fields),
            clock=lambda: self.now,
        )

    def resolver(self, dns: zone.Dns) -> MxResolver:
        servers = [("127.0.0.1", dns.port)]
        return MxResolver(Resolver(servers, 5), allow_loopback=True)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.fetches.append(head.decode().split("\r\n")[0])
        assert f"host: {HOST}\r\n".encode() in head.lower()
        answer = f"HTTP/1.1 {self.status}\r\nContent-Type: {self.kind}\r\nLocation: /other\r\n"
        length = f"Content-Length: {len(self.body)}\r\n\r\n"
        writer.write((answer + length).encode() + self.body)
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def served(self, certificate: str = HOST, **more: Any) -> AsyncIterator[tuple[Any, int]]:
        """The DNS server and the policy host's port."""
        context = self.authority.context(certificate, **more)
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0, ssl=context)
        async with zone.served(self.records, ttl=0) as dns:
            yield dns, server.sockets[0].getsockname()[1]
        server.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def world(authority: Authority, tmp_path: Path) -> World:
    found = World(
        authority,
        tmp_path / "mta-sts",
        {
            (DOMAIN, "MX"): ["10 mx.x.example."],
            ("mx.x.example", "A"): ["127.0.0.1"],
            ("mx.other.example", "A"): ["127.0.0.1"],
            (HOST, "A"): ["127.0.0.1"],
        },
    )
    found.announce("one")
    return found


async def deliver(world: World, server: Server) -> Outcome:
    async with world.served() as (dns, port):
        hop = mail.hop(("", 0), Tls.MAY, name=DOMAIN, server_name=DOMAIN, port=server.port)
        hops = mail.Hops(dataclasses.replace(hop, address=None))
        relay = Relay(hops, mx=world.resolver(dns), sts=world.sts(dns, port), timeouts=QUICK)
        message = mail.message(f"bob@{DOMAIN}", destination=f"mx:{DOMAIN}")
        [outcome] = await relay.run(mail.leases(message), mail.BODY)
        await relay.close()
    return outcome


async def test_an_enforced_policy_that_is_met(world: World, authority: Authority) -> None:
    async with Server(tls=authority.context("mx.x.example")) as server:
        outcome = await deliver(world, server)
    assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "TLSv1.3")
    assert server.names == ["mx.x.example"]
    assert world.fetches == ["GET /.well-known/mta-sts.txt HTTP/1.1"]
    assert world.events == []


@pytest.mark.parametrize("tls", ["none", "for another", "expired"])
async def test_enforced_tls_that_is_not_had_defers(
    world: World, authority: Authority, tls: str
) -> None:
    host = "mx.other.example" if tls == "for another" else "mx.x.example"
    until = NOW - DAY if tls == "expired" else NOW + DAY
    context = None if tls == "none" else authority.context(host, until=until)
    async with Server(tls=context) as server:
        outcome = await deliver(world, server)
    assert outcome.verdict is Verdict.DEFERRED
    assert outcome.status == ("4.7.4" if tls == "none" else "4.7.5")
    assert server.received == []


async def test_an_exchanger_that_is_not_named_is_not_spoken_to(
    world: World, authority: Authority
) -> None:
    world.records[DOMAIN, "MX"] = ["10 mx.other.example."]
    async with Server(tls=authority.context("mx.other.example")) as server:
        outcome = await deliver(world, server)
        assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.5")
        assert "is one that its MTA-STS policy names" in outcome.text
        assert server.connections == 0
    world.records[DOMAIN, "MX"] = ["10 mx.other.example.", "20 mx.x.example."]
    async with Server(tls=authority.context("mx.x.example")) as server:
        assert (await deliver(world, server)).verdict is Verdict.DELIVERED
        assert server.names == ["mx.x.example"]


@pytest.mark.parametrize("mode", ["testing", "none"])
async def test_a_policy_that_is_not_enforced_changes_nothing(world: World, mode: str) -> None:
    world.records[DOMAIN, "MX"] = ["10 mx.other.example."]
    world.body = policy(mode)
    async with Server() as server:
        assert (await deliver(world, server)).verdict is Verdict.DELIVERED
    reason = "the policy does not name the exchanger mx.other.example"
    noted = {"domain": DOMAIN, "mode": "testing", "reason": reason}
    assert world.events == ([noted] if mode == "testing" else [])


async def test_without_a_record_nothing_is_fetched(world: World) -> None:
    del world.records["_mta-sts.x.example", "TXT"]
    async with Server() as server:
        assert (await deliver(world, server)).verdict is Verdict.DELIVERED
    assert world.fetches == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "404 Not Found"}, "its host answers 404"),
        ({"status": "301 Moved"}, "its host answers 301"),
        ({"kind": "text/html"}, "its media type is not text/plain"),
        ({"body": b"x: y\n" * 20000}, "it has more than 65536 octets"),
        ({"body": b"version: STSv1"}, "its mode is none of"),
    ],
)
async def test_what_is_no_policy(world: World, changes: dict[str, Any], reason: str) -> None:
    for name, value in changes.items():
        setattr(world, name, value)
    async with world.served() as (dns, port):
        assert await world.sts(dns, port).policy(DOMAIN) is None
    [event] = world.events
    assert reason in event["reason"]
    assert len(world.fetches) == 1


@pytest.mark.parametrize(
    "certificate", [{"certificate": "x.example"}, {"until": NOW - DAY}], ids=["name", "expired"]
)
async def test_a_policy_host_is_verified(world: World, certificate: dict[str, Any]) -> None:
    async with world.served(**certificate) as (dns, port):
        assert await world.sts(dns, port).policy(DOMAIN) is None
    assert world.fetches == []
    assert "certificate" in world.events[0]["reason"].lower()


async def test_when_it_is_fetched_again_and_what_stays_meanwhile(world: World) -> None:
    async with world.served() as (dns, port):
        sts = world.sts(dns, port)
        first = await sts.policy(DOMAIN)
        assert first is not None
        assert await sts.policy(DOMAIN.upper()) == first
        assert dns.asked.count("_mta-sts.x.example") == 1
        # The same id, then a new one.
        world.now += RECHECK
        world.body = policy("testing")
        assert await sts.policy(DOMAIN) == first
        world.announce("two")
        assert await sts.policy(DOMAIN) == first
        world.now += RECHECK
        second = await sts.policy(DOMAIN)
        assert second is not None
        assert second.mode == "testing"
        assert len(world.fetches) == 2
        # Its host fails, DNS fails, the record is gone: it stays, also over a restart.
        world.status = "500 Oops"
        world.announce("three")
        for _ in range(2):
            world.now += RECHECK
            assert await sts.policy(DOMAIN) == second
            assert await world.sts(dns, port).policy(DOMAIN) == second
            world.records.pop(("_mta-sts.x.example", "TXT"), None)
        # Until its time is over.
        world.now += 86400
        assert await sts.policy(DOMAIN) is None
        assert await world.sts(dns, port).policy(DOMAIN) is None


async def test_it_is_fetched_again_before_its_time_is_over(world: World) -> None:
    async with world.served() as (dns, port):
        sts = world.sts(dns, port)
        await sts.policy(DOMAIN)
        world.now += 43200
        await sts.policy(DOMAIN)
        assert len(world.fetches) == 2


async def test_many_deliveries_ask_once(world: World) -> None:
    async with world.served() as (dns, port):
        sts = world.sts(dns, port)
        found = await asyncio.gather(*(sts.policy(DOMAIN) for _ in range(20)))
    assert all(left == right for left, right in itertools.pairwise(found))
    assert (len(world.fetches), dns.asked.count("_mta-sts.x.example")) == (1, 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_a_policy_host_in_our_own_network_is_not_asked(world: World, address: str) -> None:
    world.records[HOST, "A"] = [address]
    async with world.served() as (dns, port):
        inward = MxResolver(Resolver([("127.0.0.1", dns.port)], 5))
        sts = MtaSts(inward, port=port, record=world.sts(dns, port)._record)
        assert await sts.policy(DOMAIN) is None
        assert await sts.policy("[127.0.0.1]") is None
    assert world.fetches == []
    assert "no address of the internet" in world.events[0]["reason"]


async def test_a_directory_that_cannot_be_written_is_recorded(world: World) -> None:
    world.directory.write_text("a file")
    async with world.served() as (dns, port):
        assert await world.sts(dns, port).policy(DOMAIN) is not None
    assert "the policy cannot be kept" in world.events[0]["reason"]
