"""What a queue costs: throughput beside deferred messages, memory a message, and the start of a
daemon whose spool is full."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import smtplib
import statistics
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatepost.spool.disk import DiskSpool
from gatepost.spool.interface import Message, Recipient, Step
from gatepost.spool.messageid import MessageIds
from tests.bench import loads, source
from tests.bench.loads import FIRST
from tests.bench.peers.gatepost import Gatepost
from tests.bench.rounds import serving, throughput
from tests.bench.sink import Sink
from tests.bench.source import Load


@dataclass(frozen=True, slots=True)
class Backlog:
    """rates: (fresh, beside the queue) messages a second, of each round. octets: of memory a queued
    message. queued: how many there were."""

    queued: int
    rates: tuple[tuple[float, float], ...]
    octets: float

    @property
    def share(self) -> float:
        """Of the fresh throughput that is left."""
        return statistics.median(late / fresh for fresh, late in self.rates if fresh)


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start until a message was accepted, and until the whole queue was known."""

    queued: int
    accepts: float
    indexed: float


def backlog(directory: Path, told: Callable[[str], None]) -> Backlog:
    """The throughput of a fresh daemon, and of the same one with a queue for a dead next hop."""
    rates = []
    octets = 0.0
    for number in range(1 if loads.SHORT else 3):
        server = Gatepost(1)
        with Sink() as sink, serving(server, sink, directory):
            load = FIRST.seconds(loads.SECONDS)
            throughput(FIRST.seconds(loads.WARM_UP), server, sink)
            fresh = throughput(load, server, sink)
            before, memory = pending(server), server.tree.memory()
            _fill(server)
            octets = (server.tree.memory() - memory) / (pending(server) - before)
            late = throughput(load, server, sink)
        rates.append((fresh, late))
        told(f"round {number + 1}: {fresh:.0f}/s fresh, {late:.0f}/s beside {loads.QUEUED} queued")
    return Backlog(loads.QUEUED, tuple(rates), octets)


def _fill(server: Gatepost) -> None:
    """Messages that stay deferred, since nothing listens at their next hop."""
    deadline = time.monotonic() + 600
    while pending(server) < loads.QUEUED and time.monotonic() < deadline:
        dead = Load(1024, 20, seconds=0.2 if loads.SHORT else 2, domain="dead.example")
        source.send(dead, server.port)
    # Until the attempts of the queue are over; the next ones are minutes away.
    attempts = -1.0
    while attempts != (now := metric(server, "gatepost_deferred_total")):
        attempts = now
        time.sleep(2)


def pending(server: Gatepost) -> float:
    return metric(server, "gatepost_queue_steps")


def metric(server: Gatepost, name: str) -> float:
    """The sum of a metric's samples, of the daemon's own endpoint."""
    with urllib.request.urlopen(f"http://{server.metrics}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    samples = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name}{{")]
    return sum(map(float, samples))


def start(directory: Path, told: Callable[[str], None]) -> Start:
    """A daemon that starts on a spool which is full of messages for a dead next hop."""
    work = directory / "run"
    shutil.rmtree(work, ignore_errors=True)
    server = Gatepost(1)
    (work / "spool").mkdir(parents=True)
    told(f"storing {loads.STARTED_WITH} messages")
    asyncio.run(_store(work / "spool" / "0", loads.STARTED_WITH))
    try:
        with Sink() as sink:
            began = time.monotonic()
            server.open(work, sink.port)
            accepts = _accepts(server.port, began)
            while True:
                with contextlib.suppress(OSError):
                    if pending(server) >= loads.STARTED_WITH:
                        break
                if time.monotonic() > began + 120:
                    raise RuntimeError("the queue was never known whole")
                time.sleep(0.05)
            found = Start(loads.STARTED_WITH, accepts, time.monotonic() - began)
    finally:
        server.stop()
        shutil.rmtree(work, ignore_errors=True)
    told(f"accepts after {found.accepts:.2f} s, knows its queue after {found.indexed:.2f} s")
    return found


async def _store(shard: Path, count: int) -> None:
    spool = await DiskSpool.open(shard)
    ids = MessageIds()
    body = b"From: sender@client.example\r\nSubject: waits\r\n\r\n" + b"waiting\r\n" * 100

    async def some(share: int) -> None:
        for number in range(share):
            now = time.time()
            recipient = f"user{number % 100}@dead.example"
            step = Step(0, "Relay", "relay:dead", recipient, "sender@client.example", "dead")
            message = Message(
                ids.new(now),
                now,
                "sender@client.example",
                (Recipient(recipient),),
                (step,),
                len(body),
            )
            await spool.accept(message, body)

    together = 500
    await asyncio.gather(*(some(count // together) for _ in range(together)))
    await spool.close()


def _accepts(port: int, began: float) -> float:
    """Seconds until a message got its 250."""
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=30) as client:
                client.sendmail("a@client.example", ["b@example.com"], "Subject: now\r\n\r\nhi\r\n")
                return time.monotonic() - began
        except OSError:
            if time.monotonic() > began + 120:
                raise
            time.sleep(0.02)
