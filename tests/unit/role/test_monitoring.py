"""The alert rules and the dashboard ask for metrics that the daemon has, by labels it gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gatepost.daemon.metrics import EVENTS, GAUGES, Counter

FILES = Path(__file__).parents[3] / "roles/relay/files/monitoring"
METRIC = re.compile(r"\bgatepost_\w+")


def exported() -> dict[str, set[str]]:
    """Series by name, with their labels, as Prometheus sees them."""
    found = {gauge.name: set(gauge.labels) for gauge in GAUGES}
    for metrics in EVENTS.values():
        for metric in metrics:
            if isinstance(metric, Counter):
                found[f"{metric.name}_total"] = set(metric.labels)
            else:
                found[f"{metric.name}_bucket"] = {*metric.labels, "le"}
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load((FILES / "rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


CASES = sorted(set(expressions()))


@pytest.mark.parametrize(("where", "expression"), CASES)
def test_it_asks_for_what_there_is(where: str, expression: str) -> None:
    series = exported()
    names = METRIC.findall(expression)
    assert names or 'job="gatepost"' in expression
    assert [name for name in names if name not in series] == []
    given = {"instance", "job"}.union(*(series[name] for name in names))
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= given


def test_every_alert_says_what_to_do() -> None:
    for group in yaml.safe_load((FILES / "rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert {"summary", "description"} <= set(rule["annotations"])


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
