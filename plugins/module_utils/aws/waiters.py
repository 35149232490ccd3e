# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for a state: read again and again, until it held, failed, or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, TimedOut

T = TypeVar("T")

# What was just made may not be seen everywhere at once.
SETTLING = 60.0

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0


def until(
    what: str,
    read: Callable[[], T],
    reached: Callable[[T], bool],
    timeout: float,
    *,
    held: int = 1,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """The first reading that has been as it should be `held` times in a row. Raises TimedOut.

    what: the state, for the error. reached may raise to end the waiting. timeout: seconds.
    """
    end = clock() + timeout
    pause, row = FIRST_PAUSE, 0
    while True:
        found = read()
        row = row + 1 if reached(found) else 0
        if row >= held:
            return found
        if clock() + pause > end:
            raise TimedOut(f"{what}: not so after {timeout:g} seconds (wait_timeout)")
        sleep(pause)
        pause = FIRST_PAUSE if row else min(1.5 * pause, LONGEST_PAUSE)


def once_visible(
    call: Callable[[], T],
    *,
    timeout: float = SETTLING,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """The answer of a call on what was made a moment ago. Raises NotFound when time is over.

    timeout: seconds.
    """
    end = clock() + timeout
    pause = FIRST_PAUSE
    while True:
        try:
            return call()
        except NotFound:
            if clock() + pause > end:
                raise
        sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)
