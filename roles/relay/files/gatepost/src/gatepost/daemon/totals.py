"""What the workers counted, summed by the supervisor.

Promises: a worker that dies and comes back never makes a counter go down; a metric has no more
series than `metrics.SERIES_MAX` and one for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.daemon.metrics import (
    EVENTS,
    GAUGES,
    Counter,
    Delta,
    Gauge,
    Histogram,
    Series,
    capped,
)


class Totals:
    """The sums over all workers, ever."""

    def __init__(self) -> None:
        self._counts: dict[str, Series] = {}
        self._buckets: dict[str, dict[tuple[str, ...], list[float]]] = {}
        self._gauges: dict[str, Series] = {}

    def add(self, delta: Delta) -> None:
        for name, labels, value in delta:
            if isinstance(value, list):
                buckets = self._buckets.setdefault(name, {})
                key = capped(buckets, tuple(labels))
                old = buckets.get(key, [0.0] * len(value))
                buckets[key] = [a + b for a, b in zip(old, value, strict=True)]
            else:
                counts = self._counts.setdefault(name, {})
                key = capped(counts, tuple(labels))
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
                key = capped(series, tuple(labels))
                if key not in series:
                    series[key] = value
                elif combine[name] == "sum":
                    series[key] += value
                else:
                    series[key] = (max if combine[name] == "max" else min)(series[key], value)
        self._gauges = found

    def series(self, metric: Counter | Gauge) -> Series:
        """By labels; a counter without any begins at 0."""
        if isinstance(metric, Gauge):
            return self._gauges.get(metric.name, {})
        return self._counts.get(metric.name, {} if metric.labels else {(): 0.0})

    def buckets(self, metric: Histogram) -> dict[tuple[str, ...], list[float]]:
        """By labels: one count a bucket, one for what exceeds them all, and the sum."""
        return self._buckets.get(metric.name, {})
