"""Who may hold a body in memory, and who waits."""

from __future__ import annotations

import asyncio
from random import Random

from gatepost.queue.room import SMALL, Room

BUDGET = 10 * SMALL


async def test_small_ones_never_wait() -> None:
    room = Room()
    async with room.hold(BUDGET, BUDGET), room.hold(SMALL, BUDGET):
        assert room.used == BUDGET


async def test_one_that_is_larger_than_the_budget_runs_alone() -> None:
    room = Room()
    async with room.hold(SMALL + 1, BUDGET):
        waiting = asyncio.create_task(held(room, 2 * BUDGET))
        await asyncio.sleep(0.01)
        assert not waiting.done()
    assert await waiting == 2 * BUDGET
    assert room.used == 0


async def test_a_later_one_does_not_overtake() -> None:
    room = Room()
    order: list[int] = []

    async def enter(size: int) -> None:
        async with room.hold(size, BUDGET):
            order.append(size)

    async with room.hold(6 * SMALL, BUDGET):
        tasks = [asyncio.create_task(enter(size)) for size in (8 * SMALL, 2 * SMALL)]
        await asyncio.sleep(0.01)
        assert order == []
    await asyncio.gather(*tasks)
    assert order == [8 * SMALL, 2 * SMALL]


async def test_one_that_is_cancelled_lets_the_next_in() -> None:
    room = Room()
    async with room.hold(6 * SMALL, BUDGET):
        first = asyncio.create_task(held(room, 8 * SMALL))
        second = asyncio.create_task(held(room, 2 * SMALL))
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second == 8 * SMALL
    assert room.used == 0


async def test_the_budget_holds_for_any_sizes_and_times() -> None:
    random, room = Random(1), Room()
    most = 0

    async def one() -> None:
        nonlocal most
        size = random.randrange(SMALL + 1, 4 * SMALL)
        async with room.hold(size, BUDGET):
            most = max(most, room.used)
            await asyncio.sleep(random.random() / 1000)

    tasks = [asyncio.create_task(one()) for _number in range(200)]
    for task in random.sample(tasks, 40):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert BUDGET / 2 < most <= BUDGET
    assert room.used == 0


async def held(room: Room, size: int) -> int:
    """What is held while it is."""
    async with room.hold(size, BUDGET):
        return room.used
