"""The scheduler on a real disk spool; runner, notices, clock and chance are in the tests' hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from unit.queue.bench import DELIVERED, DOWN, LATER, REFUSED, Bench, Notices, running
from unit.spool.builders import NOW, message, step

from gatepost.delivery.values import ConfigurationFailure, Outcome
from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Lease, SpoolFull, State

Open = Callable[..., Any]


@pytest.fixture
def bench(tmp_path: Path) -> Open:
    return partial(running, tmp_path / "0")


async def test_delivered_at_once(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED) as it:
        await it.spool.accept(message("m1"), b"body")
        await it.until(lambda: it.spool.pending == 0)
        (fields,) = it.named("Delivery")
        assert (fields["id"], fields["destination"], fields["attempts"]) == ("m1", "relay:a", 1)
        assert (fields["code"], fields["status"]) == (250, "2.0.0")


async def test_one_batch_a_message_sender_and_headers(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED) as it:
        it.scheduler.suspend("relay:a")
        steps = [step(program=number) for number in range(3)]
        steps += [step(program=3, headers=(("X", "1"),)), step(program=0)]
        await it.spool.accept(message("m1", *steps), b"body")
        it.scheduler.resume("relay:a")
        await it.until(lambda: it.spool.pending == 0)
        found = sorted([lease.entry.step for lease in batch] for batch in it.runner.batches)
        assert found == [[0, 1, 2], [3], [4]]


async def test_deferred_by_the_policy_then_delivered(bench: Open) -> None:
    answers = [LATER, LATER, DELIVERED]
    async with bench(lambda lease: answers.pop(0)) as it:
        await it.spool.accept(message("m1"), b"body")
        for wait in (300, 600):
            await it.until(lambda due=it.now + wait: it.spool.next_due() == due)
            await it.later(wait)
        await it.until(lambda: it.spool.pending == 0)
        assert [fields["attempts"] for fields in it.named("TransientFailure")] == [1, 2]
        assert it.notices.made == []


async def test_a_failure_is_told_by_the_same_settle(bench: Open) -> None:
    async with bench(lambda lease: REFUSED if lease.entry.step else DELIVERED) as it:
        await it.spool.accept(message("m1", step(), step(program=1), step(program=2)), b"body")
        await it.until(lambda: it.notices.made and it.spool.pending == 1)
        assert it.notices.made == [("failed", "m1", [1, 2])]
        assert [entry.message.id async for entry in it.spool.scan()] == ["failed-m1-1"]
        assert len(it.named("Bounce")) == 2


async def test_delay_notice_once_and_expiry(bench: Open) -> None:
    async with bench(lambda lease: LATER) as it:
        await it.spool.accept(message("m1", received_at=NOW - 5 * 3600), b"body")
        await it.until(lambda: len(it.named("TransientFailure")) == 1)
        await it.until(lambda: it.spool.next_due() == it.now + 300)
        await it.later(300)
        await it.until(lambda: len(it.named("TransientFailure")) == 2)
        await it.until(lambda: it.spool.next_due() == it.now + 600)
        await it.later(5 * 86400)
        await it.until(lambda: it.named("Expiration"))
        await it.until(lambda: it.spool.pending == 2)
        assert [made[0] for made in it.notices.made] == ["delayed", "failed"]


async def test_configuration_failures(bench: Open) -> None:
    def missing(lease: Lease) -> Outcome:
        if lease.entry.message.steps[lease.entry.step].destination == "relay:a":
            raise ConfigurationFailure("relay a", "is not there")
        return DELIVERED

    async with bench(missing) as it:
        goes_on = [step(), step("relay:b")]
        ends = [step(on_failure="DROP"), step("relay:b")]
        await it.spool.accept(message("m1", *goes_on), b"body")
        await it.spool.accept(message("m2", *ends), b"body")
        await it.until(lambda: it.spool.pending == 0)
        assert [fields["id"] for fields in it.named("Delivery")] == ["m1"]
        assert [fields["id"] for fields in it.named("Drop")] == ["m2"]


async def test_a_fault_defers(bench: Open) -> None:
    def broken(lease: Lease) -> Outcome:
        raise ZeroDivisionError

    async with bench(broken) as it:
        await it.spool.accept(message("m1"), b"body")
        await it.until(lambda: it.named("TransientFailure"))
        assert it.named("Fault")
        assert it.spool.pending == 1


async def test_bounce_needs_no_runner(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED) as it:
        made = message("m1", step("bounce:"))
        object.__setattr__(made.steps[0], "action", "Bounce")
        await it.spool.accept(made, b"body")
        await it.until(lambda: it.notices.made)
        await it.until(lambda: it.spool.pending == 1)
        assert it.runner.batches == []


async def test_a_bounce_that_cannot_be_made_waits(bench: Open, monkeypatch: Any) -> None:
    async with bench(lambda lease: DELIVERED) as it:
        monkeypatch.delattr(Notices, "bounced")
        made = message("m1", step("bounce:"))
        object.__setattr__(made.steps[0], "action", "Bounce")
        await it.spool.accept(made, b"body")
        await it.until(lambda: it.spool.next_due() == NOW + 4000)
        (fault,) = it.named("Fault")
        assert fault["where"] == "notice"
        (entry,) = [entry async for entry in it.spool.scan()]
        assert entry.attempts == 1
        assert "a notice cannot be made" in entry.last_error


async def test_concurrency_is_bounded_and_shared(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED, total=6, destination_start=4) as it:
        it.runner.gate.clear()
        for number in range(30):
            await it.spool.accept(message(f"a{number}"), b"x")
        for number in range(5):
            await it.spool.accept(message(f"b{number}", step("relay:b")), b"x")
        await it.until(lambda: it.runner.now == 6)
        names = [batch[0].entry.message.id[0] for batch in it.runner.batches]
        assert names.count("a") == 4
        assert names.count("b") == 2
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)
        assert it.runner.most == 6


async def test_a_site_that_is_down_is_not_tried_for_every_message(bench: Open) -> None:
    async with bench(lambda lease: DOWN, destination_start=1) as it:
        for number in range(20):
            await it.spool.accept(message(f"m{number}"), b"x")
        await it.until(lambda: len(it.named("TransientFailure")) == 20)
        assert len(it.runner.batches) == 3
        assert it.spool.pending == 20


async def test_suspend_resume_flush(bench: Open) -> None:
    answers = [LATER]
    async with bench(lambda lease: answers.pop() if answers else DELIVERED) as it:
        it.scheduler.suspend("relay:a")
        await it.spool.accept(message("m1"), b"x")
        await it.spool.accept(message("m2", step("relay:b")), b"x")
        await it.until(lambda: it.named("TransientFailure"))
        assert it.scheduler.suspended == {"relay:a", "relay:dsn"}
        await it.until(lambda: it.spool.next_due() == it.now + 300)
        assert await it.scheduler.flush(lambda entry: entry.message.id == "m3") == 0
        assert await it.scheduler.flush(lambda entry: entry.message.id == "m2") == 1
        await it.until(lambda: it.spool.pending == 1)
        it.scheduler.resume("relay:a")
        await it.until(lambda: it.spool.pending == 0)


async def test_what_was_leased_before_a_suspension_runs_after_it(bench: Open) -> None:
    one = {"destination_start": 1, "destination_max": 1}
    async with bench(lambda lease: DELIVERED, **one) as it:
        it.runner.gate.clear()
        it.scheduler.suspend("relay:a")
        for number in range(3):
            await it.spool.accept(message(f"m{number}"), b"x")
        it.scheduler.resume("relay:a")
        await it.until(lambda: it.spool.statistics()["leased"] == 3)
        it.scheduler.suspend("relay:a")
        it.runner.gate.set()
        await it.until(lambda: it.scheduler.sites()["relay:a"]["running"] == 0)
        await asyncio.sleep(0.05)
        assert it.spool.pending == 2
        it.scheduler.resume("relay:a")
        await it.until(lambda: it.spool.pending == 0)


async def test_a_flush_tries_a_site_that_has_been_given_a_rest(bench: Open) -> None:
    answers = [DOWN] * 3
    one = {"destination_start": 1, "destination_max": 1}
    async with bench(lambda lease: answers.pop() if answers else DELIVERED, **one) as it:
        for number in range(4):
            await it.spool.accept(message(f"m{number}"), b"x")
        await it.until(lambda: len(it.named("TransientFailure")) == 4)
        await it.until(lambda: it.spool.statistics()["leased"] == 0)
        await it.until(lambda: it.scheduler.sites()["relay:a"]["running"] == 0)
        # The fourth heard of the others' failures without a run.
        assert len(it.runner.batches) == 3
        site = it.scheduler.sites()["relay:a"]
        assert site["reason"] == "connection refused"
        assert site["paused_until"] == NOW + 60
        assert it.spool.queues()["relay:a"] == {
            "pending": 4,
            "held": 0,
            "leased": 0,
            "oldest": NOW,
        }
        assert await it.scheduler.flush() == 4
        await it.until(lambda: it.spool.pending == 0)


async def test_drain_waits_then_leaves_it_in_the_queue(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1"), b"x")
        await it.until(lambda: it.runner.now == 1)
        assert not await it.scheduler.drain(0.05)
        assert it.spool.pending == 1


async def test_a_settle_that_fails_is_repeated(bench: Open, monkeypatch: Any) -> None:
    monkeypatch.setattr("gatepost.queue.settler.SETTLE_WAITS", (0.001, 0.001))
    async with bench(lambda lease: DELIVERED) as it:
        settle, failures = it.spool.settle, [*range(20)]

        async def full(settlements: Any, produced: Any = ()) -> None:
            if failures:
                failures.pop()
                raise SpoolFull("no space")
            await settle(settlements, produced)

        it.spool.settle = full
        await it.spool.accept(message("m1"), b"x")
        await it.until(lambda: it.spool.pending == 0)
        assert len(it.runner.batches) == 1
        assert len(it.named("Delivery")) == 1


async def test_a_step_held_during_its_run_is_kept_only_if_it_is_put_off(bench: Open) -> None:
    async with bench(lambda lease: LATER if lease.entry.step else DELIVERED) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1", step(), step(program=1)), b"x")
        await it.until(lambda: it.runner.now == 1)
        await it.spool.change([("m1", 0), ("m1", 1)], state=State.HELD, due_at=None)
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 1)
        (entry,) = [entry async for entry in it.spool.scan()]
        assert (entry.key, entry.state, entry.attempts) == (("m1", 1), State.HELD, 1)
        await it.later(4000)
        await asyncio.sleep(0.02)
        assert len(it.runner.batches) == 1


async def test_a_step_deleted_during_its_run_is_gone_and_the_others_settle(bench: Open) -> None:
    async with bench(lambda lease: LATER if lease.entry.step else DELIVERED) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1", step(), step(program=1)), b"x")
        await it.until(lambda: it.runner.now == 1)
        await it.spool.delete([("m1", 1)])
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)


async def test_long_runs_keep_their_lease(bench: Open) -> None:
    async with bench(lambda lease: DELIVERED, lease_seconds=100) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1"), b"x")
        await it.until(lambda: it.runner.now == 1)
        for _minute in range(5):
            await it.later(60)
            await asyncio.sleep(0.02)
        assert len(it.runner.batches) == 1
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)


async def test_a_clock_that_goes_back_leaves_nothing_waiting(bench: Open) -> None:
    answers = [LATER] * 2
    async with bench(lambda lease: answers.pop() if answers else DELIVERED) as it:
        it.now = NOW + 2 * 86400
        await it.spool.accept(message("m1", received_at=it.now), b"x")
        await it.until(lambda: it.spool.next_due() == it.now + 300)
        await it.later(-200)  # no further than the schedule reaches
        await it.until(lambda: it.scheduler._latest == it.now)
        assert it.spool.next_due() == it.now + 500
        await it.later(-4 * 86400)
        await it.until(lambda: it.spool.next_due() == it.now + 600)
        assert it.named("Fault") == [
            {
                "where": "queue",
                "reason": "the clock went back: 1 steps that waited for it are due now",
            }
        ]
        await it.later(600)
        await it.until(lambda: it.spool.pending == 0)


async def test_what_an_earlier_run_put_off_by_a_wrong_clock_is_due_at_the_start(
    tmp_path: Path,
) -> None:
    spool = await DiskSpool.open(tmp_path / "0", settings=Settings(low_space=0))
    await spool.accept(message("m1", received_at=NOW + 86400), b"x")
    bench = Bench(spool, lambda _lease: DELIVERED)
    task = asyncio.create_task(bench.scheduler.run())
    await bench.until(lambda: spool.pending == 0)
    await bench.scheduler.drain(5)
    await task
    await spool.close()


async def test_a_clock_that_leaps_forward_runs_nothing_twice(bench: Open) -> None:
    async with bench(lambda _lease: DELIVERED) as it:
        it.runner.gate.clear()
        await it.spool.accept(message("m1"), b"x")
        await it.until(lambda: it.runner.batches)
        await it.later(2 * 86400)
        await it.until(lambda: it.scheduler._latest == it.now)
        await asyncio.sleep(0.05)
        assert len(it.runner.batches) == 1
        it.runner.gate.set()
        await it.until(lambda: it.spool.pending == 0)
        assert len(it.runner.batches) == 1


async def test_a_transmission_does_not_wait_until_the_last_outcome_is_stored(bench: Open) -> None:
    one = {"destination_start": 1, "destination_max": 1}
    async with bench(lambda lease: DELIVERED, **one) as it:
        settle, stored = it.spool.settle, asyncio.Event()

        async def late(*settlements: Any) -> None:
            await stored.wait()
            await settle(*settlements)

        it.spool.settle = late  # type: ignore[method-assign]
        for number in range(4):
            await it.spool.accept(message(f"m{number}"), b"x")
        await it.until(lambda: len(it.runner.batches) == 2)
        # As many outcomes may wait for the disk as there are places; a crash makes no more of them.
        await asyncio.sleep(0.05)
        assert len(it.runner.batches) == 2
        stored.set()
        await it.until(lambda: it.spool.pending == 0)
        assert len(it.runner.batches) == 4
        assert it.runner.most == 1
