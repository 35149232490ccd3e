"""Every event is declared with its fields, documented, and what metrics count of it is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import gatepost
from gatepost.daemon import metrics
from gatepost.daemon.metrics import Counter
from gatepost.events import EVENTS

PACKAGE = Path(gatepost.__file__).parent
DOCS = Path(__file__).parents[3] / "docs" / "daemon.md"
RECORDERS = {"record", "_record", "note"}


def recorded() -> Iterator[tuple[str, str, set[str]]]:
    """Place, event and literal fields of every call that records."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            # `note` takes the Record first.
            words = [
                each.value
                for each in node.args[:2]
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            if name in RECORDERS and words:
                fields = {each.arg for each in node.keywords if each.arg is not None}
                yield f"{file.name}:{node.lineno}", words[0], fields


def test_what_is_recorded_is_declared_and_the_reverse() -> None:
    found = list(recorded())
    assert {event for _place, event, _fields in found} == EVENTS.keys()
    for place, event, fields in found:
        # A worker's number stands in every line of its own.
        assert fields - {"worker"} <= set(EVENTS[event]), place


def test_metrics_count_what_events_carry() -> None:
    for event, counted in metrics.EVENTS.items():
        for each in counted:
            value = each.amount if isinstance(each, Counter) else each.value
            wanted = {*each.labels, *([value] if value else [])}
            assert wanted <= set(EVENTS[event]), each.name


def rows(title: str) -> Iterator[list[str]]:
    """The cells of a section's table, below its head."""
    section = DOCS.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(\w+)`", cell))


def test_the_documentation_has_every_event_with_its_fields() -> None:
    documented = {names(event)[0]: names(fields) for event, _when, fields in rows("Events")}
    assert documented == dict(EVENTS)


def test_the_documentation_has_every_metric_with_its_labels() -> None:
    documented = {
        name.removesuffix("_total"): tuple(filter(None, labels.split(", ")))
        for metrics_of_row, labels, _meaning in rows("Metrics")
        for name in names(metrics_of_row)
    }
    counted = [each for of_event in metrics.EVENTS.values() for each in of_event]
    assert documented == {each.name: each.labels for each in (*metrics.GAUGES, *counted)}
