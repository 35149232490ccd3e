"""How each server is set up and run: one file a server, each with a class of the shape `Server`."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from pathlib import Path

from emulators.ports import free_port
from tests.bench.tree import Tree


class Server(ABC):
    """A relay to be measured. `prepare` makes sure that it can run here (else Unavailable);
    `start` runs it on a fresh directory, relaying everything to a port of 127.0.0.1."""

    name: str
    note: str = ""
    """What a reader of its figures must know."""
    tree: Tree
    port: int

    @abstractmethod
    def prepare(self) -> None: ...

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def settings(self) -> str:
        """What its files say, for the report."""

    @abstractmethod
    def launch(self, directory: Path, sink: int) -> Tree:
        """Starts it; self.port is where it listens."""

    def open(self, directory: Path, sink: int) -> None:
        """Starts it, and returns at once."""
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.tree = self.launch(directory, sink)

    def start(self, directory: Path, sink: int) -> None:
        """Returns when it takes mail."""
        self.open(directory, sink)
        self.tree.until(lambda: greets(self.port), f"{self.name} starts")

    def stop(self) -> None:
        self.tree.stop()


def greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as sock:
            return sock.recv(3) == b"220"
    except OSError:
        return False
