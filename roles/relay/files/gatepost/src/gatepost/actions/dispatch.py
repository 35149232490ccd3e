"""Which site a batch is for: the one runner of the queue, over those of each kind of destination.

A kind is what stands before the colon of a destination: "relay:next" is of the kind "relay".
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

from gatepost.actions.threads import Threads
from gatepost.actions.values import Action, Task
from gatepost.delivery.values import Outcome, Scope, Verdict
from gatepost.queue.runs import Runner
from gatepost.spool.interface import Lease

# Runs of one action at once; what waits for a place waits without a thread.
THREADS: Final = 8


class Sites:
    """runners: by kind."""

    def __init__(self, runners: Mapping[str, Runner]) -> None:
        self._runners = runners

    def run(self, batch: Sequence[Lease], body: bytes) -> Awaitable[Sequence[Outcome]]:
        """Raises ConfigurationFailure. A kind that is not known here, of a newer release or of an
        extra that is not installed, defers."""
        entry = batch[0].entry
        kind = entry.message.steps[entry.step].destination.partition(":")[0]
        return self._runners.get(kind, _UNKNOWN).run(batch, body)


class _Unknown:
    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]:  # noqa: ARG002
        entry = batch[0].entry
        kind = entry.message.steps[entry.step].destination.partition(":")[0]
        text = f"this installation reaches no site of the kind {kind}"
        return [Outcome(Verdict.DEFERRED, Scope.SITE, text, "4.3.5")] * len(batch)


_UNKNOWN: Final = _Unknown()


class Threaded:
    """The runner of an action that blocks. since: when this process began."""

    def __init__(self, action: Action, since: float | None = None) -> None:
        self._action = action
        self._since = time.time() if since is None else since
        self._threads = Threads(THREADS)

    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]:
        """Raises ConfigurationFailure."""
        return await self._threads.run(self._action, Task.of(batch, body, self._since))
