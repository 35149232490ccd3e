"""A clock that is set, in either direction: mail is delivered once, or given up with a notice; none
of it waits for a time that the schedule cannot have meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.queue.bench import DELIVERED, LATER, Bench, running
from unit.spool.builders import NOW, message

from gatepost.delivery.values import Outcome
from gatepost.spool.interface import Lease

from . import tables

HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365 * DAY
FIRST_WAIT = 300.0


def fails(times: int) -> Callable[[Lease], Outcome]:
    left = [LATER] * times
    return lambda _lease: left.pop() if left else DELIVERED


async def put_off(it: Bench) -> None:
    """A message whose first attempt has failed for a time."""
    await it.spool.accept(message("m1", received_at=it.now), b"x")
    await it.until(lambda: it.spool.next_due() == it.now + FIRST_WAIT)


async def waiting(path: Path, seconds: float) -> str:
    """What becomes of mail that waits when the clock is set by that much; no time passes after."""
    async with running(path, fails(1)) as it:
        await put_off(it)
        await it.later(seconds)
        await it.until(lambda: it.spool.pending == 0)
        assert delivered(it) == 1
        assert len(it.runner.batches) == 2
    return "delivered at once" if seconds < 0 else "delivered early"


async def flying(path: Path, seconds: float) -> str:
    """… of a message whose delivery runs meanwhile."""
    async with running(path, fails(0)) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1"), b"x")
        await it.until(lambda: it.runner.batches)
        await it.later(seconds)
        await it.until(lambda: it.scheduler._latest == it.now)
        # The loop comes round once more: what it does about another message is seen.
        await it.spool.accept(message("m2", received_at=it.now), b"x")
        await it.until(lambda: len(it.runner.batches) == 2)
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)
        assert delivered(it) == 2
        assert len(it.runner.batches) == 2
    return "delivered"


async def expired(path: Path, seconds: float) -> str:
    async with running(path, fails(9)) as it:
        await put_off(it)
        await it.later(seconds)
        await it.until(lambda: it.named("Expiration"))
        await it.until(lambda: it.notices.made == [("failed", "m1", [0])])
        # The notice is in the queue in place of the message.
        await it.until(lambda: it.spool.pending == 1)
        assert delivered(it) == 0
    return "given up, the sender is told"


async def restarted(path: Path, seconds: float) -> str:
    async with running(path, fails(9), NOW + seconds) as it:
        await put_off(it)
    async with running(path, fails(0)) as it:
        await it.until(lambda: it.spool.pending == 0)
        assert delivered(it) == 1
    return "delivered at once"


def delivered(it: Bench) -> int:
    return len(it.named("Delivery"))


WAYS: dict[str, tuple[Any, float]] = {
    "back an hour while mail waits": (waiting, -2 * HOUR),
    "back ten years while mail waits": (waiting, -10 * YEAR),
    "back a day while a delivery runs": (flying, -DAY),
    "forward an hour while mail waits": (waiting, HOUR),
    "forward a day while a delivery runs": (flying, DAY),
    "forward a year while mail waits": (expired, YEAR),
    "was a year ahead before a restart": (restarted, YEAR),
}


@pytest.mark.parametrize("name", tables.CLOCKS)
async def test_clock(tmp_path: Path, name: str) -> None:
    way, seconds = WAYS[name]
    follows = await way(tmp_path / "0", seconds)
    tables.record(tables.CLOCK, name, follows, 0, 0)
    assert follows == tables.CLOCKS[name]
