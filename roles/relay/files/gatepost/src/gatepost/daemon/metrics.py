"""The metrics: counted by the workers from events, summed by the supervisor, served to Prometheus.

A worker's `Tally` is one more subscriber to events; what it has counted since the last time it was
asked travels as a delta, so a worker that dies and comes back never makes a counter go down. Labels
are capped: past `SERIES_MAX` combinations of one metric, the rest is counted as "other".
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from gatepost.daemon.log import Field

SERIES_MAX: Final = 200
OTHER: Final = "other"
# Seconds: from a commit on a fast disk to a message that waited for a day.
_BUCKETS: Final = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)


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


def _series(known: Mapping[tuple[str, ...], object], labels: tuple[str, ...]) -> tuple[str, ...]:
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
                    labels = _series(counts, labels)
                counts[labels] = counts.get(labels, 0.0) + amount
            elif (value := fields.get(metric.value)) is not None:
                self._observe(metric.name, labels, float(value))

    def _observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
        series = self._buckets[name]
        counts = series.get(labels)
        if counts is None:
            # One count a bucket, one for what exceeds them all, and the sum.
            counts = series.setdefault(_series(series, labels), [0.0] * (len(_BUCKETS) + 2))
        counts[bisect.bisect_left(_BUCKETS, value)] += 1
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


class Totals(Collector):
    """The sums over all workers, ever; a collector for prometheus_client."""

    def __init__(self) -> None:
        self._counts: dict[str, Series] = {}
        self._buckets: dict[str, dict[tuple[str, ...], list[float]]] = {}
        self._gauges: dict[str, Series] = {}

    def add(self, delta: Delta) -> None:
        for name, labels, value in delta:
            if isinstance(value, list):
                buckets = self._buckets.setdefault(name, {})
                key = _series(buckets, tuple(labels))
                old = buckets.get(key, [0.0] * len(value))
                buckets[key] = [a + b for a, b in zip(old, value, strict=True)]
            else:
                counts = self._counts.setdefault(name, {})
                key = _series(counts, tuple(labels))
                counts[key] = counts.get(key, 0.0) + value

    def counts(self) -> dict[str, float]:
        """Every counter, over all its labels."""
        return {
            each.name: sum(self._counts.get(each.name, {}).values())
            for metrics in EVENTS.values()
            for each in metrics
            if isinstance(each, Counter)
        }

    def gauges(self, workers: Iterable[Delta]) -> None:
        """Replaces the gauges by the workers' values of now."""
        combine = {gauge.name: gauge.combine for gauge in GAUGES}
        found: dict[str, Series] = {}
        for values in workers:
            for name, labels, value in values:
                series = found.setdefault(name, {})
                key = _series(series, tuple(labels))
                if key not in series:
                    series[key] = value
                elif combine[name] == "sum":
                    series[key] += value
                else:
                    series[key] = (max if combine[name] == "max" else min)(series[key], value)
        self._gauges = found

    def collect(
        self,
    ) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        for metrics in EVENTS.values():
            for metric in metrics:
                if isinstance(metric, Counter):
                    yield self._counter(metric)
                else:
                    yield self._histogram(metric)
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in self._gauges.get(gauge.name, {}).items():
                family.add_metric(labels, value)
            yield family

    def _counter(self, metric: Counter) -> CounterMetricFamily:
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        series = self._counts.get(metric.name, {} if metric.labels else {(): 0.0})
        for labels, value in list(series.items()):
            family.add_metric(labels, value)
        return family

    def _histogram(self, metric: Histogram) -> HistogramMetricFamily:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, counts in list(self._buckets.get(metric.name, {}).items()):
            running = 0.0
            buckets = []
            for bound, count in zip((*map(str, _BUCKETS), "+Inf"), counts[:-1], strict=True):
                running += count
                buckets.append((bound, running))
            family.add_metric(labels, buckets, counts[-1])
        return family
