"""Mail is taken as fast as it is delivered: what a 250 waits for, and what it does not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from gatepost.daemon.flow import LONGEST, OLD, SHORTEST, STALE, WATCHED, Flow
from tests.unit.daemon.conftest import Idle


class World:
    """A flow and its clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.flow = Flow(Idle(), lambda: self.now)

    async def attempt(self, name: str) -> None:
        message = SimpleNamespace(id=name)
        assert await self.flow.run([SimpleNamespace(entry=SimpleNamespace(message=message))], b"")

    async def lag(self, seconds: float, times: int = 1000, every: float = 0.001) -> None:
        """Many messages, each of which waits that long."""
        names = [f"of-{seconds}-{number}" for number in range(times)]
        for name in names:
            self.flow.stored(name)
            self.now += seconds
            await self.attempt(name)
            self.now += every - seconds
        self.now += seconds


@pytest.fixture
def world() -> World:
    return World()


async def test_nothing_waits_where_nothing_lags(world: World) -> None:
    await world.lag(SHORTEST / 2)
    assert world.flow.stored("next") == 0


async def test_a_250_waits_as_long_as_a_first_attempt_did(world: World) -> None:
    await world.lag(0.3)
    assert world.flow.stored("next") == pytest.approx(0.3, rel=0.01)
    await world.lag(0.002)
    assert world.flow.stored("next") == 0


async def test_it_never_waits_longer_than_a_second(world: World) -> None:
    await world.lag(OLD - 1)
    assert 0.9 * LONGEST < world.flow.stored("next") <= LONGEST


async def test_one_that_waited_among_many_slows_nobody(world: World) -> None:
    await world.lag(0.001)
    world.flow.stored("slow")
    world.now += OLD - 1
    await world.lag(0.001)
    await world.attempt("slow")
    assert world.flow.stored("next") == 0


async def test_what_waited_for_its_site_does_not_count(world: World) -> None:
    """A site that was suspended or dead, and takes its backlog now."""
    names = [f"held-{number}" for number in range(WATCHED // 2)]
    for name in names:
        world.flow.stored(name)
    world.now += OLD + 1
    for name in names:
        await world.attempt(name)
    assert world.flow.stored("next") == 0


async def test_only_first_attempts_of_mail_that_came_now_count(world: World) -> None:
    world.flow.stored("again")
    await world.attempt("again")
    for _ in range(1000):
        world.now += 0.2
        await world.attempt("again")
        await world.attempt("from an earlier run")
    assert world.flow.stored("next") == 0


async def test_it_is_over_when_no_first_attempt_is_made_any_more(world: World) -> None:
    await world.lag(0.3)
    world.now += STALE * 1.1
    assert world.flow.stored("next") == 0
    # Nor does the first one after that bring it back.
    world.flow.stored("first")
    await world.attempt("first")
    assert world.flow.stored("next") == 0


async def test_mail_that_is_never_attempted_is_forgotten(world: World) -> None:
    for number in range(3 * WATCHED):
        world.flow.stored(f"dead-{number}")
    assert len(world.flow._stored) <= WATCHED


async def test_who_rests_goes_on_in_time(world: World) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await world.flow.rest(0.05)
    assert 0.04 < loop.time() - began < 1
    assert not world.flow._resting


async def test_nobody_rests_once_it_is_closed(world: World) -> None:
    await world.lag(0.3)
    resting = [asyncio.create_task(world.flow.rest(60)) for _ in range(3)]
    await asyncio.sleep(0)
    world.flow.close()
    async with asyncio.timeout(5):
        await asyncio.gather(*resting)
    assert world.flow.stored("next") == 0


async def test_a_rest_that_is_cancelled_leaves_nothing(world: World) -> None:
    resting = asyncio.create_task(world.flow.rest(60))
    await asyncio.sleep(0)
    resting.cancel()
    await asyncio.gather(resting, return_exceptions=True)
    assert not world.flow._resting
