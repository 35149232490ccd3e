"""What is asked of the relay, judged by what was measured. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.bench import loads
from tests.bench.backlog import Backlog, Start
from tests.bench.loads import FIRST, MANY, ROWS
from tests.bench.rounds import DIRECT, Measurement

RELAYS = ("Gatepost, 1 worker", "Gatepost, 2 workers")
REFERENCE = "Postfix"


@dataclass(frozen=True, slots=True)
class Check:
    """status: "sought", "at least" or "missed"; None where it could not be measured. unit: of the
    three figures. less: smaller is better."""

    name: str
    at_least: float
    sought: float
    measured: float | None
    unit: str
    less: bool = False
    by: str = ""

    @property
    def status(self) -> str | None:
        if self.measured is None:
            return None
        reached: Callable[[float], bool] = lambda goal: (  # noqa: E731
            self.measured <= goal if self.less else self.measured >= goal  # type: ignore[operator]
        )
        return (
            "sought" if reached(self.sought) else "at least" if reached(self.at_least) else "missed"
        )


def of_throughput(measurements: Sequence[Measurement]) -> list[Check]:
    made = []
    for row in ROWS:
        ratios = {
            relay: found
            for relay in RELAYS
            if (found := ratio(measurements, row.key, relay, REFERENCE)) is not None
        }
        by = max(ratios, key=lambda relay: ratios[relay], default="")
        made.append(
            Check(row.title, row.at_least, row.sought, ratios.get(by), f"x {REFERENCE}", by=by)
        )
    made.append(_fastest(measurements))
    return made


def ratio(measurements: Iterable[Measurement], row: str, one: str, other: str) -> float | None:
    """The median of the rounds' own ratios of delivered messages a second."""
    rates: dict[int, dict[str, float]] = {}
    for each in measurements:
        if each.row == row:
            rates.setdefault(each.round, {})[each.server] = each.delivered
    found = [pair[one] / pair[other] for pair in rates.values() if one in pair and pair.get(other)]
    return statistics.median(found) if found else None


def median(
    measurements: Iterable[Measurement],
    row: str,
    server: str,
    value: Callable[[Measurement], float],
) -> float | None:
    found = [value(each) for each in measurements if (each.row, each.server) == (row, server)]
    return statistics.median(found) if found else None


def _fastest(measurements: Sequence[Measurement]) -> Check:
    """In how many rows the relay is before every peer."""
    peers = {each.server for each in measurements} - {DIRECT, *RELAYS}
    ahead = sum(
        max(median(measurements, row.key, each, _delivered) or 0.0 for each in RELAYS)
        > max((median(measurements, row.key, each, _delivered) or 0.0 for each in peers), default=0)
        for row in ROWS
    )
    rows = len(ROWS)
    return Check(
        "the fastest of all peers", rows, rows, ahead if peers else None, f"of {rows} loads"
    )


def _delivered(each: Measurement) -> float:
    return each.delivered


def of_cost(measurements: Sequence[Measurement]) -> list[Check]:
    def cpu(server: str) -> float | None:
        return median(measurements, FIRST.key, server, lambda each: each.cpu)

    own = [found for each in RELAYS if (found := cpu(each)) is not None]
    reference = cpu(REFERENCE)
    share = min(own) / reference if own and reference else None
    # Of the relay as it is compared in this row, which is the faster one.
    fastest = max(RELAYS, key=lambda each: median(measurements, MANY.key, each, _delivered) or 0.0)
    memory = median(measurements, MANY.key, fastest, lambda each: each.memory)
    return [
        Check(
            f"CPU a message, {FIRST.title}",
            loads.CPU_SHARE,
            loads.CPU_SHARE,
            share,
            f"x {REFERENCE}",
            less=True,
        ),
        Check(
            f"memory of all processes, {MANY.title}",
            loads.MEMORY_LIMIT / 1e6,
            loads.MEMORY_LIMIT / 1e6,
            None if memory is None else memory / 1e6,
            "MB",
            less=True,
            by=fastest,
        ),
    ]


def of_variants(tls: Sequence[Measurement], rules: Sequence[Measurement]) -> list[Check]:
    """tls, rules: measurements of the relay with and without, under the first load."""
    return [
        Check(
            "STARTTLS in and out, of the plaintext throughput",
            0.5,
            0.5,
            _share(tls),
            "x plaintext",
        ),
        Check(
            "40 rules of 10 conditions, of the throughput with 10 rules",
            0.85,
            0.85,
            _share(rules),
            "x 10 rules",
        ),
    ]


def _share(pairs: Sequence[Measurement]) -> float | None:
    """Measurements come in pairs: plain, changed."""
    found = [
        changed.delivered / plain.delivered
        for plain, changed in zip(pairs[::2], pairs[1::2], strict=True)
        if plain.delivered
    ]
    return statistics.median(found) if found else None


def of_queue(found: Backlog, start: Start) -> list[Check]:
    return [
        Check(f"throughput beside {found.queued:,} deferred", 0.9, 0.9, found.share, "x fresh"),
        Check(
            "memory a queued message",
            loads.QUEUED_OCTETS,
            loads.QUEUED_OCTETS,
            found.octets,
            "octets",
            less=True,
        ),
        Check(
            f"start with {start.queued:,} queued: accepts mail", 2, 2, start.accepts, "s", less=True
        ),
        Check(
            f"start with {start.queued:,} queued: knows its queue",
            5,
            5,
            start.indexed,
            "s",
            less=True,
        ),
    ]
