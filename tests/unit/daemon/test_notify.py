"""What the service manager hears."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gatepost.daemon.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.settimeout(5)
    return sock


def test_states_are_datagrams(manager: socket.socket) -> None:
    with manager:
        notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
        notifier.ready("2 workers")
        assert manager.recv(1000) == b"READY=1\nSTATUS=2 workers"
        notifier.reloading()
        assert manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        notifier.stopping("drain")
        assert manager.recv(1000) == b"STOPPING=1\nSTATUS=drain"
        notifier.watchdog()
        assert manager.recv(1000) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens() -> None:
    Notifier({}).ready("x")
    Notifier({"NOTIFY_SOCKET": "/nonexistent/socket"}).ready("x")
    assert Notifier({}).watchdog_interval is None


def test_the_watchdog_is_fed_in_half_its_time_by_whom_it_watches() -> None:
    mine = {"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier(mine).watchdog_interval == 5.0
    assert Notifier({**mine, "WATCHDOG_PID": "1"}).watchdog_interval is None
