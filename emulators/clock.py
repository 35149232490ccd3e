"""The emulated time: the machine's, plus what the control endpoint has added."""

import threading
import time


class Clock:
    """Seconds since the epoch, movable forward so that nobody waits for a state to pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0

    def now(self) -> float:
        return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the time forward and return the new one. Raises ValueError for a step back."""
        if not seconds >= 0:
            raise ValueError("the clock only moves forward: seconds must not be negative")
        with self._lock:
            self._offset += seconds
        return self.now()

    def reset(self) -> None:
        """Return to the machine's own time (all emulated state is cleared with it)."""
        with self._lock:
            self._offset = 0.0
