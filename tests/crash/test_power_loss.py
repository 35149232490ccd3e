"""The power fails after any operation of the disk engine: what was promised holds.

A workload runs on the simulated disk (messages of several sizes, leases, deferrals, settlements
with DSNs, holds, compaction, segments written again). At every operation, disk states that could
follow are made and opened; in some the power fails a second time while the spool recovers and
works on. GATEPOST_TESTS=full tries many more states.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from unit.spool.builders import NOW, message, step

from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Defer, Done, Lease, Message, SpoolError, State
from tests import budget

from . import simulated, tables

SEEDS = budget.of(range(4), range(6))
STATES = budget.of(2, 4)
ROUNDS = budget.of(18, 40)
SETTINGS = Settings(
    segment_size=6000, batch_bytes=4000, low_space=0, spare_segments=2, cache_bytes=2000
)


@dataclass
class Promise:
    """What a spool must hold. must: steps that were accepted and not asked to be settled: key to
    the attempts that at least are known. may: steps whose accept or settle had not returned.
    never: settled ones. pairs: a failed step and the DSN that its settle accepts."""

    must: dict[tuple[str, int], int] = field(default_factory=dict)
    may: set[tuple[str, int]] = field(default_factory=set)
    bodies: dict[str, bytes] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    pairs: dict[tuple[str, int], str] = field(default_factory=dict)

    def snapshot(self) -> Promise:
        return Promise(dict(self.must), set(self.may), dict(self.bodies), dict(self.messages),
                       dict(self.pairs))  # fmt: skip


class Work:
    """A random workload that keeps a promise up to date."""

    def __init__(self, spool: DiskSpool, promise: Promise, random: Random, name: str) -> None:
        self._spool = spool
        self.promise = promise
        self._random = random
        self._name = name
        self._count = 0

    def _message(self, destination: str | None = None) -> tuple[Message, bytes]:
        random = self._random
        self._count += 1
        name = f"{self._name}-{self._count}"
        body = random.randbytes(random.choice((0, 10, 300, 1500, 5000)))
        steps = [
            step(destination or random.choice(("relay:a", "relay:b")), program)
            for program in range(random.choice((1, 1, 1, 3)))
        ]
        made = message(name, *steps, size=len(body))
        self.promise.bodies[name] = body
        self.promise.messages[name] = made
        return made, body

    def _keys(self, made: Message) -> list[tuple[str, int]]:
        return [(made.id, number) for number in range(len(made.steps))]

    async def accept(self) -> None:
        made, body = self._message()
        self.promise.may.update(self._keys(made))
        await self._spool.accept(made, body)
        for key in self._keys(made):
            self.promise.may.discard(key)
            self.promise.must[key] = 0

    async def settle(self, lease: Lease) -> None:
        key = lease.entry.key
        promise = self.promise
        kind = self._random.choice(("done", "done", "defer", "fail"))
        if kind == "defer":
            due = NOW + self._random.choice((0, 0, 1000))
            await self._spool.settle([Defer(lease, due, "450 later")])
            promise.must[key] = lease.entry.attempts + 1
            return
        del promise.must[key]
        promise.may.add(key)
        if kind == "done":
            await self._spool.settle([Done(lease)])
            promise.may.discard(key)
            return
        notice, body = self._message("relay:c")
        promise.pairs[key] = notice.id
        promise.may.update(self._keys(notice))
        await self._spool.settle([Done(lease)], [(notice, body)])
        promise.may.discard(key)
        del promise.pairs[key]
        for it in self._keys(notice):
            promise.may.discard(it)
            promise.must[it] = 0

    async def round(self) -> None:
        random = self._random
        work = [self.accept() for _ in range(random.randint(0, 5))]
        for destination in ("relay:a", "relay:b", "relay:c"):
            limit = random.randint(0, 4)
            leases = await self._spool.lease(destination, NOW, limit, 1e6)
            work += [self.settle(lease) for lease in leases]
        await asyncio.gather(*work)
        if random.random() < 0.1 and self.promise.must:
            key = random.choice(sorted(self.promise.must))
            await self._spool.change([key], state=State.HELD, due_at=None)


@dataclass
class Moment:
    """before: the operation that comes next, or "at rest"."""

    before: str
    state: simulated.State
    promise: Promise


async def record(
    files: simulated.SimulatedFiles,
    path: Path,
    promise: Promise,
    random: Random,
    name: str,
    rounds: int,
) -> list[Moment]:
    """The disk and the promise before and after every operation of opening and working."""
    moments: list[Moment] = []
    files.before = lambda operation: (
        None if operation in ("read", "list") else moments.append(
            Moment(operation, files.killed(), promise.snapshot())
        )
    )  # fmt: skip
    spool = await DiskSpool.open(path, settings=SETTINGS, files=files)
    assert spool.statistics()["damaged"] == 0
    work = Work(spool, promise, random, name)
    for _round in range(rounds):
        await work.round()
        moments.append(Moment("at rest", files.killed(), promise.snapshot()))
    await spool.close()
    moments.append(Moment("at rest", files.killed(), promise.snapshot()))
    return moments


async def check(spool: DiskSpool, promise: Promise) -> None:
    assert spool.statistics()["damaged"] == 0, "what was never promised was called damage"
    found = {entry.key: entry async for entry in spool.scan()}
    lost = set(promise.must) - set(found)
    assert not lost, f"lost {lost}"
    extra = set(found) - set(promise.must) - promise.may
    assert not extra, f"back again {extra}"
    for key, attempts in promise.must.items():
        assert found[key].attempts >= attempts
    for name in {key[0] for key in found}:
        assert await spool.body(name) == promise.bodies[name]
    for key, entry in found.items():
        assert entry.message == promise.messages[key[0]], "half a message"
    partly = {key[0] for key in promise.may} & {key[0] for key in found}
    for name in partly:
        if not any(key[0] == name for key in promise.must):
            steps = range(len(promise.messages[name].steps))
            there = {number for number in steps if (name, number) in found}
            unpromised = {number for number in steps if (name, number) in promise.may}
            assert there <= unpromised
    for key, notice in promise.pairs.items():
        assert (key in found) != any(it[0] == notice for it in found), "settled by halves"


AGAIN = "again, while it recovers"


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_was_promised_holds(tmp_path: Path, seed: int) -> None:
    files = simulated.SimulatedFiles()
    moments = await record(files, tmp_path, Promise(), Random(seed), "one", ROUNDS)
    assert len(moments) > 100
    operations = Counter(moment.before for moment in moments)
    opened: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    why: list[str] = []

    async def hold(before: str, work: Awaitable[int]) -> None:
        """Counts the states that the work opened."""
        try:
            opened[before] += await work
        except (AssertionError, SpoolError) as error:
            opened[before] += 1
            failing[before] += 1
            why.append(f"before {before}: {error}")

    for number, moment in enumerate(moments):
        for attempt in range(STATES):
            lot = Random(f"{seed} {number} {attempt}")
            killed = attempt == STATES - 1 and number % 3 == 0
            state = moment.state.killed() if killed else moment.state.outage(lot)
            await hold(moment.before, once(tmp_path, state, moment.promise))
            if number % 20 == attempt or (killed and number % 9 == 0):
                state = moment.state.killed() if killed else moment.state.outage(lot)
                operations[AGAIN] += 1
                await hold(AGAIN, twice(tmp_path, state, moment.promise, lot))
    for name in operations:
        tables.record(tables.POWER, name, operations[name], opened[name], failing[name])
    assert not why, "\n".join(why[:10])


async def once(path: Path, state: simulated.State, promise: Promise) -> int:
    spool = await DiskSpool.open(path, settings=SETTINGS, files=simulated.SimulatedFiles(state))
    try:
        await check(spool, promise)
    finally:
        await spool.close()
    return 1


async def twice(path: Path, state: simulated.State, promise: Promise, lot: Random) -> int:
    """The spool works on after the first outage, and the power fails again."""
    files = simulated.SimulatedFiles(state)
    spool = await DiskSpool.open(path, settings=SETTINGS, files=files)
    found = {entry.key: entry.attempts async for entry in spool.scan()}
    held = {entry.key for entry in [it async for it in spool.scan()] if entry.state is State.HELD}
    await spool.close()
    # What was found is what the operator and the next hops see: from here on it is promised, but
    # for what a killed process left unsynced until it was opened, which opening has synced.
    known = replace(promise.snapshot(), must=found, may=set(), pairs={})
    assert held <= set(found)
    files = simulated.SimulatedFiles(files.state)
    moments = await record(files, path, known, lot, "two", 3)
    opened = 0
    for moment in lot.sample(moments, min(len(moments), 12)):
        opened += await once(path, moment.state.outage(lot), moment.promise)
    return opened


async def test_a_lost_promise_would_be_seen(tmp_path: Path) -> None:
    """The simulation itself can fail: without syncs, messages are lost."""
    files = simulated.SimulatedFiles()
    files.sync_data = lambda fd: None  # type: ignore[method-assign]
    promise = Promise()
    moments = await record(files, tmp_path, promise, Random(1), "one", 5)
    losses = 0
    for number, moment in enumerate(moments):
        try:
            await once(tmp_path, moment.state.outage(Random(number)), moment.promise)
        except (AssertionError, SpoolError):
            losses += 1
    assert losses
