"""How what became of runs is stored: together where it can be, alone where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.garbage import watched
from unit.queue.bench import DELIVERED, running
from unit.spool.builders import message, step

from gatepost.events import nowhere
from gatepost.queue import settler
from gatepost.queue.settlement import Result
from gatepost.queue.settler import Ending, Settler
from gatepost.spool.interface import Done, SpoolError, StaleLease


class Spool:
    """refuses: gives the error for the settlements of a call, or None."""

    def __init__(self, refuses: Any = lambda _names: None) -> None:
        self.calls: list[list[str]] = []
        self.refuses = refuses

    async def settle(self, settlements: Sequence[Any], produced: Sequence[Any] = ()) -> None:
        await asyncio.sleep(0)
        self.calls.append(list(settlements))
        error = self.refuses(settlements)
        if error is not None:
            raise error


def ending(*names: str) -> Ending:
    return Ending(names, lambda parts, record: Result(settlements=list(parts)))


def made(spool: Spool, draining: asyncio.Event | None = None) -> Settler:
    return Settler(spool, draining or asyncio.Event(), nowhere)  # type: ignore[arg-type]


async def test_what_ends_in_one_turn_is_one_call() -> None:
    spool = Spool()
    it = made(spool)
    await asyncio.gather(*[it.settled(ending(name)) for name in "abc"])
    await it.settled(ending("d"))
    assert spool.calls == [["a", "b", "c"], ["d"]]


async def test_a_stale_lease_harms_no_other() -> None:
    spool = Spool(lambda names: StaleLease("b") if "b" in names else None)
    it = made(spool)
    await asyncio.gather(*[it.settled(ending(*names)) for names in ("a", "bc", "d")])
    alone = spool.calls[1:]
    assert [name for name in "acd" if [name] in alone] == ["a", "c", "d"]
    assert sorted(alone) == [["a"], ["b"], ["b", "c"], ["c"], ["d"]]


async def test_what_the_spool_refuses_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settler, "SETTLE_WAITS", (0.001,))
    refused = iter([SpoolError("no space")] * 7)
    spool = Spool(lambda names: next(refused, None) if "b" in names else None)
    it = made(spool)
    await asyncio.gather(it.settled(ending("a")), it.settled(ending("b")))
    assert spool.calls.count(["a"]) == 1
    assert spool.calls[-1] == ["b"]
    assert await it.idle(0)


async def test_a_daemon_that_ends_asks_once_more_and_no_longer() -> None:
    draining = asyncio.Event()
    spool = Spool(lambda _names: SpoolError("broken"))
    it = made(spool, draining)
    stored = asyncio.create_task(it.settled(ending("a")))
    while len(spool.calls) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert not await it.idle(0.01)
    draining.set()
    assert await it.idle(5)
    await asyncio.wait_for(stored, 1)


async def test_a_fault_is_told_and_nothing_waits_for_ever() -> None:
    told: list[str] = []
    spool = Spool(lambda _names: ZeroDivisionError("never"))
    it = Settler(spool, asyncio.Event(), lambda event, /, **_fields: told.append(event))  # type: ignore[arg-type]
    await asyncio.wait_for(it.settled(ending("a")), 1)
    assert told == ["Fault"]


async def test_many_messages_settle_beside_one_that_an_operator_took(tmp_path: Path) -> None:
    async with running(tmp_path / "0", lambda _lease: DELIVERED) as it:
        it.runner.gate.clear()
        for number in range(5):
            await it.spool.accept(message(f"m{number}", step(), step(program=1)), b"x")
        await it.until(lambda: it.runner.now == 5)
        await it.spool.delete([("m2", 0)])
        calls = 0
        settle = it.spool.settle

        async def counted(settlements: Sequence[Any], produced: Sequence[Any] = ()) -> None:
            nonlocal calls
            calls += 1
            assert all(isinstance(each, Done) for each in settlements)
            await settle(settlements, produced)

        it.spool.settle = counted  # type: ignore[method-assign]
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)
        # Together, then each alone, then the two parts of the one.
        assert calls == 1 + 5 + 2


async def test_a_message_leaves_nothing_to_the_collector_of_cycles(tmp_path: Path) -> None:
    async with running(tmp_path / "0", lambda _lease: DELIVERED) as it:
        with watched() as found:
            for number in range(10):
                await it.spool.accept(message(f"m{number}", step(), step(program=1)), b"x")
            await it.until(lambda: it.spool.pending == 0)
            it.runner.batches.clear()
            it.events.clear()
            await asyncio.sleep(0.02)
        assert not found
