"""The emulated time for moto, which keeps the machine's.

moto's state is the process's, and so is the clock that it follows here.
"""

import time

from emulators.clock import Clock

_followed = [Clock()]


def follow(clock: Clock) -> None:
    _followed[0] = clock


def now() -> float:
    return _followed[0].now()


def ahead() -> float:
    """Seconds that the emulated clock is ahead of the machine's."""
    return now() - time.time()
