"""Plots as data for the templates: panels of bars, one a server, and lines over a scale. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

WIDTH: Final = 460
"""Of a panel, in pixels."""
_LABELS: Final = 140
_FIGURES: Final = 70
_BAR: Final = 20
_LINES: Final = (620, 300)
_MARGIN: Final = (60, 20, 140, 40)  # left, top, right, bottom

Value = Callable[[Mapping[str, Any]], float]


def of(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Panels by the name of the section that shows them."""
    return {
        "Delivered messages a second": _bars(found, lambda m: m["delivered"], "{:,.0f}"),
        "CPU a message (ms)": _bars(found, lambda m: m["cpu"] * 1e3, "{:.2f}", relays=True),
        "Memory, all processes (MB)": _bars(
            found, lambda m: m["memory"] / 1e6, "{:.0f}", relays=True
        ),
        "From the source to the sink, median (ms)": _bars(
            found, lambda m: m["deliver"][0] * 1e3, "{:,.1f}"
        ),
        "From the source to the sink, 99th percentile (ms)": _bars(
            found, lambda m: m["deliver"][1] * 1e3, "{:,.1f}"
        ),
        "Until the 250, median (ms)": _bars(found, lambda m: m["accept"][0] * 1e3, "{:,.1f}"),
        "CPU a message against size and sessions (ms)": [
            _lines(found, "size, KiB", [("4k-20", 4), ("64k-20", 64), ("1m-20", 1024)]),
            _lines(found, "sessions", [("4k-1", 1), ("4k-20", 20), ("4k-100", 100)]),
        ],
    }


def servers(found: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(each["server"] for each in found["throughput"]))


def _median(found: Mapping[str, Any], row: str, server: str, value: Value) -> float | None:
    values = [
        value(each)
        for each in found["throughput"]
        if (each["row"], each["server"]) == (row, server)
    ]
    return statistics.median(values) if values else None


def _bars(
    found: Mapping[str, Any], value: Value, form: str, *, relays: bool = False
) -> list[dict[str, Any]]:
    """A panel a load. relays: without the run that has no relay."""
    panels = []
    for row in found["rows"]:
        values = [
            (server, figure)
            for server in servers(found)
            if not (relays and server == "no relay")
            if (figure := _median(found, row["key"], server, value)) is not None
        ]
        largest = max((figure for _server, figure in values), default=0) or 1
        space = WIDTH - _LABELS - _FIGURES
        panels.append(
            {
                "kind": "bars",
                "title": row["title"],
                "width": WIDTH,
                "height": _BAR * len(values) + 8,
                "labels": _LABELS,
                "bars": [
                    {
                        "label": server,
                        "own": server.startswith("Gatepost"),
                        "y": number * _BAR,
                        "length": round(space * figure / largest, 1),
                        "figure": form.format(figure),
                    }
                    for number, (server, figure) in enumerate(values)
                ],
            }
        )
    return panels


def _lines(
    found: Mapping[str, Any], scale: str, points: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    """Both axes logarithmic."""
    width, height = _LINES
    left, top, right, bottom = _MARGIN
    series = {
        server: [
            (place, figure * 1e3)
            for row, place in points
            if (figure := _median(found, row, server, lambda m: m["cpu"]))
        ]
        for server in servers(found)
    }
    figures = [figure for line in series.values() for _place, figure in line] or [1.0]
    low, high = (
        10 ** math.floor(math.log10(min(figures))),
        10 ** math.ceil(math.log10(max(figures))),
    )
    high = high if high > low else low * 10
    first, last = points[0][1], points[-1][1]

    def x(place: float) -> float:
        return round(left + _between(place, first, last) * (width - left - right), 1)

    def y(figure: float) -> float:
        return round(height - bottom - _between(figure, low, high) * (height - top - bottom), 1)

    ends = _spread(
        {server: y(line[-1][1]) for server, line in series.items() if line}, height - bottom
    )
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    return {
        "kind": "lines",
        "title": scale,
        "width": width,
        "height": height,
        "x": [{"at": x(place), "label": f"{place:g}"} for _row, place in points],
        "y": [{"at": y(10.0**each), "label": f"{10.0**each:g}"} for each in decades],
        "left": left,
        "right": width - right,
        "bottom": height - bottom,
        "lines": [
            {
                "label": server,
                "own": server.startswith("Gatepost"),
                "points": [(x(place), y(figure)) for place, figure in line],
                "label_y": ends[server],
            }
            for server, line in series.items()
            if line
        ],
    }


def _between(value: float, low: float, high: float) -> float:
    return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))


def _spread(places: Mapping[str, float], lowest: float) -> dict[str, float]:
    """Labels at these heights, moved apart where they would touch."""
    made: dict[str, float] = {}
    floor = lowest
    for name in sorted(places, key=lambda each: -places[each]):
        made[name] = min(places[name], floor)
        floor = made[name] - 14
    return made
