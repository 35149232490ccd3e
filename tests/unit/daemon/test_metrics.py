"""Counting in workers, summing in the supervisor, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gatepost.daemon.exposition import Exposition
from gatepost.daemon.metrics import OTHER, SERIES_MAX, Tally
from gatepost.daemon.totals import Totals


def samples(totals: Totals) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry()
    registry.register(Exposition(totals))
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counts_of_several_workers_add_up_and_survive_their_deaths() -> None:
    totals = Totals()
    for _ in range(3):
        worker = Tally()
        worker.hear("Reception", {"ingress": "edge", "size": 100, "save_seconds": 0.01})
        worker.hear("Reception", {"ingress": "edge", "size": 50, "save_seconds": 0.2})
        totals.add(worker.take())
        assert worker.take() == []
    found = samples(totals)
    assert found["gatepost_received_messages_total", (("ingress", "edge"),)] == 6
    assert found["gatepost_received_bytes_total", (("ingress", "edge"),)] == 450


def test_a_histogram_is_cumulative() -> None:
    tally, totals = Tally(), Totals()
    for seconds in (0.001, 0.01, 0.02, 5.0, 1e6):
        tally.hear("Delivery", {"destination": "relay:a", "seconds": seconds})
    totals.add(tally.take())
    found = samples(totals)
    buckets = {
        dict(labels)["le"]: value
        for (name, labels), value in found.items()
        if name == "gatepost_delivery_seconds_bucket"
    }
    assert buckets["0.001"] == 1
    assert buckets["0.02"] == 3
    assert buckets["2.0"] == 3
    assert buckets["10.0"] == 4
    assert buckets["+Inf"] == found["gatepost_delivery_seconds_count", ()] == 5
    assert found["gatepost_delivery_seconds_sum", ()] == 1_000_005.031


def test_labels_that_clients_choose_are_capped() -> None:
    tally, totals = Tally(), Totals()
    for number in range(10 * SERIES_MAX):
        tally.hear("Delivery", {"destination": f"mx:{number}.example", "seconds": 1})
    totals.add(tally.take())
    for number in range(10 * SERIES_MAX):
        tally.hear("Delivery", {"destination": f"mx:again-{number}.example", "seconds": 1})
        totals.add(tally.take())
    found = {
        labels: value
        for (name, labels), value in samples(totals).items()
        if name == "gatepost_delivered_total"
    }
    assert len(found) <= SERIES_MAX + 1
    assert sum(found.values()) == 20 * SERIES_MAX
    assert found[(("destination", OTHER),)] >= 10 * SERIES_MAX


def test_gauges_are_of_now_and_combined_as_they_say() -> None:
    totals = Totals()
    for free, oldest in ((5.0, 60.0), (7.0, 10.0)):
        totals.gauges(
            [
                [["gatepost_spool_free_bytes", [], free], ["gatepost_sessions", [], 2.0]],
                [
                    ["gatepost_spool_free_bytes", [], free + 1],
                    ["gatepost_sessions", [], 3.0],
                    ["gatepost_queue_oldest_seconds", [], oldest],
                    ["gatepost_queue_steps", ["held"], 4.0],
                ],
            ]
        )
    found = samples(totals)
    assert found["gatepost_spool_free_bytes", ()] == 7
    assert found["gatepost_sessions", ()] == 5
    assert found["gatepost_queue_oldest_seconds", ()] == 10
    assert found["gatepost_queue_steps", (("state", "held"),)] == 4


def test_an_event_that_nothing_counts_is_no_error() -> None:
    tally = Tally()
    tally.hear("Started", {"workers": 2})
    assert tally.take() == []
