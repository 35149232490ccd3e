"""One gatepostd for one ingress point: started when it is needed, anew when its file changed.

The spool outlives a restart. READY is told by the daemon itself (sd_notify); until then, nobody is
handed on to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from emulators.ingress.stored import Unusable
from emulators.ports import free_port

_PATIENCE = 60.0
_FAREWELL = 15.0

Write = Callable[[Path, str], Path]


class Gatepostd:
    """directory: of its file, secrets and spool. write: writes its file for an address."""

    def __init__(self, directory: Path, write: Write) -> None:
        directory.mkdir(mode=0o700)
        self._directory = directory
        self._write = write
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._content: dict[str, bytes] = {}
        self.address = ("127.0.0.1", free_port())
        self.error = ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def current(self) -> tuple[str, int]:
        """Have it run what is stored now; where it listens. Raises Unusable."""
        async with self._lock:
            try:
                listen = "{}:{}".format(*self.address)
                file = await asyncio.to_thread(self._write, self._directory, listen)
                content = _contents(self._directory)
                if not self.running or content != self._content:
                    await self._end()
                    await self._start(file)
                    self._content = content
            except Unusable as error:
                self.error = str(error)
                raise
            self.error = ""
            return self.address

    async def stop(self) -> None:
        async with self._lock:
            await self._end()

    async def forget(self) -> None:
        """Stop, and remove the spool and everything else."""
        await self.stop()
        await asyncio.to_thread(shutil.rmtree, self._directory)

    async def _start(self, file: Path) -> None:
        notify = self._directory / "notify"
        notify.unlink(missing_ok=True)
        log = self._directory / "gatepostd.log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, log.open("wb") as output:
            told.setblocking(False)
            told.bind(str(notify))
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "gatepost.daemon.main", "--config", str(file)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
            )
            ended = asyncio.create_task(self._process.wait())
            ready = asyncio.create_task(_ready(told))
            await asyncio.wait(
                (ended, ready), timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED
            )
            for task in (ended, ready):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if ready.cancelled():
                await self._end()
                raise Unusable(_last_words(log))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _FAREWELL)
        except TimeoutError:
            # Its own session: the supervisor and its workers, and nobody else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _ready(told: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        message = await loop.sock_recv(told, 4096)
        if b"READY=1" in message.split(b"\n"):
            return


def _contents(directory: Path) -> dict[str, bytes]:
    """What the daemon reads, by file name."""
    kinds = (".yml", ".json", ".crt")
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix in kinds}


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return f"gatepostd does not run: {' '.join(lines[-3:]) or 'it said nothing'}"
