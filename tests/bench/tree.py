"""A server with all its processes: started, measured, ended.

Promises: CPU time is that of every process the server ever had, those that have ended included: a
keeper in between adopts and reaps what the server leaves behind, and the kernel adds a reaped
child's time to its parent's. Memory is PSS, so that shared pages count once. Nothing outlives
`stop`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PR_SET_CHILD_SUBREAPER: Final = 36


class Tree:
    """log: where the server's output goes."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).resolve()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._keeper.pid

    def until(self, true: Callable[[], object], what: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            ended = self._keeper.poll() is not None
            if ended or time.monotonic() > deadline:
                told = self.log.read_text("utf-8", "replace")[-3000:]
                raise RuntimeError(f"{what}: {'ended' if ended else 'in vain'}\n{told}")
            time.sleep(0.01)

    def find(self, word: str) -> int:
        """The process that has it in its command line. Raises LookupError."""
        for pid in self._descendants():
            with contextlib.suppress(OSError):
                if word in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                    return pid
        raise LookupError(word)

    def cpu(self) -> float:
        """Seconds, of the server's processes and all that they ever had."""
        ticks = 0
        for pid in (self.pid, *self._descendants()):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                own = 0 if pid == self.pid else int(fields[11]) + int(fields[12])
                ticks += own + int(fields[13]) + int(fields[14])
        return ticks / _TICK

    def memory(self) -> int:
        """Octets (PSS) of the server's processes."""
        octets = 0
        for pid in self._descendants():
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        octets += int(line.split()[1]) * 1024
        return octets

    def stop(self, seconds: float = 30) -> None:
        """SIGTERM to the server, and after that the end of whatever is left."""
        if self._keeper.poll() is None:
            self._keeper.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(seconds)
        for pid in self._descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._keeper.kill()
        self._keeper.wait(10)

    def kill(self) -> None:
        """SIGKILL to the server at once, as a crash would."""
        self.stop(0)

    def _descendants(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (each / "stat").read_text().rpartition(")")[2].split()
                    children.setdefault(int(fields[1]), []).append(int(each.name))
        found = list(children.get(self.pid, ()))
        for pid in found:
            found += children.get(pid, ())
        return found


def _keep(command: Sequence[str]) -> None:
    """The keeper: adopts orphans, reaps them all, and hands SIGTERM on. It ends with the server,
    and the server's leftovers with it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    server = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.send_signal(signal.SIGTERM))
    status: int | None = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, ended = os.wait()
            if pid == server.pid:
                status = os.waitstatus_to_exitcode(ended)
            if status is not None:
                for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    os.kill(int(each), signal.SIGKILL)
    sys.exit(max(status or 0, 0))


if __name__ == "__main__":
    _keep(sys.argv[1:])
