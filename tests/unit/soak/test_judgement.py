"""What a soak concludes from its samples."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.soak import judgement
from tests.soak.judgement import Sample, theil_sen
from tests.soak.ledger import Account

MIB = 2**20
SECONDS = 1800.0


def samples(
    memory: Callable[[float], float] = lambda at: 100 * MIB,
    files: Callable[[float], float] = lambda at: 60,
    seconds: float = SECONDS,
) -> list[Sample]:
    return [
        Sample(at, int(memory(at)), int(files(at)), 20, 3, 0, 0, 0)
        for at in range(0, int(seconds), 3)
    ]


def passed(found: list[Sample], seconds: float = SECONDS) -> dict[str, bool | None]:
    return {check.name: check.passed for check in judgement.resources(found, seconds)}


def test_theil_sen_is_the_slope_and_no_few_points_bend_it() -> None:
    points = [(float(at), 3.0 * at + 7) for at in range(40)]
    assert theil_sen(points) == pytest.approx(3.0)
    points[35:] = [(at, 1e6) for at, _ in points[35:]]
    assert theil_sen(points) == pytest.approx(3.0)
    assert theil_sen([(1.0, 2.0), (1.0, 9.0)]) == 0.0
    assert theil_sen([]) == 0.0


def test_noise_is_no_growth() -> None:
    random = Random(1)
    assert all(passed(samples(lambda at: 100 * MIB + random.gauss(0, 8 * MIB))).values())


def test_growth_in_the_first_half_alone_is_none() -> None:
    assert all(passed(samples(lambda at: 50 * MIB + min(at, 900) / 900 * 50 * MIB)).values())


@pytest.mark.parametrize("lost", [10, 30])
def test_a_leak_is_found(lost: float) -> None:
    """So many MiB over the whole run, under noise."""
    random = Random(2)

    def memory(at: float) -> float:
        return 100 * MIB + at / SECONDS * lost * MIB + random.gauss(0, 2 * MIB)

    expected = lost > 4 * 3  # the medians of two quarters are a quarter of the run apart
    assert passed(samples(memory))["memory, MiB"] is not expected


def test_a_leap_of_a_moment_is_none() -> None:
    at_once = samples(lambda at: (400 if 1500 < at < 1600 else 100) * MIB)
    assert all(passed(at_once).values())


def test_files_that_stay_open_are_found() -> None:
    found = passed(samples(files=lambda at: 60 + at / 60 + (at % 90 < 30) * 40))
    assert found == {"memory, MiB": True, "open files": False, "threads": True}


def test_a_short_run_is_not_judged_by_growth() -> None:
    leaking = samples(lambda at: 100 * MIB + at * MIB, seconds=120)
    assert set(passed(leaking, 120).values()) == {None}


def test_a_run_without_samples_does_not_pass() -> None:
    assert set(passed([]).values()) == {False}


def test_the_account_is_judged() -> None:
    good = Account(accepted=10, delivered=10, duplicates=1)
    assert all(check.passed for check in judgement.of_account(good, 0))
    for bad, damaged in (
        (Account(), 0),
        (Account(accepted=1, lost=["a"]), 0),
        (Account(accepted=1, wrong=["a"]), 0),
        (Account(accepted=1, unexplained=["a"]), 0),
        (good, 1),
    ):
        assert [check.passed for check in judgement.of_account(bad, damaged)].count(False) == 1
