"""Requests and answers as JSON lines, both ways over one stream: between the supervisor and its
workers, and between the control socket and `gatepost queue`.

A request is {"id": N, "do": NAME, "with": {…}}; its answer {"id": N, "result": …} or
{"id": N, "error": "one line"}. A request without an id wants no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from gatepost.errors import GatepostError

Handler = Callable[..., Awaitable[Any]]
# A listing of a large queue is one line; the peers are our own processes and the owner's group.
LINE_MAX: Final = 1 << 30


class ChannelError(GatepostError):
    """The other side answered with an error, or is gone."""


class Channel:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, do: str, **parameters: Any) -> None:
        """A request without an answer."""
        self._write({"do": do, "with": parameters})

    async def ask(self, do: str, **parameters: Any) -> Any:
        """Raises ChannelError."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._write({"id": number, "do": do, "with": parameters})
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def run(self) -> None:
        """Reads until the other side closes; then whoever waits is told."""
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (ValueError, OSError):
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ChannelError("the other side is gone"))
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def _take(self, line: Any) -> None:
        if not isinstance(line, dict):
            raise ValueError("a line must hold an object")
        if "do" in line:
            task = asyncio.ensure_future(self._serve(line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        answer = self._waiting.get(line.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in line:
            answer.set_exception(ChannelError(str(line["error"])))
        else:
            answer.set_result(line.get("result"))

    async def _serve(self, line: Mapping[str, Any]) -> None:
        number = line.get("id")
        try:
            handler = self._handlers.get(line["do"])
            if handler is None:
                raise ChannelError(f"there is no request {line['do']!r}")
            answer = {"id": number, "result": await handler(**line.get("with", {}))}
        except (GatepostError, TypeError, ValueError, OSError) as error:
            answer = {"id": number, "error": str(error) or type(error).__name__}
        except Exception as error:
            answer = {"id": number, "error": f"internal fault: {type(error).__name__}"}
        if number is not None:
            # Whoever asked may have left meanwhile.
            with contextlib.suppress(OSError, ChannelError):
                self._write(answer)
                await self._writer.drain()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._writer.is_closing():
            raise ChannelError("the other side is gone")
        self._writer.write(json.dumps(line).encode("ascii") + b"\n")
