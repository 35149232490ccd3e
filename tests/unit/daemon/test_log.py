"""The log: one printable ASCII line an event, whatever is in it."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
from collections.abc import Mapping
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


async def test_a_turn_of_the_loop_is_one_write() -> None:
    reader, writer = os.pipe()
    log = JsonLog(writer, worker=1)
    for number in range(3):
        log("Drop", rule=str(number))
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1 << 16)
    await asyncio.sleep(0)
    lines = os.read(reader, 1 << 16).splitlines()
    assert [json.loads(line)["rule"] for line in lines] == ["0", "1", "2"]
    os.close(reader)
    os.close(writer)


async def test_no_write_of_several_lines_is_longer_than_a_pipe_takes_whole() -> None:
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    log = JsonLog(writer.fileno())
    for number in range(100):
        log("Drop", rule=f"{number:0300}")
    await asyncio.sleep(0)
    writer.close()
    written = list(iter(lambda: reader.recv(1 << 16), b""))
    reader.close()
    assert max(map(len, written)) <= select.PIPE_BUF
    assert all(each.endswith(b"}\n") for each in written)
    assert len(b"".join(written).splitlines()) == 100


def test_every_subscriber_hears_every_event() -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    class Keeper:
        def hear(self, event: str, fields: Mapping[str, Any]) -> None:
            heard.append((event, dict(fields)))

    to_all(Keeper(), Keeper())("Drop", rule="r")
    assert heard == [("Drop", {"rule": "r"})] * 2
