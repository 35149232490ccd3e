"""The log: one JSON object an event, one line each; what happens in one turn of the event loop is
written at its end, in one write. No write of several lines is longer than a pipe takes whole, so
that those of other processes fall between lines.

Every value is escaped to printable ASCII, so nothing that a client sent can start a line or move a
terminal's cursor. What an event may hold is `gatepost.events`' promise: no body, no credential.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

from gatepost import compact
from gatepost.events import Record

Field = str | int | float | bool | None
# A value longer than this is cut: a next hop's reply, say, has no limit of its own.
_VALUE_MAX: Final = 1000


def descriptor(name: str) -> int:
    """name: "stdout" | "stderr", as the file's `log.to` says."""
    return {"stdout": 1, "stderr": 2}[name]


class JsonLog:
    """A Record that writes to a file descriptor shared by the daemon's processes.

    bound: fields of every line, such as the worker's number. A log that cannot be written stops no
    mail: `lost` counts the lines.
    """

    def __init__(
        self, descriptor: int, *, clock: Callable[[], float] = time.time, **bound: Field
    ) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._bound = bound
        self._second = -1
        self._stamp = ""
        self._lines: list[bytes] = []
        self._size = 0
        self.lost = 0

    def __call__(self, event: str, /, **fields: Field) -> None:
        self.hear(event, fields)

    def hear(self, event: str, fields: Mapping[str, Field]) -> None:
        line = {"time": self._time(), "event": event, **self._bound, **fields}
        data = compact.dumps_printable(line)
        if len(data) > _VALUE_MAX:  # else no value of it is
            data = compact.dumps_printable({name: _bounded(value) for name, value in line.items()})
        self._size += len(data) + 1
        if self._size > select.PIPE_BUF and self._lines:
            self._write()
            self._size = len(data) + 1
        self._lines.append(data)
        if len(self._lines) == 1:
            try:
                # A write a line costs 4 % of a busy worker's time, and hands the interpreter on.
                asyncio.get_running_loop().call_soon(self._write)
            except RuntimeError:
                self._write()

    def _write(self) -> None:
        lines, self._lines, self._size = self._lines, [], 0
        data = b"\n".join((*lines, b""))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self.lost += len(lines)

    def _time(self) -> str:
        """Formatted once a second, but for the milliseconds."""
        now = self._clock()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._stamp}.{int((now - second) * 1000):03d}+00:00"


def _bounded(value: Field) -> Field:
    if isinstance(value, str) and len(value) > _VALUE_MAX:
        return value[:_VALUE_MAX] + "…"
    return value


class Subscriber(Protocol):
    def hear(self, event: str, fields: Mapping[str, Field]) -> None: ...


def to_all(*subscribers: Subscriber) -> Record:
    """One Record that all of them hear."""

    def record(event: str, /, **fields: Field) -> None:
        for each in subscribers:
            each.hear(event, fields)

    return record
