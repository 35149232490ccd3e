"""How many runs a destination may have at once: slow start, as Postfix does it.

It begins with a few, grows by one a window of successes, and halves when the site itself fails. A
site that fails several times in a row is not tried for a while: what comes due meanwhile is
deferred with the same reason, so that its queue keeps its schedule without a connection attempt a
message. A run whose transmission is over leaves its place to the next one while the disk still
stores what became of it; as many may be at that as transmit.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.delivery.values import Outcome, Scope, Verdict

FAILURES = 3
PAUSE = 60.0


class Window:
    """most: what it may grow to; settable. running: runs that transmit. settling: those after them.
    last: the outcome that the site failed with."""

    __slots__ = ("_failures", "_paused_until", "_size", "last", "most", "running", "settling")

    def __init__(self, start: int, most: int) -> None:
        self.most = most
        self._size = float(min(start, most))
        self._failures = 0
        self._paused_until = 0.0
        self.running = 0
        self.settling = 0
        self.last: Outcome | None = None

    @property
    def free(self) -> int:
        size = self.size
        return max(0, min(size - self.running, 2 * size - self.running - self.settling))

    @property
    def size(self) -> int:
        return min(int(self._size), self.most)

    @property
    def paused_until(self) -> float:
        return self._paused_until

    def paused(self, now: float) -> Outcome | None:
        """What the site failed with, while it is not to be tried."""
        return self.last if now < self._paused_until else None

    def resume(self) -> None:
        """Try the site at once, whatever happened."""
        self._failures = 0
        self._paused_until = 0.0

    def judge(self, outcomes: Sequence[Outcome], now: float, pause: float = PAUSE) -> None:
        """After a run. pause: seconds for which a failing site is not tried, PAUSE at most."""
        failed = [it for it in outcomes if site_failed(it)]
        if outcomes and len(failed) == len(outcomes):
            self._size = max(1.0, self._size / 2)
            self._failures += 1
            self.last = failed[-1]
            if self._failures >= FAILURES:
                self._paused_until = now + min(pause, PAUSE)
        else:
            self._failures = 0
            self._size = min(float(self.most), self._size + 1 / self._size)


def site_failed(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.DEFERRED and outcome.scope in (Scope.SITE, Scope.SESSION)
