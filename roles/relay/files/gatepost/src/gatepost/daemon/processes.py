"""One worker process as the supervisor sees it: started, told, watched, started again.

A worker is a fresh interpreter (`python -P -m gatepost.daemon.worker`), so it shares no state with
the supervisor but what it inherits: the listening sockets, the log's descriptor and one channel.
When its end of the channel closes the supervisor is gone, and it ends too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final

from gatepost.daemon.channel import LINE_MAX, Channel, ChannelError, Handler
from gatepost.events import Record

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 30.0
# A worker that lived this long starts again at once: it did not die of its start.
_SETTLED: Final = 60.0
# glibc keeps what large messages leave behind: an arena for each thread, and blocks of up to 32 MiB
# on heaps that it cannot shrink. With one arena and fixed thresholds what workers hold under mixed
# load is what they use. Lower ones would have fresh pages for every copy of a message, each of
# which costs 4 us: twice the time of a message of 1 MiB. And it shall copy by vector instructions,
# not by `rep movsb`, which takes 23 us instead of 2 for 64 KiB on AMD's Zen 3 where the target lies
# a few octets further into its page than the source: two blocks of one size in a row often do.
# Whoever sets them otherwise in the environment is obeyed.
_LIBRARY: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
    "GLIBC_TUNABLES": f"glibc.cpu.x86_rep_movsb_threshold={1 << 30}",
}


class Worker:
    """listeners: inherited by each new process, as they are then. boot: gives what a worker is told
    first, anew for each start. handlers: what it may ask."""

    def __init__(
        self,
        index: int,
        listeners: Collection[socket.socket],
        boot: Callable[[], Mapping[str, Any]],
        handlers: Mapping[str, Handler],
        record: Record,
    ) -> None:
        self.index = index
        self.pid: int | None = None
        self.restarts = 0
        self._answered = asyncio.Event()
        self._up = False
        self._fault = ""
        self._listeners = listeners
        self._boot = boot
        self._handlers = {**handlers, "ready": self._is_ready, "unable": self._is_unable}
        self._record = record
        self._channel: Channel | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        return self._up

    @property
    def fault(self) -> str:
        """Why the worker's last start failed, "" if it did not."""
        return self._fault

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"worker {self.index}")

    async def ready(self) -> None:
        """Returns when the worker takes mail, or has said why it cannot (`fault`)."""
        await self._answered.wait()

    async def ask(self, do: str, *, seconds: float, **parameters: Any) -> Any:
        """Raises ChannelError, also when the worker does not answer in time."""
        if self._channel is None or not self._up:
            raise ChannelError(f"worker {self.index} is not running")
        try:
            async with asyncio.timeout(seconds):
                return await self._channel.ask(do, **parameters)
        except TimeoutError:
            raise ChannelError(f"worker {self.index} gave no answer in {seconds:g} s") from None

    async def stop(self, seconds: float) -> None:
        """Tells it to drain, and ends it when it takes longer than `seconds`."""
        self._stopping.set()
        if self._channel is not None:
            with contextlib.suppress(ChannelError):
                self._channel.tell("stop")
        if self._task is None:
            return
        _ended, late = await asyncio.wait({self._task}, timeout=seconds)
        if late:
            self._record("Fault", where="worker", worker=self.index, reason="drain took too long")
            self.kill()
            await asyncio.wait({self._task})

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _keep(self) -> None:
        wait = _FIRST_WAIT
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await self._live()
            self._up = False
            if not self._answered.is_set():
                # It died of its very first start; another would not go better.
                await self._is_unable(f"worker {self.index} ended in its start: {status}")
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _SETTLED:
                wait = _FIRST_WAIT
            self.restarts += 1
            self._record(
                "WorkerDied", worker=self.index, status=status, restart_seconds=round(wait, 1)
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(_LONGEST_WAIT, wait * 2 * random.uniform(0.9, 1.1))  # noqa: S311

    async def _live(self) -> str:
        """One life of the process; returns how it ended."""
        ours, theirs = socket.socketpair()
        inherited = [listener.fileno() for listener in self._listeners]
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "gatepost.daemon.worker",
                str(theirs.fileno()),
                pass_fds=[theirs.fileno(), *inherited],
                stdin=asyncio.subprocess.DEVNULL,
                env={**_LIBRARY, **os.environ},
            )
        except OSError as error:
            ours.close()
            return f"cannot start: {error.strerror}"
        finally:
            theirs.close()
        self.pid = self._process.pid
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LINE_MAX)
        self._channel = Channel(reader, writer, self._handlers)
        with contextlib.suppress(ChannelError):
            self._channel.tell("boot", **self._boot())
        await self._channel.run()
        self._channel = None
        code = await self._process.wait()
        self.pid = None
        return signal.Signals(-code).name if code < 0 else f"exit {code}"

    async def _is_ready(self) -> None:
        self._fault = ""
        self._up = True
        self._answered.set()

    async def _is_unable(self, reason: str) -> None:
        self._fault = reason
        self._record("Fault", where="worker", worker=self.index, reason=reason)
        self._answered.set()


async def all_of(tasks: Sequence[Awaitable[Any]]) -> list[Any]:
    """Every result, or the exception in its place."""
    return list(await asyncio.gather(*tasks, return_exceptions=True))
