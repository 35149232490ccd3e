"""Memory that the C library keeps of what was freed.

Workers let it use the blocks of large messages again (`processes.py` says why). What of them lies
free between small blocks would stay with the process for good: as much again as it uses, under
mixed load. It goes back to the kernel every ten seconds; that takes a few milliseconds, in which
the worker goes on.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import Final

_EVERY: Final = 10.0


def give_back() -> None:
    """Of glibc; other libraries keep little, and have no such call."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


async def keep_giving_back() -> None:
    while True:
        await asyncio.sleep(_EVERY)
        await asyncio.to_thread(give_back)
