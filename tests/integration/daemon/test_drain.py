"""gatepost drain: new mail goes elsewhere, and what is queued is delivered."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.integration.daemon.mail import send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink
from tests.integration.daemon.test_life import Daemons, bound, worker_pids


def drain(daemon: Daemon, *arguments: str) -> tuple[int, dict[str, int]]:
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "gatepost.cli.main", "drain", *arguments),
            *("--config", str(daemon.file), "--json"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_delivers_what_it_holds_and_takes_nothing_more(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(sink.address), workers=2)).start()
    for _ in range(10):
        send(daemon.port())
    assert drain(daemon, "--wait", "30") == (0, {"steps": 0, "sessions": 0})
    sink.wait(10)
    assert refuses(daemon.port())
    assert daemon.get("/healthz")[0] == 200
    status, body = daemon.get("/readyz")
    assert (status, json.loads(body)["status"]) == (503, "draining")


def test_what_is_left_is_told_and_kept(daemons: Daemons) -> None:
    sink = Sink()
    daemon = daemons(base_config(bindings=bound(sink.address), workers=1)).start()
    send(daemon.port())
    assert drain(daemon, "--wait", "0") == (1, {"steps": 1, "sessions": 0})
    # A worker that dies meanwhile comes back without a listener, and a new start takes mail again.
    os.kill(worker_pids(daemon)[0], signal.SIGKILL)
    daemon.until(lambda: daemon.events("WorkerDied"))
    daemon.until(lambda: daemon.get("/healthz")[0] == 200)
    assert refuses(daemon.port())
    daemon.stop()
    with sink:
        daemon.start()
        sink.wait(1)
        send(daemon.port())
        sink.wait(2)


def test_an_open_session_ends_politely(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(sink.address))).start()
    with socket.create_connection(("127.0.0.1", daemon.port()), timeout=10) as client:
        stream = client.makefile("rb")
        assert stream.readline().startswith(b"220 ")
        assert drain(daemon)[0] == 0
        assert stream.readline().startswith(b"421 ")
        assert stream.readline() == b""


def test_without_a_daemon_it_says_so(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(sink.address)))
    with pytest.raises(AssertionError, match="no gatepostd answers"):
        drain(daemon)
