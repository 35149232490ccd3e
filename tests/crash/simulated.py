"""A disk in memory that remembers what was synced, for tests that pull the plug.

`SimulatedFiles` is the spool's Files. It keeps, for every file, what is on stable storage and the
writes since; for the directory, the names on stable storage and the operations since. `outages`
gives states that the disk may be in after a power loss: of unsynced writes any part may have
arrived, in any order, in sectors of 512 octets; of unsynced names a prefix (journaled metadata).
Every operation goes to a `Trace` with the test's own marks, so that the plug can be pulled after
each of them. `fail` makes an operation raise.
"""

from __future__ import annotations

import copy
import errno
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
Write = tuple[int, bytes | None]  # offset and data; None truncates there


@dataclass
class Node:
    """content: what a read gives. durable: what was synced. pending: the writes since."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write] = field(default_factory=list)


def put(target: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        if offset < len(target):
            del target[offset:]
        else:
            target.extend(bytes(offset - len(target)))
        return
    if offset > len(target):
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class State:
    """names: path to node; the durable ones, and the operations since as functions on them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: dict[str, int] = {}
        self.durable_names: dict[str, int] = {}
        self.pending_names: list[tuple[str, str, int]] = []

    def rename(self, kind: str, path: str, argument: str | int) -> None:
        self.pending_names.append((kind, path, argument))
        change_names(self.names, kind, path, argument)

    def sync_names(self) -> None:
        self.durable_names = dict(self.names)
        self.pending_names = []

    def outage(self, random: Random) -> State:
        """What is left when the power fails now."""
        after = State()
        names = dict(self.durable_names)
        for kind, path, argument in self.pending_names[
            : random.randint(0, len(self.pending_names))
        ]:
            change_names(names, kind, path, argument)
        for node in self.nodes:
            left = bytearray(node.durable)
            writes = list(node.pending)
            fate = random.random()
            for offset, data in writes:
                if fate < 0.25:
                    continue
                if data is None or fate > 0.85:
                    put(left, offset, data)
                    continue
                for start, piece in sectors(offset, data):
                    if random.random() < 0.6:
                        put(left, start, piece)
            after.nodes.append(Node(bytearray(left), bytearray(left)))
        after.names = dict(names)
        after.durable_names = dict(names)
        return after

    def killed(self) -> State:
        """What is left when the process dies: everything, synced or not as before."""
        return copy.deepcopy(self)


def change_names(names: dict[str, int], kind: str, path: str, argument: str | int) -> None:
    if kind == "create":
        names[path] = int(argument)
    elif kind == "unlink":
        names.pop(path, None)
    elif path in names:
        names[str(argument)] = names.pop(path)


def sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    pieces = []
    at = offset
    while at < offset + len(data):
        until = min(offset + len(data), (at // SECTOR + 1) * SECTOR)
        pieces.append((at, data[at - offset : until - offset]))
        at = until
    return pieces


class SimulatedFiles:
    """before: called with each operation's name, inside the lock, before it happens; what it raises
    is raised. after: called when it has happened."""

    def __init__(self, state: State | None = None, free: int = 1 << 40) -> None:
        self.state = state or State()
        self.before: Callable[[str], None] = lambda _name: None
        self.after: Callable[[str], None] = lambda _name: None
        self._free = free
        self._lock = threading.RLock()
        self._open: dict[int, int] = {}
        self._next = 1000

    def killed(self) -> State:
        """What is left when the process dies now."""
        with self._lock:
            return self.state.killed()

    def _done(self, name: str) -> None:
        self.after(name)

    def open(self, path: Path, flags: int) -> int:
        with self._lock:
            self.before("open")
            name = str(path)
            node = self.state.names.get(name)
            if node is None:
                if not flags & os.O_CREAT:
                    raise FileNotFoundError(errno.ENOENT, "No such file or directory", name)
                self.state.nodes.append(Node())
                node = len(self.state.nodes) - 1
                self.state.rename("create", name, node)
            elif flags & os.O_EXCL:
                raise FileExistsError(errno.EEXIST, "File exists", name)
            elif flags & os.O_TRUNC:
                self._write(node, 0, None)
            self._next += 1
            self._open[self._next] = node
            self._done("open")
            return self._next

    def close(self, fd: int) -> None:
        with self._lock:
            del self._open[fd]

    def _node(self, fd: int) -> Node:
        return self.state.nodes[self._open[fd]]

    def size(self, fd: int) -> int:
        return len(self._node(fd).content)

    def _write(self, node: int, offset: int, data: bytes | None) -> None:
        it = self.state.nodes[node]
        put(it.content, offset, data)
        it.pending.append((offset, data))

    def write(self, fd: int, data: bytes, offset: int) -> None:
        with self._lock:
            try:
                self.before("write")
            except OSError:
                self._write(self._open[fd], offset, bytes(data[: len(data) // 2]))
                raise
            self._write(self._open[fd], offset, bytes(data))
            self._done("write")

    def read(self, fd: int, length: int, offset: int) -> bytes:
        with self._lock:
            self.before("read")
            return bytes(self._node(fd).content[offset : offset + length])

    def truncate(self, fd: int, length: int) -> None:
        with self._lock:
            self.before("truncate")
            self._write(self._open[fd], length, None)
            self._done("truncate")

    def allocate(self, fd: int, length: int) -> None:
        with self._lock:
            self.before("allocate")
            self._done("allocate")

    def sync_data(self, fd: int) -> None:
        with self._lock:
            node = self._node(fd)
            try:
                self.before("sync_data")
            except OSError:
                # Linux marks the pages clean: a later sync says nothing of them.
                node.pending.clear()
                raise
            for offset, data in node.pending:
                put(node.durable, offset, data)
            node.pending.clear()
            self._done("sync_data")

    def write_through(self, fd: int, parts: Sequence[bytes], offset: int) -> None:
        self.write(fd, b"".join(parts), offset)
        self.sync_data(fd)

    def sync_directory(self, path: Path) -> None:
        with self._lock:
            self.before("sync_directory")
            self.state.sync_names()
            self._done("sync_directory")

    def rename(self, source: Path, target: Path) -> None:
        with self._lock:
            self.before("rename")
            if str(source) not in self.state.names:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(source))
            self.state.rename("rename", str(source), str(target))
            self._done("rename")

    def unlink(self, path: Path) -> None:
        with self._lock:
            self.before("unlink")
            if str(path) not in self.state.names:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
            self.state.rename("unlink", str(path), 0)
            self._done("unlink")

    def list(self, path: Path) -> list[str]:
        with self._lock:
            self.before("list")
            return [Path(name).name for name in self.state.names if Path(name).parent == path]

    def make_directory(self, path: Path) -> None:
        pass

    def free(self, path: Path) -> int:
        return self._free
