"""The policy of From's domain: records of all kinds, where they are looked for, and what happens
where they cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.resolver import Unreadable
from gatepost.verdicts import dmarc
from gatepost.verdicts.results import Result
from tests.unit.verdicts.world import SILENT, Zone

AUTHOR = ["Ann@Mail.Example.org"]


@pytest.mark.parametrize(
    ("texts", "policy"),
    [
        ([], "none"),
        (["v=DMARC1; p=reject"], "reject"),
        (["v=DMARC1;p=quarantine;sp=reject"], "quarantine"),
        (["v=DMARC1; p=REJECT ; rua=mailto:a@b.example"], "reject"),
        (["v = DMARC1 ; p = reject"], "reject"),
        (["v=DMARC1; p=reject; pct=0"], "reject"),
        (["v=DMARC1; p=reject; p=none"], "reject"),
        (["v=DMARC1; unknown; =; ;;p=reject"], "reject"),
        (["v=DMARC1"], "none"),
        (["v=DMARC1; p=all"], "none"),
        (["v=DMARC1; p=; rua=mailto:a@b.example"], "none"),
        (["v=DMARC1; p=reject; sp=nonsense"], "none"),
        (["v=dmarc1; p=reject"], "none"),
        (["v=DMARC10; p=reject"], "none"),
        (["p=reject; v=DMARC1"], "none"),
        (["v=spf1 -all", "v=DMARC1; p=reject"], "reject"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=reject"], "none"),
        (["v=DMARC1; p=reject" + ";" * 200], "reject"),
    ],
)
async def test_a_record(texts: list[str], policy: str) -> None:
    zone = Zone({"_dmarc.mail.example.org TXT": [f'"{text}"' for text in texts]})
    assert (await dmarc.policy(zone.texts, AUTHOR)).word == policy


def test_octets_of_any_kind_are_no_record_or_one() -> None:
    hostile = [bytes(range(256)), b"", b";", b"v=DMARC1;\xff=\xff;p=reject\x00", b"=" * 4000]
    assert dmarc.records(hostile) == [hostile[3]]
    assert dmarc.requested(dmarc.records(hostile), subdomain=False) == "none"


@pytest.mark.parametrize(
    ("records", "author", "policy", "asked"),
    [
        # The domain's own record, even where it asks for nothing valid.
        (
            {
                "_dmarc.mail.example.org TXT": ['"v=DMARC1; p=none"'],
                "_dmarc.example.org TXT": SILENT,
            },
            "ann@mail.example.org",
            "none",
            1,
        ),
        ({"_dmarc.example.org TXT": ['"v=DMARC1; p=reject"']}, "ann@mail.example.org", "reject", 2),
        (
            {"_dmarc.example.org TXT": ['"v=DMARC1; p=reject; sp=none"']},
            "ann@mail.example.org",
            "none",
            2,
        ),
        (
            {"_dmarc.example.org TXT": ['"v=DMARC1; p=none; sp=quarantine"']},
            "ann@a.b.c.example.org",
            "quarantine",
            2,
        ),
        # The tree is not walked: what stands between is not asked.
        ({"_dmarc.b.example.org TXT": ['"v=DMARC1; p=reject"']}, "a@a.b.example.org", "none", 2),
        ({"_dmarc.co.uk TXT": ['"v=DMARC1; p=reject"']}, "a@example.co.uk", "none", 1),
        ({"_dmarc.example.co.uk TXT": ['"v=DMARC1; p=reject"']}, "a@b.example.co.uk", "reject", 2),
        (
            {"_dmarc.xn--bcher-kva.example TXT": ['"v=DMARC1; p=reject"']},
            "a@BÜCHER.example",
            "reject",
            1,
        ),
    ],
)
async def test_where_it_is_looked_for(
    records: dict[str, Any], author: str, policy: str, asked: int
) -> None:
    zone = Zone(records)
    assert (await dmarc.policy(zone.texts, [author])).word == policy
    assert len(zone.asked) == asked


@pytest.mark.parametrize(
    "silent", ["_dmarc.mail.example.org TXT", "_dmarc.example.org TXT"], ids=["own", "above"]
)
async def test_what_cannot_be_read_is_not_none(silent: str) -> None:
    with pytest.raises(Unreadable):
        await dmarc.policy(Zone({silent: SILENT}).texts, AUTHOR)


@pytest.mark.parametrize(
    "author", ["ann", "ann@", "ann@localhost", "ann@[192.0.2.1]", "a@b..c", ""]
)
async def test_no_domain_publishes_no_policy(author: str) -> None:
    zone = Zone({})
    assert await dmarc.policy(zone.texts, [author]) == Result("none", "", "From names no domain")
    assert not zone.asked


async def test_of_several_domains_the_strictest_counts() -> None:
    records: dict[str, Any] = {
        "_dmarc.one.example TXT": ['"v=DMARC1; p=quarantine"'],
        "_dmarc.two.example TXT": ['"v=DMARC1; p=reject"'],
    }
    authors = ["a@one.example", "b@two.example", "c@three.example"]
    assert (await dmarc.policy(Zone(records).texts, authors)).word == "reject"
    assert (await dmarc.policy(Zone(records).texts, authors[:1])).word == "quarantine"
    # Reject is the strictest, whatever the unreadable one says; quarantine is not.
    records["_dmarc.three.example TXT"] = SILENT
    assert (await dmarc.policy(Zone(records).texts, authors)).word == "reject"
    with pytest.raises(Unreadable):
        await dmarc.policy(Zone(records).texts, [authors[0], authors[2]])


@pytest.mark.parametrize("domain", ["d{}.example", "{}..example", "é" * 900 + "{}"])
async def test_a_crowd_in_from_is_not_looked_up(domain: str) -> None:
    """Nor spelled as DNS does, which takes milliseconds for each of the longest."""
    zone = Zone({})
    with pytest.raises(Unreadable, match="more than 10"):
        await dmarc.policy(zone.texts, [f"a@{domain.format(number)}" for number in range(11)])
    assert not zone.asked
