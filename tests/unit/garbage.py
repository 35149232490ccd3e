"""What a piece of work leaves to the collector of cycles: memory that a long run would grow by."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("gatepost", "aiosmtplib")


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """Afterwards it holds how many objects of which of our classes stood in cycles."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(
            type(each).__name__
            for each in gc.garbage
            if type(each).__module__.partition(".")[0] in OURS
        )
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
