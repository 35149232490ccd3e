"""The bench's own instruments: what the source sends, the sink counts; a tree ends whole and knows
its CPU time."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from emulators.ca import Authority
from tests.bench import source
from tests.bench.sink import Sink
from tests.bench.source import Load
from tests.bench.tree import Tree


@pytest.mark.parametrize(
    "load",
    [
        Load(4096, 3, seconds=0.2),
        Load(4096, 3, per_connection=1, seconds=0.2),
        Load(1 << 20, 2, seconds=0.2, processes=1),
    ],
)
def test_what_is_accepted_is_taken(load: Load) -> None:
    with Sink() as sink:
        sent = source.send(load, sink.port)
        assert sink.wait(sent.accepted, 10)
        taken = sink.taken()
    assert sent.errors == []
    assert sent.accepted == taken.count == len(sent.latency) == len(taken.latency) > 0
    assert min(taken.latency) > 0
    assert sent.began < sent.ended <= taken.last + 1


@pytest.mark.parametrize(
    "pieces",
    [
        (b"text\r\n.\r\n",),
        (b"text\r\n.\r\nNOOP\r\n",),
        (b"text\r\n", b".\r\n"),
        (b"text\r", b"\n.\r", b"\nNOOP\r\n"),
        (b".", b"\r\n"),
    ],
)
def test_the_sink_finds_the_final_dot_wherever_reads_are_cut(pieces: tuple[bytes, ...]) -> None:
    with Sink() as sink, socket.create_connection(("127.0.0.1", sink.port), 10) as client:
        replies = client.makefile("rb")
        client.sendall(b"DATA\r\n")
        assert [replies.readline()[:3] for _ in range(2)] == [b"220", b"354"]
        for piece in pieces:
            assert sink.count() == 0
            client.sendall(piece)
            time.sleep(0.05)
        assert replies.readline() == b"250 2.0.0 taken\r\n"
        if b"NOOP" in pieces[-1]:
            assert replies.readline() == b"250 2.0.0 fine\r\n"
        assert sink.count() == 1


def test_starttls(tmp_path: Path) -> None:
    parts = Authority(tmp_path / "ca").server(["sink.example"])
    file = tmp_path / "both.pem"
    file.write_text("".join(part.read_text() for part in parts))
    with Sink(file) as sink:
        sent = source.send(Load(4096, 2, seconds=0.2, starttls=True), sink.port)
        assert sink.wait(sent.accepted, 10)
    assert sent.errors == []
    assert sent.accepted > 0


def test_a_refusal_is_an_error_with_its_text() -> None:
    with Sink() as sink:
        sent = source.send(Load(4096, 1, seconds=0.1, starttls=True, processes=1), sink.port)
    assert sent.accepted == 0
    assert "starttls: 502 5.5.1 no TLS here" in sent.errors


def test_a_message_has_the_size_of_its_load() -> None:
    for size in (512, 4096, 65536):
        worker = source.Worker(Load(size, 1), 1)
        sent = len(source.STAMP) + 20 + len(worker.tail) - len(b".\r\n")
        assert abs(sent - size) <= 2
        assert worker.tail.endswith(b"\r\n.\r\n")


BUSY = """
import os, sys, time
if os.fork() == 0:
    while time.process_time() < 0.25: pass  # the kernel tells whole ticks, user and system apart
    os._exit(0)
os.wait()
if os.fork() == 0:
    if os.fork():
        os._exit(0)  # what is left behind is an orphan
    time.sleep(600)
os.wait()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""


def test_a_tree_counts_the_dead_and_leaves_nobody(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    tree = Tree([sys.executable, "-c", BUSY, str(ready)], tmp_path / "log")
    try:
        tree.until(lambda: ready.exists() and ready.read_text(), "the server is busy")
        assert tree.cpu() >= 0.2
        assert tree.memory() > 1 << 20
        group = tree.pid
    finally:
        tree.stop()
    deadline = time.monotonic() + 10
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline, "somebody is left"
        time.sleep(0.01)


def test_a_server_that_ends_is_reported_with_its_log(tmp_path: Path) -> None:
    tree = Tree([sys.executable, "-c", "print('no such option')"], tmp_path / "log")
    with pytest.raises(RuntimeError, match="no such option"):
        tree.until(lambda: False, "the server starts")
    tree.stop()
