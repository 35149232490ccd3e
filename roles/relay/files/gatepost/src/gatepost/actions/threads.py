"""Blocking work beside the event loop: a bounded number of threads at once.

They are daemon threads, so that a site that hangs cannot keep the process from ending: what is cut
off then is what a crash would cut off, and every action is made for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """What the call returns or raises; RuntimeError where it raises what no coroutine may
        (StopIteration, SystemExit and the like). A place is taken until the call has ended, also
        where nobody waits for it any more."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            self._free.release()
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            result: T | None = None
            failure: Exception | None = None
            try:
                result = call(*arguments)
            except BaseException as error:
                failure = _raisable(error)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, result, failure)

        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise
        return await done


def _raisable(error: BaseException) -> Exception:
    """A future refuses StopIteration, so that whoever awaits it would wait for ever; a coroutine
    that raises SystemExit ends the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    told = RuntimeError(f"the call raised {type(error).__name__}")
    told.__cause__ = error
    return told
