"""Requests and answers over a stream, both ways."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gatepost.daemon.channel import LINE_MAX, Channel, ChannelError, Handler
from gatepost.errors import GatepostError


@asynccontextmanager
async def joined(
    ours: Mapping[str, Handler], theirs: Mapping[str, Handler]
) -> AsyncIterator[tuple[Channel, Channel]]:
    ends = socket.socketpair()
    channels = []
    for end, handlers in zip(ends, (ours, theirs), strict=True):
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LINE_MAX)
        channels.append(Channel(reader, writer, handlers))
    running = [asyncio.create_task(channel.run()) for channel in channels]
    try:
        yield channels[0], channels[1]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def double(value: int) -> int:
    return 2 * value


async def fail() -> None:
    raise GatepostError("the relay is closed")


async def break_down() -> None:
    raise RuntimeError("secret text")


async def test_answers_go_to_whom_they_belong_in_both_directions() -> None:
    async with joined({"double": double}, {"double": double}) as (one, other):
        asked = [end.ask("double", value=value) for value in range(50) for end in (one, other)]
        assert await asyncio.gather(*asked) == [2 * n for n in range(50) for _ in range(2)]


@pytest.mark.parametrize(
    ("do", "parameters", "reason"),
    [
        ("fail", {}, "the relay is closed"),
        ("absent", {}, "there is no request 'absent'"),
        ("double", {"nothing": 1}, "unexpected keyword argument"),
        ("break_down", {}, "internal fault: RuntimeError"),
    ],
)
async def test_errors_are_one_line(do: str, parameters: dict[str, int], reason: str) -> None:
    handlers = {"double": double, "fail": fail, "break_down": break_down}
    async with joined({}, handlers) as (one, _):
        with pytest.raises(ChannelError, match=reason) as raised:
            await one.ask(do, **parameters)
        assert "\n" not in str(raised.value)
        assert "secret" not in str(raised.value)


async def test_who_waits_is_told_when_the_other_side_goes() -> None:
    asked = asyncio.Event()

    async def never() -> None:
        asked.set()
        await asyncio.Event().wait()

    ends = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ends[0], limit=LINE_MAX)
    one = Channel(reader, writer, {})
    running = asyncio.create_task(one.run())
    waiting = asyncio.create_task(one.ask("never"))
    await asyncio.sleep(0)
    ends[1].close()
    with pytest.raises(ChannelError, match="gone"):
        await waiting
    await running
    with pytest.raises(ChannelError, match="gone"):
        await one.ask("never")


@pytest.mark.parametrize("line", [b"[]\n", b"{\n", b"\xff\n", b'"x"\n'])
async def test_a_line_that_is_no_request_ends_the_channel(line: bytes) -> None:
    ends = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ends[0], limit=LINE_MAX)
    ends[1].sendall(line)
    await asyncio.wait_for(Channel(reader, writer, {}).run(), 5)
    ends[1].close()
