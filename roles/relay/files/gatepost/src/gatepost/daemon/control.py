"""The control socket: what `gatepost queue` talks to. A Unix socket of mode 0660 that takes the
JSON lines of `channel`; whoever may open it may do everything below.

Requests go on to every worker, since each owns a part of the queue; their answers become one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gatepost.daemon.channel import LINE_MAX, Channel, Handler
from gatepost.daemon.suspensions import Suspensions
from gatepost.errors import ConfigError
from gatepost.events import Record

FORWARDED: Final = ("list", "show", "age", "flush", "hold", "release", "requeue", "delete")
AskAll = Callable[..., Awaitable[list[Any]]]


def handlers(
    ask_all: AskAll,
    suspensions: Suspensions,
    status: Callable[[], Mapping[str, Any]],
    drain: Callable[[], Awaitable[None]],
    counts: Callable[[], Awaitable[Mapping[str, float]]],
    record: Record,
) -> Mapping[str, Handler]:
    """The requests of the control socket. ask_all: asks every worker, raises ChannelError when one
    did not answer. drain: stops accepting mail. counts: counters by name, up to now."""

    async def tell_status() -> Any:
        return {**status(), **merged(await ask_all("status")), "suspended": list(suspensions)}

    async def look() -> Any:
        return {
            **await tell_status(),
            **merged(await ask_all("look")),
            "counts": await counts(),
        }

    async def drain_then_tell() -> Any:
        await drain()
        return await tell_status()

    async def suspend(destination: str) -> Any:
        await asyncio.to_thread(suspensions.add, destination)
        record("Operator", request="suspend", destination=destination)
        return await tell_suspensions()

    async def resume(destination: str) -> Any:
        if not await asyncio.to_thread(suspensions.remove, destination):
            # A relay may also have suspended itself, after refused credentials.
            await ask_all("resume", destination=destination)
        record("Operator", request="resume", destination=destination)
        return await tell_suspensions()

    async def tell_suspensions() -> Any:
        await ask_all("suspended", destinations=list(suspensions))
        return {"suspended": list(suspensions)}

    def forward(name: str) -> Handler:
        async def ask(**parameters: Any) -> Any:
            return merged(await ask_all(name, **parameters))

        return ask

    return {
        "status": tell_status,
        "look": look,
        "drain": drain_then_tell,
        "queue.suspend": suspend,
        "queue.resume": resume,
        **{f"queue.{name}": forward(f"queue.{name}") for name in FORWARDED},
    }


def merged(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The workers' answers as one: numbers are added, lists joined, mappings merged."""
    result: dict[str, Any] = {}
    for answer in answers:
        for key, value in answer.items():
            old = result.get(key)
            if old is None:
                result[key] = value
            elif isinstance(value, dict):
                result[key] = merged([old, value])
            elif value is not None:
                result[key] = old + value
    return result


class ControlSocket:
    def __init__(self, path: Path, requests: Mapping[str, Handler]) -> None:
        self._path = path
        self._requests = requests
        self._server: asyncio.AbstractServer | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises ConfigError: another daemon answers there, or the path cannot be used."""
        try:
            if stat.S_ISSOCK(self._path.lstat().st_mode):
                await self._remove_stale()
        except FileNotFoundError:
            pass
        before = os.umask(0o117)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, str(self._path), limit=LINE_MAX
            )
        except OSError as error:
            raise ConfigError(str(self._path), "", f"cannot listen: {error.strerror}") from error
        finally:
            os.umask(before)

    async def _remove_stale(self) -> None:
        try:
            _reader, writer = await asyncio.open_unix_connection(str(self._path))
        except ConnectionRefusedError:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(str(self._path), "", f"cannot be used: {error.strerror}") from error
        else:
            writer.close()
            raise ConfigError(str(self._path), "", "another gatepostd answers here")

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for client in self._clients:
                client.cancel()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream's callback runs in a task
        self._clients.add(task)
        try:
            await Channel(reader, writer, self._requests).run()
        except asyncio.CancelledError:
            writer.close()
        finally:
            self._clients.discard(task)
