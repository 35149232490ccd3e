"""SPF: the openspf.org test suite of RFC 7208 (rfc7208-tests.txt, release 2014.04), and what it
does not try: silent servers, endless records, addresses of other scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from gatepost.resolver import Unreadable
from gatepost.verdicts import spf_check
from tests.unit.verdicts.world import SILENT, Zone

SUITE = Path(__file__).parent / "rfc7208-tests.txt"


class Played:
    """A scenario's zone, as the suite's own driver plays it: a record of type SPF is one of TXT
    where the name has no TXT itself; TIMEOUT stands for all that is not there."""

    def __init__(self, zone: dict[str, Any]) -> None:
        self._zone = {name.lower(): records for name, records in zone.items()}

    async def ask(self, name: str, kind: str, depth: int = 0) -> list[Any]:
        records = self._zone.get(name.lower())
        if records is None:
            if name.startswith("error."):
                raise Unreadable(name)
            return []
        found, timeout = [], False
        stands = any(isinstance(each, dict) and "TXT" in each for each in records)
        for each in records:
            if each == "TIMEOUT":
                timeout = True
                continue
            ((what, value),) = each.items()
            if what == "SPF" and not stands:
                what = "TXT"
            if value == "TIMEOUT" and what == kind:
                raise Unreadable(name)
            if what == "CNAME" and depth < 10:
                found += await self.ask(value, kind, depth + 1)
            elif what == kind and value != "NONE":
                found.append(record(kind, value))
        if timeout and not found:
            raise Unreadable(name)
        return found


def record(kind: str, value: Any) -> Any:
    def name(text: str) -> Any:
        return SimpleNamespace(to_text=lambda omit_final_dot: text)

    match kind:
        case "A" | "AAAA":
            return SimpleNamespace(address=value)
        case "MX":
            return SimpleNamespace(preference=value[0], exchange=name(value[1]))
        case "PTR":
            return SimpleNamespace(target=name(value))
        case _:
            strings = [value] if isinstance(value, str) else value
            return SimpleNamespace(strings=[each.encode("utf-8") for each in strings])


def suite() -> Iterator[Any]:
    for scenario in yaml.safe_load_all(SUITE.read_text("utf-8")):
        for name, test in scenario["tests"].items():
            yield pytest.param(scenario["zonedata"], test, id=f"{scenario['description']}: {name}")


@pytest.mark.parametrize(("zone", "test"), list(suite()))
async def test_the_suite_of_rfc_7208(zone: dict[str, Any], test: dict[str, Any]) -> None:
    found = await spf_check.check(
        Played(zone).ask, str(test["host"]), test["helo"], test["mailfrom"] or ""
    )
    assert found.word in test["result"]


def test_the_suite_is_whole() -> None:
    assert len(list(suite())) == 203


CLIENT, SENDER = "192.0.2.1", "ann@example.org"


async def check(zone: Zone, sender: str = SENDER, helo: str = "mail.example.org") -> Any:
    return await spf_check.check(zone.ask, CLIENT, helo, sender)


async def test_whose_result_it_is() -> None:
    zone = Zone({"example.org TXT": ['"v=spf1 ip4:192.0.2.0/24 -all"']})
    assert await check(zone) == ("pass", "example.org", "")
    zone = Zone({"mail.example.org TXT": ['"v=spf1 -all"']})
    assert (await check(zone, sender=""))[:2] == ("fail", "mail.example.org")


@pytest.mark.parametrize("helo", ["localhost", "[192.0.2.1]", "", "a..b", "-"])
async def test_a_null_sender_from_no_domain(helo: str) -> None:
    zone = Zone({})
    assert (await check(zone, sender="", helo=helo)).word == "none"
    assert not zone.asked


async def test_each_question_is_asked_once() -> None:
    zone = Zone(
        {
            "example.org TXT": ['"v=spf1 include:a.example include:b.example mx -all"'],
            "a.example TXT": ['"v=spf1 a:one.example -all"'],
            "b.example TXT": ['"v=spf1 a:one.example -all"'],
            "one.example A": ["198.51.100.1"],
            "example.org MX": ["10 m.example."],
            "m.example A": ["192.0.2.1"],
        }
    )
    assert (await check(zone)).word == "pass"
    assert len(zone.asked) == len(set(zone.asked)) == 6


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ({"example.org TXT": SILENT}, "temperror"),
        ({"example.org TXT": ['"v=spf1 a -all"'], "example.org A": SILENT}, "temperror"),
        ({"example.org TXT": ['"v=spf1 ip4:192.0.2.1 a -all"'], "example.org A": SILENT}, "pass"),
        # A reverse name that cannot be looked up does not match; it decides nothing else.
        (
            {
                "example.org TXT": ['"v=spf1 ptr -all"'],
                "1.2.0.192.in-addr.arpa PTR": SILENT,
            },
            "fail",
        ),
        # Nobody hears an explanation, so that nobody waits for it.
        (
            {
                "example.org TXT": ['"v=spf1 -all exp=why.example.org"'],
                "why.example.org TXT": SILENT,
            },
            "fail",
        ),
    ],
)
async def test_a_silent_server(records: dict[str, Any], word: str) -> None:
    assert (await check(Zone(records))).word == word


def chain(length: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"d{each}.example TXT": [f'"v=spf1 include:d{each + 1}.example -all"']
        for each in range(length)
    }
    found[f"d{length}.example TXT"] = ['"v=spf1 ip4:192.0.2.1 -all"']
    found["example.org TXT"] = ['"v=spf1 include:d0.example -all"']
    return found


async def test_ten_lookups_and_no_more() -> None:
    assert (await check(Zone(chain(9)))).word == "pass"
    zone = Zone(chain(10))
    assert (await check(zone)).word == "permerror"
    assert len(zone.asked) <= 11


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 " + "a:%{l}." * 4 + "example.org " * 400,
        "v=spf1 " + "include:example.org " * 5,
        "v=spf1 redirect=example.org",
        "v=spf1 a:" + "%{d}." * 100 + "example.org -all",
        "v=spf1 ip4:999.0.0.1 -all",
        "v=spf1 ip6:::::1/129 -all",
        "v=spf1 " + "mx:" * 300,
        "v=spf1 %" + "%" * 1000,
        "v=spf1 exists:%{p}.%{i}.%{h}.%{o}." + "x" * 200 + ".example -all",
        "v=spf1 \x7f\x01 -all",
    ],
    ids=range(10),
)
async def test_a_hostile_record_passes_nothing_and_is_cheap(text: str) -> None:
    zone = Zone({})

    async def ask(name: str, kind: str) -> list[Any]:
        zone.asked.append(name)
        wire = text.encode("latin-1")
        strings = [wire[at : at + 255] for at in range(0, len(wire), 255)]
        return [SimpleNamespace(strings=strings)] if kind == "TXT" else []

    found = await asyncio.wait_for(spf_check.check(ask, CLIENT, "h.example", SENDER), 5)
    # Where it ends with -all, what it names before simply does not match.
    assert found.word == ("fail" if text.endswith("org -all") or "%{p}" in text else "permerror")
    assert len(zone.asked) <= 12


async def test_other_scripts() -> None:
    zone = Zone(
        {"xn--bcher-kva.example TXT": ['"v=spf1 exists:%{l}.example.org ip4:192.0.2.1 -all"']}
    )
    assert (await check(zone, sender="jörg@bücher.example")).word == "pass"
    # RFC 8616 section 4: such a local part is in no name.
    assert (await check(zone, sender="jörg@bücher.example")).domain == "xn--bcher-kva.example"
