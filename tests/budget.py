"""How much the random, the killing and the long tests do.

A bounded part in `make test`; all of it with GATEPOST_TESTS=full, as `make test-full` sets it.
"""

from __future__ import annotations

import os
from typing import TypeVar

FULL = os.environ.get("GATEPOST_TESTS") == "full"

T = TypeVar("T")


def of(bounded: T, whole: T) -> T:
    """The amount for this run."""
    return whole if FULL else bounded
