"""What goes wrong, done: each fault of the schedule by its name, begun and ended."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import threading
import time
from collections import Counter
from itertools import count
from typing import Final

from tests.integration.daemon.pki import Authority
from tests.soak import clients
from tests.soak.clients import Sending
from tests.soak.hop import Hop
from tests.soak.relay import PER_CLIENT, Relay, install

_OF_HOPS: Final = ("slow", "4xx", "5xx", "down", "hang", "reset")
_BURST: Final = PER_CLIENT + 20
_SLOW_AT_ONCE: Final = 4
_RELEASE: Final = ("release", "--all")


class Faults:
    """hops: those that go wrong. quarter: seconds. failures: faults whose own outcome is not what
    it must be. kills, reloads, renewals, greetings: what was done, and what a burst was told."""

    def __init__(
        self,
        relay: Relay,
        hops: list[Hop],
        sending: Sending,
        authority: Authority,
        quarter: float,
    ) -> None:
        self.failures: list[str] = []
        self.kills = self.reloads = self.renewals = 0
        self.greetings: Counter[str] = Counter()
        self._relay, self._hops, self._sending = relay, hops, sending
        self._authority, self._quarter = authority, quarter
        self._slow: list[threading.Thread] = []
        self._slow_ones = count()

    def turn(self, name: str, *, begins: bool) -> None:
        if name in _OF_HOPS:
            for hop in self._hops:
                hop.turn(name if begins else "")
        elif name == "kill":
            self._kill()
        elif name == "certificate":
            self._renew()
        elif name == "bad reload":
            self._refused_reload()
        elif name == "burst":
            self._burst()
        elif name == "hold":
            self._queue(*(("hold", "--destination", "relay:next") if begins else _RELEASE))
        elif begins:
            self._slow_clients()

    def end(self) -> None:
        """Nothing is wrong any more, and nothing is held."""
        for hop in self._hops:
            hop.turn("")
        for thread in self._slow:
            thread.join(120)
        self._queue(*_RELEASE)
        self._queue("flush", "--all")

    def _kill(self) -> None:
        _supervisor, *workers = self._relay.pids()
        started = len(self._relay.events("WorkerDied"))
        if workers:
            os.kill(workers[self.kills % len(workers)], signal.SIGKILL)
            self._sending.ledger.kills.append(time.monotonic())
            self.kills += 1
            self._relay.until(lambda: len(self._relay.events("WorkerDied")) > started)

    def _renew(self) -> None:
        install(self._relay.directory, self._authority)
        self._relay.reload()
        self.reloads += 1
        file = (self._relay.directory / "server.pem").read_text()
        try:
            with self._sending.connect(tls=True) as client:
                assert isinstance(client.sock, ssl.SSLSocket)
                shown = client.sock.getpeercert(binary_form=True)
        except OSError as error:
            self.failures.append(f"after a renewal of the certificate: {error}")
            return
        if shown == ssl.PEM_cert_to_DER_cert(file):
            self.renewals += 1
        else:
            self.failures.append("a renewed certificate is not shown")

    def _refused_reload(self) -> None:
        good = self._relay.directory / "good.yml"
        shutil.copy(self._relay.file, good)
        refused = len(self._relay.events("ReloadRefused"))
        self._relay.file.write_text("version: 1\nsurprise: true\n")
        self._relay.reload()
        if len(self._relay.events("ReloadRefused")) == refused:
            self.failures.append("a wrong file was not refused")
        good.rename(self._relay.file)
        self._relay.reload()
        self.reloads += 1

    def _burst(self) -> None:
        told = clients.burst(self._sending, _BURST)
        self.greetings += told
        if not told["421"] or not told["220"]:
            self.failures.append(f"a burst of {_BURST} connections was told {dict(told)}")

    def _slow_clients(self) -> None:
        seconds = self._quarter * 0.07
        self._slow = [
            threading.Thread(
                target=clients.slow,
                args=(self._sending, next(self._slow_ones), seconds),
                daemon=True,
            )
            for _ in range(_SLOW_AT_ONCE)
        ]
        for thread in self._slow:
            thread.start()

    def _queue(self, *arguments: str) -> None:
        done = self._relay.gatepost("queue", *arguments)
        # 1: nothing was found, since nothing waits.
        if done.returncode not in (0, 1):
            self.failures.append(f"gatepost queue {' '.join(arguments)}: {done.stderr.strip()}")
