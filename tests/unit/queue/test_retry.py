"""The schedule, as cases."""

from __future__ import annotations

import pytest

from gatepost.queue.retry import RetryPolicy, delay_notice_is_due, next_attempt

POLICY = RetryPolicy(first=300, factor=2, cap=4000, jitter=0.1, expire_after=432_000)


@pytest.mark.parametrize(
    ("attempts", "now", "random", "due"),
    [
        (1, 0.0, 0.5, 300.0),
        (2, 0.0, 0.5, 600.0),
        (4, 0.0, 0.5, 2400.0),
        (5, 0.0, 0.5, 4000.0),
        (10_000, 0.0, 0.5, 4000.0),
        (1, 0.0, 0.0, 285.0),
        (1, 0.0, 1.0, 315.0),
        (9, 431_900.0, 0.5, 432_000.0),
        (9, 432_000.0, 0.5, None),
        (1, 999_999.0, 0.5, None),
    ],
)
def test_next_attempt(attempts: int, now: float, random: float, due: float | None) -> None:
    found = next_attempt(POLICY, 0.0, attempts, now, random)
    assert found == (due if due is None else pytest.approx(due))


def test_delay_notice() -> None:
    assert not delay_notice_is_due(RetryPolicy(), 100.0, 100.0 + 4 * 3600 - 1)
    assert delay_notice_is_due(RetryPolicy(), 100.0, 100.0 + 4 * 3600)
