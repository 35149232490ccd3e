"""The interleaved runs: in each round every server takes the same load once, one after the other on
the same disk, so that a ratio compares neighbors in time."""

from __future__ import annotations

import shutil
import statistics
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import loads, source
from tests.bench.loads import Row
from tests.bench.peers import Server
from tests.bench.sink import Sink
from tests.bench.source import Load

DIRECT = "no relay"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One server under one load, once. delivered, accepted: messages a second; cpu: seconds of the
    server's a message; memory: octets (PSS) while the load ran. accept, deliver: seconds until the
    250, and from the source to the sink, at the median and the 99th percentile. count: messages
    delivered; lost: accepted, and not delivered when the run was given up."""

    row: str
    server: str
    round: int
    delivered: float
    accepted: float
    count: int
    lost: int
    cpu: float
    memory: int
    accept: tuple[float, float]
    deliver: tuple[float, float]
    errors: tuple[str, ...]


Told = Callable[[Measurement], None]


def measure(
    rows: Iterable[Row], servers: Sequence[Server], directory: Path, told: Told
) -> list[Measurement]:
    """Each row without a relay and by every server, in rounds. told: hears of each measurement."""
    found = []
    for row in rows:
        for number in range(loads.ROUNDS):
            with Sink() as sink:
                found.append(_run(row, number, None, sink))
            told(found[-1])
            for server in servers:
                with Sink() as sink:
                    found.append(_served(row, number, server, sink, directory))
                told(found[-1])
    return found


def once(
    row: Row, server: Server, directory: Path, told: Told, certificate: Path | None = None
) -> list[Measurement]:
    """One measurement. certificate: the sink's, for a server that asks for STARTTLS."""
    with Sink(certificate) as sink:
        found = _served(row, 0, server, sink, directory)
    told(found)
    return [found]


@contextmanager
def serving(server: Server, sink: Sink, directory: Path) -> Iterator[None]:
    """The server runs on a fresh directory and relays to the sink; nothing of it is left."""
    work = directory / "run"
    shutil.rmtree(work, ignore_errors=True)
    server.start(work, sink.port)
    try:
        yield
    finally:
        server.stop()
        shutil.rmtree(work, ignore_errors=True)


def _served(row: Row, number: int, server: Server, sink: Sink, directory: Path) -> Measurement:
    with serving(server, sink, directory):
        return _run(row, number, server, sink)


def _run(row: Row, number: int, server: Server | None, sink: Sink) -> Measurement:
    port = sink.port if server is None else server.port
    warm = source.send(row.seconds(loads.WARM_UP), port)
    sink.wait(warm.accepted, 60)
    sink.reset()
    cpu = server.tree.cpu() if server else 0.0
    memory = [0]

    def look() -> None:
        memory[0] = server.tree.memory() if server else 0

    looking = threading.Timer(loads.SECONDS * 0.7, look)
    looking.start()
    sent = source.send(row.seconds(loads.SECONDS), port)
    looking.join()
    sink.wait(sent.accepted, 60)
    taken = sink.taken()
    cpu = (server.tree.cpu() if server else 0.0) - cpu
    return Measurement(
        row=row.key,
        server=server.name if server else DIRECT,
        round=number,
        delivered=_rate(taken.count, taken.last - sent.began),
        accepted=_rate(sent.accepted, sent.ended - sent.began),
        count=taken.count,
        lost=max(0, sent.accepted - taken.count),
        cpu=cpu / taken.count if taken.count else 0.0,
        memory=memory[0],
        accept=_percentiles(sent.latency),
        deliver=_percentiles(taken.latency),
        errors=tuple(dict.fromkeys(sent.errors))[:3],
    )


def throughput(load: Load, server: Server, sink: Sink) -> float:
    """Messages delivered a second by a server that runs already."""
    sink.reset()
    sent = source.send(load, server.port)
    sink.wait(sent.accepted, 60)
    taken = sink.taken()
    return _rate(taken.count, taken.last - sent.began)


def _rate(count: int, seconds: float) -> float:
    return count / seconds if count and seconds > 0 else 0.0


def _percentiles(latency: array[float]) -> tuple[float, float]:
    if len(latency) < 2:
        return (latency[0], latency[0]) if latency else (0.0, 0.0)
    cuts = statistics.quantiles(latency, n=100)
    return cuts[49], cuts[98]
