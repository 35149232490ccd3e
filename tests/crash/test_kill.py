"""SIGKILL to the whole daemon, supervisor and workers at once, or to any process of it, at random
moments while real clients send thousands of messages: started again, it delivers every message that
got its 250. Duplicates are counted: a next hop's 250 that was not recorded before the kill means
one more delivery, and so does a message that its client sends again because no 250 came."""

from __future__ import annotations

import os
import signal
import smtplib
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.crash import tables
from tests.crash.sink import Sink
from tests.integration.daemon.running import Daemon, base_config

CLIENTS = 4
LINE = "x" * 76 + "\r\n"
# Deliveries in flight at a kill, of which the next hop may have taken each already.
IN_FLIGHT = 20


class Client(threading.Thread):
    """Sends its numbers one after the other, again and again until each got 250 (as a real sender
    does), and notes which did."""

    def __init__(self, port: int, numbers: list[int]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._numbers = numbers
        self.accepted: set[int] = set()
        self.tries: Counter[int] = Counter()

    def run(self) -> None:
        left = list(reversed(self._numbers))
        while left:
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=20) as client:
                    while left:
                        self.tries[left[-1]] += 1
                        self._send(client, left[-1])
                        self.accepted.add(left.pop())
            except (OSError, smtplib.SMTPException):
                time.sleep(0.02)

    def _send(self, client: smtplib.SMTP, number: int) -> None:
        text = f"From: ann@gmail.com\r\nX-Number: {number}\r\n\r\n{LINE * (number % 40)}\r\n"
        client.sendmail("ann@gmail.com", ["bob@example.com"], text)


def kill(daemon: Daemon, victim: str) -> None:
    """Afterwards a daemon runs again; a worker alone is started by its supervisor."""
    assert daemon.process is not None
    supervisor = daemon.process.pid
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    if victim == "worker":
        # Between two lives of it there is none to kill.
        if children:
            os.kill(int(children[0]), signal.SIGKILL)
        return
    if victim == "supervisor":
        os.kill(supervisor, signal.SIGKILL)
        daemon.process.wait(10)
        daemon.process = None
        # They end by themselves; a service manager waits for it before it starts the next.
        until = time.monotonic() + 20
        while any(Path(f"/proc/{child}/cmdline").exists() for child in children):
            assert time.monotonic() < until
            time.sleep(0.01)
    else:
        daemon.kill()
    daemon.start()


@pytest.mark.parametrize("name", tables.KILLED)
def test_no_message_that_got_250_is_lost(tmp_path: Path, name: str) -> None:
    case = tables.KILLED[name]
    random = Random(os.environ.get("GATEPOST_SEED", name))
    with Sink() as sink:
        relays = {"next": {"tls": "none", "address": f"127.0.0.1:{sink.port}"}}
        config = base_config(bindings={"relays": relays}, workers=case.workers)
        config["limits"] = {"connections_per_client": 50}
        daemon = Daemon(tmp_path, config)
        clients = [
            Client(daemon.port(), list(range(first, case.messages, CLIENTS)))
            for first in range(CLIENTS)
        ]
        kills = 0
        try:
            daemon.start()
            for client in clients:
                client.start()
            while any(client.is_alive() for client in clients):
                accepted = sum(len(client.accepted) for client in clients)
                goal = case.messages * (kills + random.random()) / (case.times + 1)
                while accepted < goal and any(client.is_alive() for client in clients):
                    time.sleep(0.002)
                    accepted = sum(len(client.accepted) for client in clients)
                if kills == case.times:
                    break
                # Each in turn, so that every kind is among few kills too.
                kill(daemon, case.victims[kills % len(case.victims)])
                kills += 1
            for client in clients:
                client.join(60)
            accepted_numbers = set().union(*(client.accepted for client in clients))
            lost = sink.wait(accepted_numbers, 60)
            daemon.stop()
        finally:
            daemon.kill()
    delivered = sum(sink.numbers.values())
    tries = sum((client.tries for client in clients), Counter[int]())
    duplicates = delivered - len(sink.numbers)
    tables.record(
        tables.KILLS,
        name,
        kills,
        case.messages,
        len(accepted_numbers),
        delivered,
        len(lost),
        duplicates,
    )
    assert len(accepted_numbers) == case.messages
    assert kills == case.times
    assert not lost
    # More copies than its client sent: the next hop's 250 was not on record at a kill.
    again = sum(max(0, times - tries[number]) for number, times in sink.numbers.items())
    assert again <= kills * IN_FLIGHT
