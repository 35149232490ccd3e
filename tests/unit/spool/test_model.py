"""Random use of the disk engine, compared with a dict; it is closed and opened again on the way."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Defer, Done, Lease, State

from .builders import NOW, message, step

Key = tuple[str, int]
DESTINATIONS = ("relay:a", "relay:b")


class SpoolMachine(RuleBasedStateMachine):
    """model: a pending step to (destination, due, attempts, held)."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.path = Path(tempfile.mkdtemp())
        self.model: dict[Key, tuple[str, float, int, bool]] = {}
        self.bodies: dict[str, bytes] = {}
        self.leases: dict[Key, Lease] = {}
        self.count = 0
        self._open()

    def _open(self) -> None:
        options = Settings(segment_size=2500, low_space=0, cache_bytes=3000, spare_segments=1)
        self.spool = self.loop.run_until_complete(DiskSpool.open(self.path / "0", settings=options))

    @rule(
        steps=st.lists(st.sampled_from(DESTINATIONS), min_size=1, max_size=3),
        size=st.integers(0, 2000),
        late=st.integers(-5, 5),
    )
    def accept(self, steps: list[str], size: int, late: int) -> None:
        self.count += 1
        name = f"m{self.count}"
        body = Random(self.count).randbytes(size)
        made = message(
            name,
            *[step(it, program) for program, it in enumerate(steps)],
            received_at=NOW + late,
        )
        self.loop.run_until_complete(self.spool.accept(made, body))
        self.bodies[name] = body
        for number, destination in enumerate(steps):
            self.model[name, number] = (destination, NOW + late, 0, False)

    @rule(destination=st.sampled_from(DESTINATIONS), limit=st.integers(1, 4))
    def lease(self, destination: str, limit: int) -> None:
        found = self.loop.run_until_complete(self.spool.lease(destination, NOW, limit, 1e6))
        free = sorted(
            due
            for key, (there, due, _attempts, held) in self.model.items()
            if there == destination and due <= NOW and not held and key not in self.leases
        )
        assert [lease.entry.due_at for lease in found] == free[:limit]
        for lease in found:
            assert lease.entry.key not in self.leases
            self.leases[lease.entry.key] = lease

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), wait=st.none() | st.integers(-1, 3))
    def settle(self, data: st.DataObject, wait: int | None) -> None:
        key = data.draw(st.sampled_from(sorted(self.leases)))
        lease = self.leases.pop(key)
        destination, _due, attempts, held = self.model[key]
        if wait is None:
            del self.model[key]
            self.loop.run_until_complete(self.spool.settle([Done(lease)]))
        else:
            self.model[key] = (destination, NOW + wait, attempts + 1, held)
            self.loop.run_until_complete(self.spool.settle([Defer(lease, NOW + wait, "x")]))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), held=st.booleans())
    def change(self, data: st.DataObject, held: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        state = State.HELD if held else State.PENDING
        work = self.spool.change([key], state=state, due_at=NOW)
        assert self.loop.run_until_complete(work) == 1
        destination, due, attempts, _held = self.model[key]
        self.model[key] = (destination, due if key in self.leases else NOW, attempts, held)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        assert self.loop.run_until_complete(self.spool.delete([key])) == 1
        del self.model[key]
        self.leases.pop(key, None)

    @rule()
    def reopen(self) -> None:
        self.loop.run_until_complete(self.spool.close())
        self._open()
        self.leases.clear()

    @invariant()
    def same(self) -> None:
        async def look() -> None:
            found = {entry.key: entry async for entry in self.spool.scan()}
            assert found.keys() == self.model.keys()
            for key, (destination, due, attempts, held) in self.model.items():
                entry = found[key]
                assert entry.message.steps[entry.step].destination == destination
                assert (entry.due_at, entry.attempts) == (due, attempts)
                assert entry.state is (State.HELD if held else State.PENDING)
            for name in {key[0] for key in found}:
                assert await self.spool.body(name) == self.bodies[name]

        self.loop.run_until_complete(look())
        assert self.spool.pending == len(self.model)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.spool.close())
        self.loop.close()
        shutil.rmtree(self.path)


TestModel = SpoolMachine.TestCase
TestModel.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
