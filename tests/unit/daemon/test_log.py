"""The log: one printable ASCII line an event, whatever is in it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from gatepost.daemon.log import JsonLog, to_all


def logged(event: str, **fields: Any) -> bytes:
    reader, writer = os.pipe()
    try:
        JsonLog(writer, clock=lambda: 1_700_000_000.5, worker=1)(event, **fields)
        return os.read(reader, 1 << 16)
    finally:
        os.close(reader)
        os.close(writer)


def test_an_event_is_one_json_object() -> None:
    line = json.loads(logged("Reception", id="a", size=3, tls=None))
    assert line == {
        "time": "2023-11-14T22:13:20.500+00:00",
        "event": "Reception",
        "worker": 1,
        "id": "a",
        "size": 3,
        "tls": None,
    }


@pytest.mark.parametrize(
    "hostile", ["a\nb", "\x1b[2J", "\u202ex", "\udc80", "\x00\r", "é\x85", "a\x7fb"]
)
def test_no_value_breaks_the_line_or_reaches_a_terminal(hostile: str) -> None:
    line = logged("Denial", text=hostile)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert all(32 <= octet < 127 for octet in line[:-1])
    assert json.loads(line)["text"] == hostile


def test_a_long_value_is_cut() -> None:
    assert len(json.loads(logged("Delivery", text="x" * 100_000))["text"]) == 1001


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = JsonLog(writer)
    log("Reception")
    os.close(writer)
    assert log.lost == 1


def test_every_subscriber_hears_every_event() -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def keep(event: str, /, **fields: Any) -> None:
        heard.append((event, fields))

    to_all(keep, keep)("Drop", rule="r")
    assert heard == [("Drop", {"rule": "r"})] * 2
