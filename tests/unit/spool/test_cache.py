"""Fresh mail is read from memory: as long as there is room, and only what still waits takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.spool.cache import ENVELOPE
from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Done, Lease

from .builders import NOW, message, step

BODY = b"x" * 1000
SIZE = len(BODY) + ENVELOPE


class Open:
    """A spool whose disk nobody can read."""

    def __init__(self, spool: DiskSpool) -> None:
        self.spool = spool

        async def unreadable(*_arguments: object) -> None:
            raise AssertionError("the disk was read")

        spool.read = unreadable

    async def accept(self, *names: str, steps: int = 1) -> None:
        for name in names:
            made = message(name, *[step(f"relay:{number}", number) for number in range(steps)])
            await self.spool.accept(made, BODY)

    async def lease(self, number: int = 0) -> list[Lease]:
        return await self.spool.lease(f"relay:{number}", NOW, 1000, 60)

    async def deliver(self, *names: str, number: int = 0) -> None:
        leases = await self.lease(number)
        await self.spool.settle([Done(it) for it in leases if it.entry.message.id in names])

    async def is_cached(self, name: str) -> bool:
        try:
            return await self.spool.body(name) == BODY
        except AssertionError:
            return False


@pytest.fixture(params=["octets", "messages"])
async def three(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """Its cache has room for three messages."""
    room = {"octets": {"cache_bytes": 3 * SIZE}, "messages": {"cache_messages": 3}}[request.param]
    spool = await DiskSpool.open(tmp_path / "0", settings=Settings(low_space=0, **room))
    yield Open(spool)
    await spool.close()


async def test_the_oldest_leave_first(three: Open) -> None:
    await three.accept("a", "b", "c", "d")
    assert [await three.is_cached(name) for name in "abcd"] == [False, True, True, True]


async def test_what_was_delivered_takes_no_room(three: Open) -> None:
    await three.accept("a", "b")
    for number in range(10):
        await three.accept(f"fresh{number}")
        await three.deliver(f"fresh{number}")
    assert await three.is_cached("a")
    assert await three.is_cached("b")


async def test_it_stays_until_its_last_step(three: Open) -> None:
    await three.accept("a")
    await three.accept("b", steps=2)
    await three.deliver("b", number=0)
    await three.accept("c")
    assert [await three.is_cached(name) for name in "abc"] == [True, True, True]
    await three.deliver("b", number=1)
    await three.accept("d")
    assert [await three.is_cached(name) for name in "acd"] == [True, True, True]
