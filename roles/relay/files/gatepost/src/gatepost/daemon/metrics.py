"""The metrics: counted by the workers from events, summed by the supervisor (`totals`), served to
Prometheus (`endpoint`).

A worker's `Tally` is one more subscriber to events; what it has counted since the last time it was
asked travels as a delta, so a worker that dies and comes back never makes a counter go down. Labels
are capped: past `SERIES_MAX` combinations of one metric, the rest is counted as "other".
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatepost.daemon.log import Field

SERIES_MAX: Final = 200
OTHER: Final = "other"
# Seconds: from a commit on a fast disk to a message that waited for a day.
BUCKETS: Final = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Counter:
    """amount: the field that is summed; None counts events. labels: fields of the event."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """value: the field, in seconds."""

    name: str
    help: str
    value: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value of now; `combine` says how the workers' values become one."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    combine: str = "sum"


EVENTS: Final[Mapping[str, tuple[Counter | Histogram, ...]]] = {
    "Reception": (
        Counter("gatepost_received_messages", "Messages answered with 250.", ("ingress",)),
        Counter("gatepost_received_bytes", "Octets of those messages.", ("ingress",), "size"),
        Histogram("gatepost_save_seconds", "From end of data to durable.", "save_seconds"),
    ),
    "Denial": (
        Counter("gatepost_denied", "Refusals of clients, senders and recipients.", ("by",)),
    ),
    "Verdict": (
        Counter("gatepost_verdicts", "What decisions hung on.", ("method", "verdict")),
        Histogram("gatepost_verdict_seconds", "Finding it out.", "seconds", ("method",)),
    ),
    "Match": (
        Counter("gatepost_rule_matches", "Recipients that a rule matched.", ("rule_set", "rule")),
    ),
    "Delivery": (
        Counter("gatepost_delivered", "Steps that a next hop accepted.", ("destination",)),
        Histogram("gatepost_delivery_seconds", "From receipt to the next hop's 250.", "seconds"),
    ),
    "TransientFailure": (
        Counter("gatepost_deferred", "Attempts that will be repeated.", ("destination",)),
    ),
    "Bounce": (Counter("gatepost_failed", "Steps that failed for good.", ("destination",)),),
    "Expiration": (Counter("gatepost_expired", "Steps given up by age.", ("destination",)),),
    "Drop": (Counter("gatepost_dropped", "Recipients that a rule dropped.", ("rule",)),),
    "Unrouted": (
        Counter("gatepost_unrouted", "Recipients that no rule delivered.", ("rule_set",)),
    ),
    "Suspension": (
        Counter("gatepost_suspensions", "Relays that refused their credentials.", ("relay",)),
    ),
    "Fault": (Counter("gatepost_faults", "Internal faults, answered 451.", ("where",)),),
}
GAUGES: Final = (
    Gauge("gatepost_queue_steps", "Steps in the spool.", ("state",)),
    Gauge("gatepost_queue_oldest_seconds", "Age of the oldest message.", combine="max"),
    Gauge("gatepost_spool_free_bytes", "Free space of the spool's disk.", combine="min"),
    Gauge("gatepost_sessions", "Open client connections."),
    Gauge("gatepost_certificate_expiry_timestamp_seconds", "notAfter.", ("ingress",), "min"),
    Gauge("gatepost_suspended_destinations", "Destinations that wait for an operator."),
    Gauge("gatepost_suspended_relays", "1: its credentials were refused.", ("relay",), "max"),
    Gauge("gatepost_workers", "Workers that are ready."),
)

Series = dict[tuple[str, ...], float]
# What crosses the channel: [metric, labels, value or bucket counts].
Delta = list[list[Any]]


def capped(known: Mapping[tuple[str, ...], object], labels: tuple[str, ...]) -> tuple[str, ...]:
    if labels in known or len(known) < SERIES_MAX:
        return labels
    return (OTHER,) * len(labels)


def _label(value: Field) -> str:
    return "" if value is None else str(value)


class Tally:
    """Counts what it hears of."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Series] = defaultdict(dict)
        self._buckets: defaultdict[str, dict[tuple[str, ...], list[float]]] = defaultdict(dict)

    def hear(self, event: str, fields: Mapping[str, Field]) -> None:
        for metric in EVENTS.get(event, ()):
            labels = tuple([_label(fields.get(name)) for name in metric.labels])
            if isinstance(metric, Counter):
                amount = 1.0 if metric.amount is None else float(fields.get(metric.amount) or 0)
                counts = self._counts[metric.name]
                if labels not in counts:
                    labels = capped(counts, labels)
                counts[labels] = counts.get(labels, 0.0) + amount
            elif (value := fields.get(metric.value)) is not None:
                self._observe(metric.name, labels, float(value))

    def _observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
        series = self._buckets[name]
        counts = series.get(labels)
        if counts is None:
            # One count a bucket, one for what exceeds them all, and the sum.
            counts = series.setdefault(capped(series, labels), [0.0] * (len(BUCKETS) + 2))
        counts[bisect.bisect_left(BUCKETS, value)] += 1
        counts[-1] += value

    def take(self) -> Delta:
        """What was counted since the last take."""
        delta: Delta = [
            [name, list(labels), value]
            for name, series in self._counts.items()
            for labels, value in series.items()
        ]
        delta.extend(
            [name, list(labels), counts]
            for name, buckets in self._buckets.items()
            for labels, counts in buckets.items()
        )
        self._counts.clear()
        self._buckets.clear()
        return delta
