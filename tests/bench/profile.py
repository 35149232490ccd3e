"""Where the relay's time goes: its worker's event loop, sampled while it takes the first load.

A sample counts for the innermost frame of the relay's own code: what that calls in C, the write of
a socket among it, is its own time. What has no such frame but the worker's first is the event loop,
with the reads and the waits of the kernel.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import loads, source
from tests.bench.loads import FIRST
from tests.bench.peers.gatepost import Gatepost
from tests.bench.rounds import serving
from tests.bench.sink import Sink

_SAMPLER: Final = Path(sysconfig.get_path("scripts")) / "py-spy"
_OWN: Final = re.compile(r"(?P<function>.+) \(.*\bgatepost/(?P<file>(?P<layer>\w+)[/\w]*\.py)\)")
_FIRST: Final = "daemon/worker.py"
LOOP: Final = "event loop and kernel"
_SHOWN: Final = 15


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the samples, the largest first. layers: by folder of the distribution. functions:
    the largest of them, as "function (file)"."""

    samples: int
    layers: tuple[tuple[str, float], ...]
    functions: tuple[tuple[str, float], ...]


def measure(directory: Path, told: Callable[[str], None]) -> Profile:
    server = Gatepost(1)
    with Sink() as sink, serving(server, sink, directory):
        source.send(FIRST.seconds(loads.WARM_UP), server.port)
        load = threading.Thread(
            target=source.send, args=(FIRST.seconds(loads.SECONDS * 2), server.port)
        )
        load.start()
        stacks = _sampled(server.tree.find("gatepost.daemon.worker"), directory)
        load.join()
    found = summed(stacks)
    told(f"profile: {found.samples} samples, the most of them in {found.layers[0][0]}")
    return found


def _sampled(pid: int, directory: Path) -> list[str]:
    output = directory / "stacks"
    command = [str(_SAMPLER), "record", f"--pid={pid}", f"--duration={max(1, int(loads.SECONDS))}"]
    options = ["--rate=500", "--format=raw", "--threads", "--function", f"--output={output}"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return output.read_text().splitlines()


def summed(stacks: Iterable[str]) -> Profile:
    """stacks: a line each, frames from the outermost joined by ";", a blank, and how often."""
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in stacks:
        joined, _blank, count = line.rpartition(" ")
        frames = joined.split(";")
        if not any("MainThread" in frame for frame in frames[:2]):
            continue
        own = next(filter(None, map(_OWN.fullmatch, reversed(frames))), None)
        if own and own["file"] == _FIRST:
            own = None
        layers[own["layer"] if own and "/" in own["file"] else LOOP] += int(count)
        if own:
            functions[f"{own['function']} ({own['file']})"] += int(count)
    samples = layers.total()
    return Profile(samples, _shares(layers, samples), _shares(functions, samples)[:_SHOWN])


def _shares(counts: Counter[str], samples: int) -> tuple[tuple[str, float], ...]:
    return tuple((name, count / samples) for name, count in counts.most_common())
