# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one retry layer for Microsoft's services: what is tried again, and when.

A call that was throttled was not carried out: it is tried again after the time that the service
asked for, else after a random part of 1, 2, 4 … seconds, up to 60. A call that broke may have been
carried out: only what reads is tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.gatepost.mail.plugins.module_utils.errors import ServiceError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.protocol import (
    Broken,
    Throttled,
)

T = TypeVar("T")

ATTEMPTS = 9
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
# A service that asks for more than this is not waited for.
LONGEST_ASKED = 600.0


def patiently(
    call: Callable[[], T],
    *,
    reads: bool,
    sleep: Callable[[float], object] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Call, again if need be. reads: whether it changes nothing. jitter: a number from 0 to 1.

    Raises ServiceError as the last attempt did.
    """
    longest = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except Throttled as error:
            wait = longest * jitter() if error.after is None else error.after
            if wait > LONGEST_ASKED:
                told = f"throttled, and asked to wait {wait:g} seconds: run again after that"
                raise ServiceError(error.operation, error.code, told) from error
            if attempt == ATTEMPTS:
                raise
        except Broken as error:
            if not reads:
                told = f"{error}; whether it was carried out is not known: run again to see"
                raise ServiceError(error.operation, error.code, told) from error
            if attempt == ATTEMPTS:
                raise
            wait = longest * jitter()
        sleep(wait)
        longest = min(2 * longest, LONGEST_WAIT)
    raise AssertionError("the last attempt returns or raises")
