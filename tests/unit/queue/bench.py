"""A scheduler on a real disk spool; runner, notices, clock and chance are in the tests' hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from unit.spool.builders import NOW, message, step

from gatepost.delivery.values import Outcome, Scope, Verdict
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.runs import Limits
from gatepost.queue.scheduler import Scheduler
from gatepost.reply import Reply
from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Lease

DELIVERED = Outcome(Verdict.DELIVERED, Scope.MESSAGE, "ok", "2.0.0", Reply(250, "2.0.0", "ok"))
LATER = Outcome(Verdict.DEFERRED, Scope.RECIPIENT, "busy", "4.2.1", Reply(450, "4.2.1", "busy"))
DOWN = Outcome(Verdict.DEFERRED, Scope.SITE, "connection refused", "4.4.1")
REFUSED = Outcome(Verdict.FAILED, Scope.RECIPIENT, "no", "5.1.1", Reply(550, "5.1.1", "no"))


class Runner:
    """answer: gives the outcome of a lease, or raises. gate: runs wait for it."""

    def __init__(self, answer: Callable[[Lease], Outcome]) -> None:
        self.answer = answer
        self.batches: list[list[Lease]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.now = self.most = 0

    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]:
        self.batches.append(list(batch))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
            return [self.answer(lease) for lease in batch]
        finally:
            self.now -= 1


class Notices:
    def __init__(self) -> None:
        self.made: list[tuple[str, str, list[int]]] = []

    def _make(self, kind: str, it: Any, steps: list[int]) -> Any:
        self.made.append((kind, it.id, steps))
        return message(f"{kind}-{it.id}-{len(self.made)}", step("relay:dsn")), b"notice"

    def failed(self, it: Any, reports: Any, body: bytes, now: float) -> Any:
        return self._make("failed", it, [report[0] for report in reports])

    def delayed(self, it: Any, reports: Any, body: bytes, now: float, until: float) -> Any:
        return self._make("delayed", it, [report[0] for report in reports])

    def relayed(self, it: Any, reports: Any, body: bytes, now: float) -> Any:
        return self._make("relayed", it, [report[0] for report in reports])

    def bounced(self, it: Any, number: int, body: bytes, now: float) -> Any:
        return self._make("bounced", it, [number])


class Bench:
    def __init__(self, spool: DiskSpool, answer: Callable[[Lease], Outcome], **limits: Any) -> None:
        self.spool = spool
        self.now = NOW
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.runner = Runner(answer)
        self.notices = Notices()
        self.scheduler = Scheduler(
            spool,
            self.runner,
            self.notices,
            policy=RetryPolicy(jitter=0),
            limits=Limits(**limits),
            record=lambda event, /, **fields: self.events.append((event, fields)),
            clock=lambda: self.now,
            random=lambda: 0.5,
        )
        self.scheduler.suspend("relay:dsn")

    def named(self, name: str) -> list[dict[str, Any]]:
        return [fields for event, fields in self.events if event == name]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110  (conditions of many kinds)
                await asyncio.sleep(0.005)

    async def later(self, seconds: float) -> None:
        self.now += seconds
        self.scheduler.resume("nothing")  # the loop looks at the clock again


@asynccontextmanager
async def running(
    path: Path, answer: Callable[[Lease], Outcome], now: float = NOW, **limits: Any
) -> AsyncIterator[Bench]:
    """On a spool in that folder; drained and closed at the end."""
    spool = await DiskSpool.open(path, settings=Settings(low_space=0))
    bench = Bench(spool, answer, **limits)
    bench.now = now
    task = asyncio.create_task(bench.scheduler.run())
    try:
        yield bench
    finally:
        bench.runner.gate.set()
        await bench.scheduler.drain(5)
        await task
        await spool.close()
