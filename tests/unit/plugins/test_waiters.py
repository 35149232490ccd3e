"""Waiting, with a clock of its own."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import TimedOut


class Time:
    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds

    def clock(self):
        return self.now


def waited(readings, held=1, timeout=600.0):
    time, left = Time(), iter(readings)
    found = until(
        "x: ACTIVE",
        lambda: next(left),
        lambda status: status == "ACTIVE",
        timeout,
        held=held,
        sleep=time.sleep,
        clock=time.clock,
    )
    return found, list(left), time.now


def test_a_state_must_hold():
    readings = ["NEW", "ACTIVE", "UPDATING", "ACTIVE", "ACTIVE", "never read"]
    assert waited(readings, held=2)[:2] == ("ACTIVE", ["never read"])


def test_nothing_is_slept_when_it_is_so_already():
    assert waited(["ACTIVE"])[2] == 0.0


def test_time_is_bounded():
    with pytest.raises(TimedOut, match=r"x: ACTIVE: not so after 5 seconds"):
        waited(["NEW"] * 100, timeout=5.0)


def test_what_the_check_raises_ends_the_waiting():
    def broken(_status):
        raise RuntimeError("FAILED")

    with pytest.raises(RuntimeError, match="FAILED"):
        until("x", lambda: "FAILED", broken, 600.0, sleep=pytest.fail)
