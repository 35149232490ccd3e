"""What the daemon's processes hold, every few seconds, from /proc.

Memory is what is no file's, by its share (Pss_Anon): pages which the processes share count once,
and programs and libraries do not count less when somebody else runs them too. What a log or a spool
leaves in the page cache belongs to no process and is not in it.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tests.soak.judgement import Sample
from tests.soak.ledger import Ledger
from tests.soak.relay import Relay


def sample(relay: Relay, ledger: Ledger, began: float) -> Sample | None:
    """None while the processes change or the metrics cannot be had."""
    try:
        pids = relay.pids()
        memory = sum(_memory(pid) for pid in pids)
        files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
        threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)
        queue = int(relay.metric("gatepost_queue_steps"))
        if not pids or relay.pids() != pids:
            return None
    except (OSError, AssertionError):
        return None
    return Sample(
        round(time.monotonic() - began, 2),
        memory,
        files,
        threads,
        len(pids),
        queue,
        ledger.accepted,
        ledger.delivered,
    )


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {pid} has ended")


class Sampler(threading.Thread):
    """interval: seconds."""

    def __init__(self, relay: Relay, ledger: Ledger, began: float, interval: float) -> None:
        super().__init__(daemon=True)
        self.samples: list[Sample] = []
        self.over = threading.Event()
        self._relay, self._ledger = relay, ledger
        self._began, self._interval = began, interval

    def run(self) -> None:
        while not self.over.wait(self._interval):
            found = sample(self._relay, self._ledger, self._began)
            if found is not None:
                self.samples.append(found)
