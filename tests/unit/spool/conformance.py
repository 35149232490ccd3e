"""What every engine of the Spool promises, as tests: an engine's test module subclasses
`Conformance` and gives a `harness` fixture.

A harness opens the engine on the same storage again and again: `await harness.open()`,
`await harness.close()`, `await harness.crash()` (gone without a close).
"""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Protocol

import pytest

from gatepost.spool.interface import (
    Defer,
    Done,
    End,
    Entry,
    Lease,
    Recipient,
    Spool,
    SpoolError,
    StaleLease,
    State,
)

from .builders import NOW, message, step

BODY = b"Subject: hello\r\n\r\n..dot\r\n"


class Harness(Protocol):
    async def open(self) -> Spool: ...

    async def close(self) -> None: ...

    async def crash(self) -> None: ...


async def entries(spool: Spool) -> dict[tuple[str, int], Entry]:
    found: dict[tuple[str, int], Entry] = {}
    async for entry in spool.scan():
        assert entry.key not in found, "a step was shown twice"
        found[entry.key] = entry
    return found


async def one(spool: Spool, destination: str = "relay:a", now: float = NOW) -> Lease:
    (lease,) = await spool.lease(destination, now, 1, 60)
    return lease


class Conformance:
    async def test_what_was_accepted_is_there_after_a_crash(self, harness: Harness) -> None:
        spool = await harness.open()
        stored = message(
            "m1",
            step(headers=(("X-One", "ä"), ("X-Two", "")), parameters=MappingProxyType({"A": [1]})),
            step("mx:example.org", 1, on_failure="DROP", rule="r"),
            eight_bit=True,
            smtputf8=True,
            ret="HDRS",
            envid="q+3D",
            attributes=MappingProxyType({"ingress": "edge"}),
        )
        await spool.accept(stored, BODY)
        await harness.crash()
        spool = await harness.open()
        found = await entries(spool)
        assert set(found) == {("m1", 0), ("m1", 1)}
        assert found["m1", 0] == Entry(stored, 0, State.PENDING, NOW, 0)
        assert await spool.body("m1") == BODY

    async def test_no_steps_no_message(self, harness: Harness) -> None:
        spool = await harness.open()
        nothing = message("m1")
        object.__setattr__(nothing, "steps", ())
        await spool.accept(nothing, BODY)
        assert await entries(spool) == {}
        with pytest.raises(SpoolError):
            await spool.body("m1")

    async def test_a_null_sender_and_odd_addresses_come_back(self, harness: Harness) -> None:
        spool = await harness.open()
        stored = message("m1")
        object.__setattr__(stored, "mail_from", "")
        odd = Recipient('"a b"@xn--e1afmkfd.example', ("FAILURE", "DELAY"), "rfc822;x")
        object.__setattr__(stored, "recipients", (odd,))
        await spool.accept(stored, b"")
        await harness.crash()
        spool = await harness.open()
        assert (await one(spool)).entry.message == stored
        assert await spool.body("m1") == b""

    async def test_an_id_is_accepted_once(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        with pytest.raises(SpoolError):
            await spool.accept(message("m1"), b"other")
        assert await spool.body("m1") == BODY

    async def test_many_at_once(self, harness: Harness) -> None:
        spool = await harness.open()
        names = [f"m{number:03}" for number in range(200)]
        await asyncio.gather(*(spool.accept(message(name), name.encode()) for name in names))
        await harness.crash()
        spool = await harness.open()
        assert sorted(key[0] for key in await entries(spool)) == names
        assert [await spool.body(name) for name in names] == [name.encode() for name in names]

    async def test_a_step_has_one_live_lease(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        lease = await one(spool)
        assert lease.expires_at == NOW + 60
        assert await spool.lease("relay:a", NOW + 59, 10, 60) == []
        again = await one(spool, now=NOW + 60)
        assert again.fence > lease.fence
        with pytest.raises(StaleLease):
            await spool.settle([Done(lease)])
        await spool.settle([Done(again)])
        assert await entries(spool) == {}

    async def test_an_expired_lease_that_nobody_took_still_settles(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        lease = await one(spool)
        spool.due(NOW + 1000)
        await spool.settle([Done(lease)])
        assert await entries(spool) == {}

    async def test_extend(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        lease = await one(spool)
        longer = await spool.extend(lease, NOW + 500)
        assert longer.expires_at == NOW + 500
        assert await spool.lease("relay:a", NOW + 499, 10, 60) == []
        assert len(await spool.lease("relay:a", NOW + 500, 10, 60)) == 1
        with pytest.raises(StaleLease):
            await spool.extend(longer, NOW + 900)

    async def test_leases_do_not_outlive_the_process(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        old = await one(spool)
        await harness.crash()
        spool = await harness.open()
        new = await one(spool)
        with pytest.raises(StaleLease):
            await spool.settle([Done(old)])
        await spool.settle([Done(new)])

    async def test_the_longest_due_first_and_only_what_is_due(self, harness: Harness) -> None:
        spool = await harness.open()
        for name, late in (("m1", 5), ("m2", 1), ("m3", 9), ("m4", 3)):
            await spool.accept(message(name, received_at=NOW + late), BODY)
        await spool.accept(message("other", step("relay:b"), received_at=NOW), BODY)
        assert await spool.lease("relay:a", NOW, 10, 60) == []
        first = await spool.lease("relay:a", NOW + 5, 2, 60)
        assert [lease.entry.message.id for lease in first] == ["m2", "m4"]
        rest = await spool.lease("relay:a", NOW + 5, 10, 60)
        assert [lease.entry.message.id for lease in rest] == ["m1"]
        assert await spool.lease("relay:none", NOW + 5, 10, 60) == []

    async def test_due(self, harness: Harness) -> None:
        spool = await harness.open()
        assert dict(spool.due(NOW)) == {}
        assert spool.next_due() is None
        await spool.accept(message("m1", received_at=NOW + 10), BODY)
        await spool.accept(message("m2", step("relay:b"), received_at=NOW + 20), BODY)
        assert dict(spool.due(NOW)) == {}
        assert spool.next_due() == NOW + 10
        assert dict(spool.due(NOW + 10)) == {"relay:a": NOW + 10}
        assert dict(spool.due(NOW + 30)) == {"relay:a": NOW + 10, "relay:b": NOW + 20}
        lease = await one(spool, now=NOW + 30)
        assert dict(spool.due(NOW + 30)) == {"relay:b": NOW + 20}
        await spool.settle([Defer(lease, NOW + 100, "450 busy")])
        await spool.settle([Done(await one(spool, "relay:b", NOW + 30))])
        assert dict(spool.due(NOW + 30)) == {}
        wake = spool.next_due()
        assert wake is not None
        assert NOW + 30 < wake <= NOW + 100
        assert dict(spool.due(NOW + 100)) == {"relay:a": NOW + 100}

    async def test_an_expired_lease_is_due_again(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        await one(spool)
        assert dict(spool.due(NOW + 59)) == {}
        assert spool.next_due() == NOW + 60
        assert dict(spool.due(NOW + 60)) == {"relay:a": NOW}

    async def test_defer_is_kept(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step("relay:b")), BODY)
        await spool.settle([Defer(await one(spool), NOW + 300, "450 4.2.1 later")])
        lease = await one(spool, now=NOW + 300)
        await spool.settle([Defer(lease, NOW + 900, "451 4.3.0 still", delay_notified=True)])
        await harness.crash()
        spool = await harness.open()
        entry = (await entries(spool))["m1", 0]
        assert (entry.due_at, entry.attempts) == (NOW + 900, 2)
        assert (entry.last_error, entry.delay_notified) == ("451 4.3.0 still", True)
        assert dict(spool.due(NOW)) == {"relay:b": NOW}
        await spool.settle([Defer(await one(spool, now=NOW + 900), NOW + 901, "x")])
        assert (await entries(spool))["m1", 0].delay_notified

    async def test_a_message_is_forgotten_with_its_last_step(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step("relay:b", 1)), BODY)
        await spool.settle([Done(await one(spool))])
        assert await spool.body("m1") == BODY
        await spool.settle([Done(await one(spool, "relay:b"))])
        with pytest.raises(SpoolError):
            await spool.body("m1")
        await harness.crash()
        spool = await harness.open()
        assert await entries(spool) == {}
        with pytest.raises(SpoolError):
            await spool.body("m1")

    async def test_settle_and_what_it_produces_are_one(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        await spool.accept(message("m2"), BODY)
        leases = await spool.lease("relay:a", NOW, 10, 60)
        notice = message("dsn", step("relay:b"))
        await spool.settle([Done(leases[0])])
        with pytest.raises(StaleLease):
            await spool.settle([Done(leases[1]), Done(leases[0])], [(notice, b"dsn")])
        assert set(await entries(spool)) == {("m2", 0)}
        await spool.settle([Done(leases[1])], [(notice, b"dsn")])
        await harness.crash()
        spool = await harness.open()
        assert set(await entries(spool)) == {("dsn", 0)}
        assert await spool.body("dsn") == b"dsn"

    async def test_a_lease_is_settled_once(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        lease = await one(spool)
        with pytest.raises(StaleLease):
            await spool.settle([Done(lease), Defer(lease, NOW, "x")])
        first = asyncio.ensure_future(spool.settle([Defer(lease, NOW + 1, "x")]))
        await asyncio.sleep(0)
        with pytest.raises(StaleLease):
            await spool.settle([Done(lease)])
        await first
        assert (await entries(spool))["m1", 0].attempts == 1

    async def test_end_ends_the_program_only(self, harness: Harness) -> None:
        spool = await harness.open()
        steps = (
            step("relay:b", 0),
            step("relay:a", 0),
            step("relay:b", 0),
            step("relay:b", 1),
        )
        await spool.accept(message("m1", *steps), BODY)
        later = await spool.lease("relay:b", NOW, 10, 60)
        await spool.settle([End(await one(spool))])
        assert set(await entries(spool)) == {("m1", 0), ("m1", 3)}
        stale = next(lease for lease in later if lease.entry.step == 2)
        with pytest.raises(StaleLease):
            await spool.settle([Done(stale)])
        await harness.crash()
        spool = await harness.open()
        assert set(await entries(spool)) == {("m1", 0), ("m1", 3)}

    @pytest.mark.parametrize("how", ["done", "defer", "delete"])
    async def test_after_drop_the_next_step_waits(self, harness: Harness, how: str) -> None:
        spool = await harness.open()
        steps = (
            step("relay:a", 0, on_failure="DROP"),
            step("relay:b", 0),
            step("relay:c", 1),
        )
        await spool.accept(message("m1", *steps), BODY)
        assert set(spool.due(NOW)) == {"relay:a", "relay:c"}
        assert await spool.lease("relay:b", NOW, 1, 60) == []
        lease = await one(spool)
        if how == "done":
            await spool.settle([Done(lease)])
        elif how == "defer":
            await spool.settle([Defer(lease, NOW + 500, "x")])
        else:
            await spool.delete([("m1", 0)])
        assert set(spool.due(NOW)) == {"relay:b", "relay:c"}
        assert len(await spool.lease("relay:b", NOW, 1, 60)) == 1

    async def test_hold_and_release(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step(program=1)), BODY)
        lease = await one(spool)
        keys = [("m1", 0), ("m1", 1), ("m1", 7), ("none", 0)]
        assert await spool.change(keys, state=State.HELD, due_at=None) == 2
        # The run goes on, and what it comes to counts.
        await spool.settle([Defer(lease, NOW + 500, "x")])
        assert dict(spool.due(NOW + 1000)) == {}
        await harness.crash()
        spool = await harness.open()
        assert {entry.state for entry in (await entries(spool)).values()} == {State.HELD}
        assert await spool.lease("relay:a", NOW, 10, 60) == []
        assert await spool.change(keys[:1], state=State.PENDING, due_at=NOW + 7) == 1
        assert dict(spool.due(NOW + 7)) == {"relay:a": NOW + 7}

    async def test_what_is_held_while_it_runs_is_not_run_again(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step(program=1)), BODY)
        done, kept = await spool.lease("relay:a", NOW, 2, 60)
        holding = asyncio.create_task(
            spool.change([done.entry.key, kept.entry.key], state=State.HELD, due_at=None)
        )
        await asyncio.sleep(0)  # in the middle of the change, too
        await spool.settle([Done(done)])
        assert await holding == 2
        assert set(await entries(spool)) == {kept.entry.key}
        assert await spool.change([kept.entry.key], state=State.PENDING, due_at=NOW + 7) == 1
        await spool.settle([Defer(kept, NOW + 500, "x")])
        await harness.crash()
        spool = await harness.open()
        assert dict(spool.due(NOW + 500)) == {"relay:a": NOW + 500}

    async def test_flush(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1"), BODY)
        await spool.settle([Defer(await one(spool), NOW + 4000, "x")])
        assert await spool.change([("m1", 0)], state=None, due_at=NOW + 1) == 1
        lease = await one(spool, now=NOW + 1)
        assert (lease.entry.attempts, lease.entry.last_error) == (1, "x")
        # What is being run is not run a second time beside it.
        assert await spool.change([("m1", 0)], state=None, due_at=NOW + 1) == 1
        assert await spool.lease("relay:a", NOW + 2, 10, 60) == []
        await spool.settle([Done(lease)])

    async def test_what_is_due_after(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step(program=1)), BODY)
        lease = await one(spool)
        await spool.settle([Defer(lease, NOW + 500, "x")])
        await spool.settle([Done(await one(spool))])
        assert spool.due_after(NOW) == [("m1", lease.entry.step)]
        assert spool.due_after(NOW + 500) == []

    async def test_delete(self, harness: Harness) -> None:
        spool = await harness.open()
        await spool.accept(message("m1", step(), step(program=1)), BODY)
        lease = await one(spool)
        assert await spool.delete([("m1", 0), ("m1", 0), ("x", 0)]) == 1
        with pytest.raises(StaleLease):
            await spool.settle([Done(lease)])
        await harness.crash()
        spool = await harness.open()
        assert set(await entries(spool)) == {("m1", 1)}

    async def test_wake(self, harness: Harness) -> None:
        spool = await harness.open()
        woken: list[int] = []
        spool.watch(lambda: woken.append(1))
        await spool.accept(message("m1"), BODY)
        assert woken
        woken.clear()
        await spool.change([("m1", 0)], state=None, due_at=NOW - 5)
        assert woken

    async def test_closed(self, harness: Harness) -> None:
        spool = await harness.open()
        await harness.close()
        with pytest.raises(SpoolError):
            await spool.accept(message("m1"), BODY)
