"""Lines over time with the faults behind them, as data for the template. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

WIDTH: Final = 1060
HEIGHT: Final = 190
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 8, 16, 24
_NAMES: Final = 60  # above the first panel, which names the faults
_LINE: Final = 11.0  # one of those names beside the next

Value = Callable[[Mapping[str, Any]], float]


def of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """found: the content of soak.json."""
    samples = found["samples"]
    values: dict[str, Value] = {
        "Memory of all processes, of no file (MiB)": lambda it: it["memory"] / 2**20,
        "Open files of all processes": lambda it: it["files"],
        "Threads of all processes": lambda it: it["threads"],
        "Recipients delivered a second": _rates(samples, "delivered"),
        "Recipients accepted a second": _rates(samples, "accepted"),
        "Steps in the queue": lambda it: it["queue"],
    }
    return [
        _panel(found, title, value, named=not number)
        for number, (title, value) in enumerate(values.items())
    ]


def _rates(samples: Sequence[Mapping[str, Any]], name: str) -> Value:
    """Since the sample before; the first has the second's."""
    rates: dict[float, float] = {
        after["at"]: (after[name] - before[name]) / (after["at"] - before["at"])
        for before, after in pairwise(samples)
    }
    first = next(iter(rates.values()), 0.0)
    return lambda it: rates.get(it["at"], first)


def _panel(found: Mapping[str, Any], title: str, value: Value, *, named: bool) -> dict[str, Any]:
    samples = found["samples"]
    top = _TOP + _NAMES * named
    bottom = top + HEIGHT - _TOP - _BOTTOM
    last = float(max([found["seconds"], *(each["at"] for each in samples)]))
    highest, step = _scale(max((value(each) for each in samples), default=1.0))

    def x(at: float) -> float:
        return round(_LEFT + at / last * (WIDTH - _LEFT - _RIGHT), 1)

    def y(figure: float) -> float:
        return round(bottom - figure / highest * (bottom - top), 1)

    minutes = last / 60
    spacing = next(it for it in (0.25, 0.5, 1, 2, 5, 10, 20, 60, math.inf) if minutes <= 12 * it)
    ticks = range(int(minutes / spacing) + 1)
    return {
        "title": title,
        "width": WIDTH,
        "height": bottom + _BOTTOM,
        "named": named,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": top,
        "bottom": bottom,
        "half": x(found["seconds"] / 2),
        "points": [(x(each["at"]), y(value(each))) for each in samples],
        "x": [{"at": x(n * spacing * 60), "label": f"{n * spacing:g}"} for n in ticks],
        "y": [
            {"at": y(n * step), "label": f"{n * step:g}"} for n in range(round(highest / step) + 1)
        ],
        "faults": _faults(found["faults"], x),
    }


def _faults(faults: Sequence[Mapping[str, Any]], x: Callable[[float], float]) -> list[Any]:
    """label: where the name begins, beside the one before."""
    made: list[dict[str, Any]] = []
    for each in faults:
        start, end = x(each["start"]), x(each["end"])
        before = made[-1]["label"] if made else -math.inf
        made.append(
            {
                "name": each["name"],
                "x": start,
                "width": max(1.5, round(end - start, 1)),
                "label": round(max(start, before + _LINE), 1),
            }
        )
    return made


def _scale(highest: float) -> tuple[float, float]:
    """The end of an axis from 0, and a round step for it."""
    rough = max(highest, 1e-9) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    return step * math.ceil(highest / step or 1), step
