"""MX delivery against a real DNS server on loopback."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator

import pytest
from unit.delivery import mail, zone
from unit.delivery.nexthop import NextHop as Server

from gatepost.delivery.outcome import Unmet, Unsendable
from gatepost.delivery.relay import Relay
from gatepost.delivery.resolve import MxResolver, is_public
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import NextHop, Tls, Verdict
from gatepost.dnspython import REMEMBERED
from gatepost.resolver import Resolver

ZONE = {
    ("two.example", "MX"): ["20 b.example.", "10 a.example."],
    ("equal.example", "MX"): ["10 a.example.", "10 b.example.", "10 c.example."],
    ("null.example", "MX"): ["0 ."],
    ("nullish.example", "MX"): ["0 .", "10 a.example."],
    ("bare.example", "A"): ["192.0.2.9"],
    ("dangling.example", "MX"): ["10 gone.example."],
    ("half.example", "MX"): ["10 gone.example.", "20 a.example."],
    ("self.example", "MX"): ["10 mx.example.net."],
    ("backup.example", "MX"): ["10 a.example.", "20 mx.example.net.", "30 b.example."],
    ("address.example", "MX"): ["10 us.example.", "20 b.example."],
    ("loop.example", "MX"): ["10 inward.example."],
    ("sick.example", "MX"): ["10 servfail.example.", "20 a.example."],
    ("ill.example", "MX"): ["10 servfail.example."],
    ("empty.example", "TXT"): ["nothing"],
    ("a.example", "A"): ["192.0.2.1"],
    ("a.example", "AAAA"): ["2001:db8::1"],
    ("b.example", "A"): ["192.0.2.2"],
    ("c.example", "A"): ["192.0.2.3"],
    ("us.example", "A"): ["198.51.100.1"],
    ("inward.example", "A"): ["127.0.0.1"],
    ("xn--mnchen-3ya.example", "A"): ["192.0.2.5"],
}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with zone.served(ZONE) as server:
        yield server.port


def resolver(port: int, lifetime: float = 5.0) -> MxResolver:
    ourselves = frozenset({"MX.example.net.", "198.51.100.1"})
    return MxResolver(
        Resolver([("127.0.0.1", port)], lifetime),
        ourselves,
        shuffle=lambda hosts: hosts.sort(reverse=True),
    )


def template(domain: str) -> NextHop:
    return NextHop(domain, domain, 25, Tls.MAY, "mx.example.net")


A = [("a.example", "192.0.2.1"), ("a.example", "2001:db8::1")]
B = [("b.example", "192.0.2.2")]
C = [("c.example", "192.0.2.3")]


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("two.example", A + B),
        ("equal.example", C + B + A),
        ("nullish.example", A),
        ("bare.example", [("bare.example", "192.0.2.9")]),
        ("half.example", A),
        ("backup.example", A),
        ("sick.example", A),
        ("münchen.example", [("münchen.example", "192.0.2.5")]),
        ("[192.0.2.7]", [("192.0.2.7", "192.0.2.7")]),
        ("[IPv6:2001:db8::7]", [("2001:db8::7", "2001:db8::7")]),
    ],
)
async def test_found(domain: str, wanted: list[tuple[str, str]], port: int) -> None:
    found = await resolver(port).expand(template(domain))
    assert [(it.server_name, it.address) for it in found] == [
        (name, (address, 25)) for name, address in wanted
    ]
    assert {it.name for it in found} == {domain}


@pytest.mark.parametrize(
    ("domain", "kind", "status"),
    [
        ("null.example", Unsendable, "5.1.10"),
        ("nowhere.example", Unsendable, "5.1.2"),
        ("empty.example", Unsendable, "5.1.2"),
        ("[nonsense]", Unsendable, "5.1.2"),
        ("a..example", Unsendable, "5.1.2"),
        ("x" * 70 + ".example", Unsendable, "5.1.2"),
        ("dangling.example", Unmet, "4.4.4"),
        ("servfail.example", Unmet, "4.4.3"),
        ("ill.example", Unmet, "4.4.3"),
        ("self.example", Unmet, "4.4.6"),
        ("address.example", Unmet, "4.4.6"),
        ("mx.example.net", Unsendable, "5.1.2"),
        ("us.example", Unmet, "4.4.6"),
        ("loop.example", Unmet, "4.4.6"),
        ("[127.0.0.1]", Unmet, "4.4.6"),
        ("[IPv6:::ffff:127.0.0.1]", Unmet, "4.4.6"),
        ("[0.0.0.0]", Unmet, "4.4.6"),
    ],
)
async def test_not_found(
    domain: str, kind: type[Unmet | Unsendable], status: str, port: int
) -> None:
    with pytest.raises(kind) as caught:
        await resolver(port).expand(template(domain))
    assert caught.value.status == status


async def test_silence_defers(port: int) -> None:
    with pytest.raises(Unmet) as caught:
        await resolver(port, 0.2).expand(template("silent.example"))
    assert caught.value.status == "4.4.3"


async def test_answers_are_remembered_and_failures_are_not() -> None:
    async with zone.served(dict(ZONE)) as server:
        asking = resolver(server.port)
        first = await asking.expand(template("two.example"))
        asked = len(server.asked)
        assert await asking.expand(template("two.example")) == first
        assert len(server.asked) == asked
        # Of both records of "ill", the exchangers are known and the address is not.
        for _ in range(2):
            with pytest.raises(Unmet):
                await asking.expand(template("ill.example"))
        assert server.asked.count("ill.example") == 1
        assert server.asked.count("servfail.example") >= 4


async def test_delivery_and_verdicts_share_what_is_known() -> None:
    async with zone.served(dict(ZONE)) as server:
        shared = Resolver([("127.0.0.1", server.port)])
        await shared.ask("two.example", "MX")
        await MxResolver(shared).expand(template("two.example"))
        assert server.asked.count("two.example") == 1


async def test_no_answer_is_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async with zone.served(dict(ZONE), ttl=(1 << 31) - 1) as server:
        asking = resolver(server.port)
        await asking.expand(template("bare.example"))
        asked = len(server.asked)
        later = time.time() + REMEMBERED
        monkeypatch.setattr("dns.resolver.time.time", lambda: later)
        await asking.expand(template("bare.example"))
        assert len(server.asked) == 2 * asked


async def test_an_address_that_is_given_asks_nobody() -> None:
    given = dataclasses.replace(template("x.example"), address=("127.0.0.1", 1))
    assert await MxResolver(Resolver()).expand(given) == [given]


class Several:
    """A resolver whose answer is given."""

    def __init__(self, *found: tuple[str, int]) -> None:
        self.found = found

    async def expand(self, template: NextHop) -> list[NextHop]:
        return [dataclasses.replace(template, address=address) for address in self.found]


async def test_the_next_host_is_tried_where_one_cannot_be_reached() -> None:
    async with Server() as closed:
        nobody = closed.address
    async with Server({"greeting": b"554 no\r\n"}) as unwilling, Server() as willing:
        relay = Relay(
            mail.Hops(template("x.example")),
            mx=Several(nobody, unwilling.address, willing.address),  # type: ignore[arg-type]
            timeouts=Timeouts(*[20.0] * 7),
        )
        message = mail.message("bob@x.example", destination="mx:x.example")
        [outcome] = await relay.run(mail.leases(message), mail.BODY)
        await relay.close()
    assert outcome.verdict is Verdict.DELIVERED
    assert (unwilling.connections, willing.connections) == (1, 1)


@pytest.mark.parametrize(
    ("domain", "verdict", "status"),
    [
        ("null.example", Verdict.FAILED, "5.1.10"),
        ("nowhere.example", Verdict.FAILED, "5.1.2"),
        ("servfail.example", Verdict.DEFERRED, "4.4.3"),
    ],
)
async def test_outcomes(domain: str, verdict: Verdict, status: str, port: int) -> None:
    relay = Relay(mail.Hops(template(domain)), mx=resolver(port))
    message = mail.message(f"bob@{domain}", destination=f"mx:{domain}")
    [outcome] = await relay.run(mail.leases(message), mail.BODY)
    assert (outcome.verdict, outcome.status) == (verdict, status)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("2002:808:808::1", True),
        ("64:ff9b::8.8.8.8", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::1", False),
        ("64:ff9b::169.254.169.254", False),
    ],
)
def test_addresses_of_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_host_is_reachable_at_its_public_addresses() -> None:
    records = {
        ("mixed.example", "A"): ["8.8.8.8", "10.0.0.1", "169.254.169.254"],
        ("mixed.example", "AAAA"): ["fd00::1", "2606:4700::1111"],
    }
    async with zone.served(records) as server:
        found = await resolver(server.port).reachable("mixed.example")
    assert sorted(found) == ["2606:4700::1111", "8.8.8.8"]
