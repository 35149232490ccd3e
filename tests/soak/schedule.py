"""When what happens. Pure.

A run has four quarters with the same faults at the same places, so that a quarter can be compared
with another. Workers are killed in the first half alone: a new process has no old leaks, and would
hide them in the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """name: of the fault; start, end: shares of a quarter, the same for a thing of a moment.
    quarters: in which of them it happens."""

    name: str
    start: float
    end: float
    quarters: tuple[int, ...] = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Span:
    """name: of the fault. start, end: seconds from the run's begin."""

    name: str
    start: float
    end: float


FAULTS: Final = (
    Fault("slow", 0.06, 0.14),
    Fault("4xx", 0.18, 0.26),
    Fault("down", 0.30, 0.36),
    Fault("kill", 0.40, 0.40, (0, 1)),
    Fault("hang", 0.42, 0.49),
    Fault("certificate", 0.52, 0.52),
    Fault("5xx", 0.55, 0.60),
    Fault("reset", 0.62, 0.68),
    Fault("burst", 0.71, 0.71),
    Fault("hold", 0.74, 0.78),
    Fault("slow clients", 0.80, 0.88),
    Fault("bad reload", 0.89, 0.89),
)


def spans(seconds: float) -> list[Span]:
    """The faults of a run of that length, by start."""
    quarter = seconds / QUARTERS
    return sorted(
        (
            Span(each.name, (number + each.start) * quarter, (number + each.end) * quarter)
            for each in FAULTS
            for number in each.quarters
        ),
        key=lambda span: span.start,
    )


def steps(seconds: float) -> list[tuple[float, str, bool]]:
    """What is to be done when: seconds, name, and whether it begins or ends; a thing of a moment
    only begins."""
    found = []
    for span in spans(seconds):
        found.append((span.start, span.name, True))
        if span.end > span.start:
            found.append((span.end, span.name, False))
    return sorted(found)
