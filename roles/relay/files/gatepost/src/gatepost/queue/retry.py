"""The retry schedule: pure functions of values, the time and a random number.

After a failed attempt a step waits `first` seconds, then `factor` times longer after each further
attempt, up to `cap`; `jitter` is the share of a wait that is random, so that what failed together
does not return together. The last attempt falls on the expiry (RFC 5321 section 4.5.4.1 asks for
retries over at least 4 to 5 days, and for waits of 30 minutes or so).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds. delay_notice_after, expire_after: counted from the message's receipt."""

    first: float = 300.0
    factor: float = 2.0
    cap: float = 4000.0
    jitter: float = 0.1
    delay_notice_after: float = 4 * 3600.0
    expire_after: float = 5 * 86400.0


def next_attempt(
    policy: RetryPolicy, received_at: float, attempts: int, now: float, random: float
) -> float | None:
    """When a step that failed for a time is due again, None if its message has expired. attempts:
    finished ones, the failed one included. random: from 0 to 1."""
    expiry = expires_at(policy, received_at)
    if now >= expiry:
        return None
    # The exponent is bounded: a float overflows long after any cap is reached.
    wait = min(policy.cap, policy.first * policy.factor ** min(attempts - 1, 200))
    wait *= 1 + policy.jitter * (random - 0.5)
    return min(now + wait, expiry)


def expires_at(policy: RetryPolicy, received_at: float) -> float:
    return received_at + policy.expire_after


def delay_notice_is_due(policy: RetryPolicy, received_at: float, now: float) -> bool:
    """Whether the sender, if nobody told it yet, shall hear that its message waits."""
    return now >= received_at + policy.delay_notice_after
