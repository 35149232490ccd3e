"""`gatepost trace`, `top` and `spool verify`: what operators look at."""

from __future__ import annotations

import json
import os
import pty
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.integration.daemon.mail import send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]


@pytest.fixture
def waiting(daemons: Daemons) -> tuple[Daemon, Sink]:
    """A daemon of two workers with a message that its next hop could not be reached for."""
    sink = Sink()
    config = base_config(
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
        retry={"first": 3600, "ceiling": 3600},
        workers=2,
    )
    daemon = daemons(config).start()
    send(daemon.port())
    daemon.until(lambda: any(it["attempts"] for it in daemon.queue("list")["entries"]))
    return daemon, sink


def test_trace(waiting: tuple[Daemon, Sink]) -> None:
    daemon, sink = waiting
    (entry,) = daemon.queue("list")["entries"]
    log = ("--log", str(daemon.log))
    done = daemon.gatepost("trace", entry["id"], *log)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    for expected in ("Reception", "Match", "TransientFailure", "refused", "it is tried again in"):
        assert expected in text
    daemon.queue("hold", entry["id"])
    held = json.loads(daemon.gatepost("trace", entry["id"], *log, "--json").stdout)
    assert [step["why"] for step in held["waiting"]] == ["an operator holds it"]
    daemon.queue("release", entry["id"])
    daemon.queue("suspend", "relay:next")
    (step,) = json.loads(daemon.gatepost("trace", entry["id"], *log, "--json").stdout)["waiting"]
    assert step["why"] == "an operator has suspended relay:next"
    daemon.stop()
    offline = daemon.gatepost("trace", entry["id"], *log)
    assert "no daemon runs" in offline.stdout
    daemon.start()
    with sink:
        daemon.queue("resume", "relay:next")
        daemon.flush()
        sink.wait(1)
        daemon.until(lambda: daemon.queue("list")["total"] == 0)
    ended = daemon.gatepost("trace", entry["id"], *log)
    assert "Delivery" in ended.stdout
    assert ended.stdout.endswith("nothing of it waits\n")


def test_trace_of_what_is_not_there(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    done = daemon.gatepost("trace", "01AAAAAAAAAAAAAAAAAA", "--log", str(daemon.log))
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing knows" in done.stderr
    done = daemon.gatepost("trace", "01AAAAAAAAAAAAAAAAAA", "--log", "/nowhere/log")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--log: /nowhere/log: No such file" in done.stderr


def test_top(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    with smtplib.SMTP("127.0.0.1", daemon.port(), local_hostname="top.test", timeout=20) as client:
        client.ehlo()
        seen = json.loads(daemon.gatepost("top", "--json").stdout)
        text = daemon.gatepost("top").stdout
    assert (seen["status"], seen["steps"], seen["sessions"]) == ("ok", 1, 1)
    assert seen["counts"]["gatepost_received_messages"] == 1
    (queue,) = seen["queues"]
    assert (queue["destination"], queue["pending"]) == ("relay:next", 1)
    (session,) = seen["clients"]
    assert (session["ingress"], session["helo"], session["state"]) == (
        "edge",
        "top.test",
        "command",
    )
    assert "relay:next" in text
    assert "top.test" in text
    assert "\x1b" not in text
    daemon.stop()
    done = daemon.gatepost("top")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no gatepostd answers here" in done.stderr


def test_verify(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    done = daemon.gatepost("spool", "verify")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("sound\n")
    (entry,) = daemon.queue("list")["entries"]
    daemon.stop()
    files = list((daemon.directory / "spool").glob("*/*.log"))
    (log,) = [file for file in files if b"a line that begins" in file.read_bytes()]
    log.write_bytes(log.read_bytes().replace(b"a line that begins", b"a LINE that begins"))
    done = daemon.gatepost("spool", "verify", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["sound"] is False
    (shard,) = [each for each in answer["shards"] if not each["sound"]]
    assert shard["unreadable"] == [entry["id"]]
    assert "DAMAGED" in daemon.gatepost("spool", "verify").stdout


def test_top_is_refreshed_on_a_terminal_until_it_is_interrupted(
    waiting: tuple[Daemon, Sink],
) -> None:
    daemon, _ = waiting
    ours, theirs = pty.openpty()
    command = [
        *("-m", "gatepost.cli.main", "top", "--config", str(daemon.file)),
        "--interval",
        "0.2",
    ]
    process = subprocess.Popen(
        [sys.executable, "-P", *command],
        stdin=theirs,
        stdout=theirs,
        start_new_session=True,
        # As from a terminal: a suite in a shell's background has it ignored, and hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    shown = b""
    while shown.count(b"\x1b[2J") < 3:
        shown += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    os.close(ours)
    assert shown.count(b"relay:next") >= 2
    # From the second time on there are rates.
    assert b"a second" in shown
