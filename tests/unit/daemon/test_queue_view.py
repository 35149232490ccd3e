"""The queue as people see it."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.cli import tables
from gatepost.daemon import queue_view
from gatepost.daemon.queue_view import Selection
from gatepost.errors import GatepostError
from gatepost.spool.interface import Entry, Message, Recipient, State, Step


def entry(number: int = 1, **changes: Any) -> Entry:
    state = changes.pop("state", State.PENDING)
    step = Step(
        program=0,
        action="Relay",
        destination=changes.pop("destination", "relay:next"),
        recipient=changes.pop("recipient", "b@Example.com"),
        mail_from=changes.pop("mail_from", "a@example.org"),
        rule="all",
    )
    message = Message(
        id=f"id{number}",
        received_at=changes.pop("received_at", 1000.0 * number),
        mail_from="a@example.org",
        recipients=(Recipient("b@Example.com"),),
        steps=(step,),
        body_size=100,
        attributes={"source_ip": "192.0.2.1"},
    )
    return Entry(message, 0, state, due_at=5000.0, attempts=2, last_error="450 4.2.1 later")


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ({}, True),
        ({"all": True}, True),
        ({"ids": ["id1"]}, True),
        ({"ids": ["id2"]}, False),
        ({"destination": "relay:next"}, True),
        ({"destination": "relay:nex"}, False),
        ({"recipient": "B@example.COM"}, True),
        ({"recipient": "@example.com"}, True),
        ({"recipient": "@ample.com"}, False),
        ({"sender": "@example.org"}, True),
        ({"sender": "a@example.com"}, False),
        ({"state": "held"}, False),
        ({"state": "pending"}, True),
        ({"ids": ["id1"], "recipient": "x@y"}, False),
    ],
)
def test_a_selection_holds_when_all_of_it_holds(selection: dict[str, Any], chosen: bool) -> None:
    assert Selection.of(selection)(entry()) is chosen


def test_an_unknown_selection_is_an_error() -> None:
    with pytest.raises(GatepostError, match="no selection by 'id'"):
        Selection.of({"id": "x"})


def test_a_listing_shows_the_oldest_first_and_counts_what_it_cuts() -> None:
    entries = [entry(3), entry(1), entry(2)]
    shown = queue_view.listing(entries, Selection(), 2)
    assert [row["id"] for row in shown["entries"]] == ["id1", "id2"]
    assert shown["total"] == 3
    assert len(queue_view.listing(entries, Selection(), 0)["entries"]) == 3


def test_ages_are_counted_by_destination() -> None:
    now = 1_000_000.0
    entries = [
        entry(1, received_at=now - 60),
        entry(2, received_at=now - 5 * 60),
        entry(3, received_at=now - 10 * 86400, state=State.HELD),
        entry(4, received_at=now, destination="mx:example.org"),
    ]
    assert queue_view.ages(entries, Selection(), now)["ages"] == {
        "relay:next": {"5": 1, "10": 1, "older": 1, "total": 3, "held": 1},
        "mx:example.org": {"5": 1, "total": 1, "held": 0},
    }


def test_a_header_ends_at_the_empty_line() -> None:
    assert queue_view.header_of(b"A: 1\r\nB: \xff\r\n\r\nbody\r\n") == "A: 1\nB: \ufffd"
    assert queue_view.header_of(b"") == ""


HOSTILE = "\x1b]0;x\x07\u202e\u2066\r\nnext\x9b31m"


def test_no_table_lets_mail_move_the_cursor() -> None:
    hostile = entry(1, recipient=f"{HOSTILE}@example.com", mail_from=HOSTILE)
    shown = queue_view.listing([hostile], Selection(), 0)
    details = queue_view.details([hostile], f"Subject: {HOSTILE}")
    for text in (tables.queue(shown["entries"], 1, 6000.0), tables.message(details)):
        assert not {"\x1b", "\x07", "\u202e", "\u2066", "\r", "\x9b"} & set(text)
    assert len(tables.queue(shown["entries"], 1, 6000.0).splitlines()) == 3


def test_the_table_of_the_queue() -> None:
    shown = queue_view.listing([entry(1), entry(2, state=State.HELD)], Selection(), 1)
    first, second, *rest = tables.queue(shown["entries"], shown["total"], 4000.0).splitlines()
    assert first.split() == (
        ["ID", "AGE", "OCTETS", "TRIES", "NEXT", "DESTINATION", "SENDER", "RECIPIENT", "REASON"]
    )
    assert " ".join(second.split()) == (
        "id1 50m 100 2 16m40s relay:next <a@example.org> b@Example.com 450 4.2.1 later"
    )
    assert rest == ["… and 1 more", "2 steps"]
    assert tables.queue([], 0, 0.0) == "The queue is empty."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-5, "0s"), (59.9, "59s"), (3600, "1h"), (90061, "1d1h"), (125, "2m5s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert tables.duration(seconds) == text
