"""Which runner a batch goes to, and how many threads work at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from gatepost.actions.dispatch import Sites, Threaded
from gatepost.actions.threads import Threads
from gatepost.actions.values import Task, done
from gatepost.delivery.values import ConfigurationFailure, Outcome, Verdict
from gatepost.spool.interface import Entry, Lease, State
from tests.unit.actions.tasks import RECEIVED_AT, task


def leases(each: Task, attempts: int = 0) -> list[Lease]:
    return [
        Lease(Entry(each.message, number, State.PENDING, 0.0, attempts), 1, 900.0)
        for number in each.numbers
    ]


class Noting:
    def __init__(self) -> None:
        self.seen: list[Task] = []

    def __call__(self, each: Task) -> Sequence[Outcome]:
        self.seen.append(each)
        if each.site == "gone":
            raise ConfigurationFailure("archive:gone", "no such name")
        return [done("done")] * len(each.numbers)


async def test_a_batch_goes_to_its_kind() -> None:
    action = Noting()
    sites = Sites({"archive": Threaded(action)})
    made = task("Archive", "archive:a:b", "a@example.com", "b@example.com", numbers=(1,))
    (outcome,) = await sites.run(leases(made), made.body)
    assert outcome.verdict is Verdict.DELIVERED
    (seen,) = action.seen
    assert (seen.site, seen.recipients) == ("a:b", ("b@example.com",))
    with pytest.raises(ConfigurationFailure):
        await sites.run(leases(task("Archive", "archive:gone")), b"")


async def test_a_kind_that_is_not_known_defers() -> None:
    found = await Sites({}).run(leases(task("Later", "later:x", "a@b.c", "d@e.f")), b"")
    assert [each.verdict for each in found] == [Verdict.DEFERRED] * 2


@pytest.mark.parametrize(
    ("since", "attempts", "retried"),
    [(RECEIVED_AT - 1, 0, False), (RECEIVED_AT + 1, 0, True), (RECEIVED_AT - 1, 1, True)],
)
async def test_what_may_have_been_tried_before(since: float, attempts: int, retried: bool) -> None:
    action = Noting()
    await Threaded(action, since).run(leases(task(), attempts), b"")
    assert [each.retried for each in action.seen] == [retried]


async def test_threads_are_bounded_also_when_nobody_waits() -> None:
    threads, gate, loop = Threads(2), threading.Event(), asyncio.get_running_loop()
    running: list[int] = []
    both = asyncio.Event()

    def work(number: int) -> int:
        running.append(number)
        if len(running) == 2:
            loop.call_soon_threadsafe(both.set)
        assert gate.wait(10)
        return number

    first, second, third = (asyncio.create_task(threads.run(work, n)) for n in range(3))
    await both.wait()
    first.cancel()
    await asyncio.wait([first])
    await asyncio.sleep(0.01)
    assert sorted(running) == [0, 1]
    gate.set()
    assert [await second, await third] == [1, 2]


async def test_what_a_thread_raises() -> None:
    def fail() -> Any:
        raise ConfigurationFailure("a", "b")

    with pytest.raises(ConfigurationFailure):
        await Threads(1).run(fail)


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_what_no_coroutine_may_raise_is_told_as_an_error(error: type[BaseException]) -> None:
    """A future takes no StopIteration, and SystemExit would end the loop."""

    def fail() -> Any:
        raise error

    threads = Threads(1)
    with pytest.raises(RuntimeError, match=error.__name__) as caught:
        await asyncio.wait_for(threads.run(fail), 10)
    assert isinstance(caught.value.__cause__, error)
    assert await threads.run(int) == 0  # the place is free
