"""The totals as prometheus_client collects them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from gatepost.daemon.metrics import BUCKETS, EVENTS, GAUGES, Counter, Histogram
from gatepost.daemon.totals import Totals


class Exposition(Collector):
    def __init__(self, totals: Totals) -> None:
        self._totals = totals

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
            for labels, value in self._totals.series(gauge).items():
                family.add_metric(labels, value)
            yield family

    def _counter(self, metric: Counter) -> CounterMetricFamily:
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, value in list(self._totals.series(metric).items()):
            family.add_metric(labels, value)
        return family

    def _histogram(self, metric: Histogram) -> HistogramMetricFamily:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, counts in list(self._totals.buckets(metric).items()):
            running = 0.0
            buckets = []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts[:-1], strict=True):
                running += count
                buckets.append((bound, running))
            family.add_metric(labels, buckets, counts[-1])
        return family
