"""The resolver against the emulators' DNS: what is no answer, what is none, and what is cached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost.dnspython import ascii_domain
from gatepost.resolver import Resolver, Unreadable
from tests.integration.daemon.names import Names


@pytest.fixture
def names() -> Iterator[Names]:
    with Names() as running:
        running.zone(
            "example.org",
            ("example.org", "TXT", ["one", "v=spf1 -all"]),
            ("long.example.org", "TXT", ["x" * 3000]),
            ("alias.example.org", "CNAME", ["example.org."]),
            ("dangling.example.org", "CNAME", ["nowhere.example.org."]),
            ("host.example.org", "A", ["192.0.2.1"]),
        )
        yield running


@pytest.fixture
def resolver(names: Names) -> Resolver:
    host, _colon, port = names.address.rpartition(":")
    return Resolver([(host, int(port))], lifetime=1)


async def test_texts(resolver: Resolver) -> None:
    for name in ("Example.ORG.", "alias.example.org"):
        assert sorted(await resolver.texts(name)) == [b"one", b"v=spf1 -all"]
    # Of several strings, and too long for a datagram.
    assert await resolver.texts("long.example.org") == [b"x" * 3000]


@pytest.mark.parametrize(
    "name",
    [
        "nowhere.example.org",
        "dangling.example.org",
        "host.example.org",
        "a..example.org",
        "x" * 64 + ".example.org",
        ".".join(["x" * 60] * 5),
        "bücher.example.org",
        "",
        ".",
        "a\\.b.example.org",
    ],
)
async def test_there_is_none(resolver: Resolver, name: str) -> None:
    assert await resolver.texts(name) == []


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "TIMEOUT", "FORMERR", "NOTIMP"])
async def test_no_answer_is_not_none(names: Names, resolver: Resolver, code: str) -> None:
    names.fail(code)
    with pytest.raises(Unreadable, match=r"example\.org TXT"):
        await resolver.texts("example.org")


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreadable):
        await Resolver([("127.0.0.1", 1)], lifetime=1).texts("example.org")


async def test_answers_are_cached_and_failures_are_not(names: Names, resolver: Resolver) -> None:
    for _ in range(3):
        await resolver.texts("example.org")
        await resolver.texts("nowhere.example.org")
        await resolver.ask("example.org", "A")
    assert len(names.asked) == 3
    names.fail("SERVFAIL")
    with pytest.raises(Unreadable):
        await resolver.texts("host.example.org")
    names.faults.clear()
    assert await resolver.texts("host.example.org") == []


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("_x.example.org", "_x.example.org"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("localhost", None),
        ("", None),
        (".", None),
        ("[192.0.2.1]", None),
        ("a b.example", None),
        ("a..b", None),
        ("a\\.b.example", None),
        ("x" * 64 + ".example", None),
        ("a/b.example", None),
    ],
)
def test_domains(text: str, domain: str | None) -> None:
    assert ascii_domain(text) == domain
