"""The conclusions of a run. Pure.

Memory has grown when both say so, by more than the tolerance (3 %, at least 2 MiB): the medians of
the third and the fourth quarter, which have the same faults, and the Theil-Sen line through the
second half, which no few samples can bend. The same with open files and threads, whose numbers
follow the connections of the moment: there the lowest tenth of each quarter counts.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from tests.soak.ledger import Account

MEMORY_SHARE: Final = 0.03
MEMORY_LEAST: Final = 2 * 1024 * 1024
COUNT_SHARE: Final = 0.05
COUNT_LEAST: Final = 4
# A process that has just started still grows: shorter runs prove that the soak works, and no more.
LONG_ENOUGH: Final = 10 * 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """at: seconds from the begin. memory: of all processes, octets. queue: steps. accepted,
    delivered: recipients so far. processes: how many were looked at."""

    at: float
    memory: int
    files: int
    threads: int
    processes: int
    queue: int
    accepted: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Growth:
    """before, after: of the third and the fourth quarter. line: what the Theil-Sen line rises over
    the second half. tolerance: what neither may exceed alone."""

    before: float
    after: float
    line: float
    tolerance: float

    @property
    def found(self) -> bool:
        return min(self.after - self.before, self.line) > self.tolerance


@dataclass(frozen=True, slots=True)
class Check:
    """passed: None where this run is too short to say."""

    name: str
    measured: str
    asked: str
    passed: bool | None


def theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs; 0 with fewer than two places."""
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0])
        for before, after in combinations(points, 2)
        if after[0] != before[0]
    ]
    return statistics.median(slopes) if slopes else 0.0


def lowest_tenth(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 10]


def growth(
    samples: Sequence[Sample],
    seconds: float,
    value: Callable[[Sample], float],
    typical: Callable[[Sequence[float]], float],
    share: float,
    least: float,
) -> Growth | None:
    """From the third to the fourth quarter; None where one of them has no samples."""
    half = [each for each in samples if seconds / 2 <= each.at <= seconds]
    third = [value(each) for each in half if each.at < seconds * 0.75]
    fourth = [value(each) for each in half if each.at >= seconds * 0.75]
    if not third or not fourth:
        return None
    before, after = typical(third), typical(fourth)
    line = theil_sen([(each.at, value(each)) for each in half]) * seconds / 2
    return Growth(before, after, line, max(least, share * before))


def of_memory(samples: Sequence[Sample], seconds: float) -> Growth | None:
    return growth(
        samples, seconds, lambda it: it.memory, statistics.median, MEMORY_SHARE, MEMORY_LEAST
    )


def of_count(
    samples: Sequence[Sample], seconds: float, value: Callable[[Sample], float]
) -> Growth | None:
    return growth(samples, seconds, value, lowest_tenth, COUNT_SHARE, COUNT_LEAST)


def resources(samples: Sequence[Sample], seconds: float) -> list[Check]:
    files = of_count(samples, seconds, lambda it: it.files)
    threads = of_count(samples, seconds, lambda it: it.threads)
    return [
        _check("memory, MiB", of_memory(samples, seconds), seconds, 2**20, ".1f"),
        _check("open files", files, seconds, 1, ".0f"),
        _check("threads", threads, seconds, 1, ".0f"),
    ]


def _check(name: str, found: Growth | None, seconds: float, unit: int, form: str) -> Check:
    if found is None:
        return Check(name, "no samples", "samples", False)
    before, after, line, tolerance = (
        format(each / unit, form)
        for each in (found.before, found.after, found.line, found.tolerance)
    )
    return Check(
        name,
        f"third quarter {before}, fourth {after}; line over both {line}",
        f"no growth above {tolerance}",
        not found.found if seconds >= LONG_ENOUGH else None,
    )


def of_account(account: Account, damaged: int) -> list[Check]:
    return [
        Check("recipients accepted", str(account.accepted), "some", account.accepted > 0),
        Check("lost", str(len(account.lost)), "0", not account.lost),
        Check("where they must not be", str(len(account.wrong)), "0", not account.wrong),
        Check("changed on the way", str(damaged), "0", not damaged),
        Check(
            "duplicates that no kill explains",
            f"{len(account.unexplained)} of {account.duplicates}",
            "0",
            not account.unexplained,
        ),
    ]
