"""Throttling when it is asked for: so many requests a second of a service, as AWS counts them.

A bucket a service, account and region holds `burst` requests and fills at `rate` a second of the
emulated clock; a call that finds it empty is refused in the service's own words. SES documents one
request a second for its API.
"""

import threading
from dataclasses import asdict, dataclass, fields
from typing import Any

from emulators.aws.calls import Call
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope
from emulators.clock import Clock

# Code and status where they are not ThrottlingException and 400.
_REFUSALS = {
    "mailmanager": ("ThrottlingException", 429),
    "sesv2": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "route53": ("Throttling", 400),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "sns": ("Throttled", 429),
    "ses": ("Throttling", 400),
}


@dataclass(frozen=True)
class Limit:
    """`rate` 0 is no limit. services: those that are limited."""

    rate: float = 0.0
    burst: int = 1
    services: tuple[str, ...] = ("mailmanager",)


def parse(document: Any) -> Limit:
    """Read a limit from JSON. Raises ValueError naming the member that is wrong."""
    if not isinstance(document, dict):
        raise ValueError("the body must be an object")
    for name in document:
        if name not in {field.name for field in fields(Limit)}:
            raise ValueError(f"{name}: unknown; known are rate, burst, services")
    rate, burst = document.get("rate", 0.0), document.get("burst", 1)
    services = document.get("services", list(Limit.services))
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 0:
        raise ValueError("rate: must be a number of requests a second")
    if isinstance(burst, bool) or not isinstance(burst, int) or burst < 1:
        raise ValueError("burst: must be a whole number of requests")
    if not isinstance(services, list) or not all(isinstance(one, str) for one in services):
        raise ValueError("services: must be a list of service names")
    return Limit(rate, burst, tuple(services))


class Throttle:
    """Every call passes `meet`, which refuses it when its bucket is empty."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = Limit()
        self._buckets: dict[tuple[str, Scope | None], tuple[float, float]] = {}

    def change(self, limit: Limit) -> dict[str, Any]:
        with self._lock:
            self._limit = limit
            self._buckets.clear()
        return self.show()

    def show(self) -> dict[str, Any]:
        return asdict(self._limit)

    def meet(self, call: Call) -> None:
        """Raise ServiceError when there are too many calls."""
        limit = self._limit
        if not limit.rate or call.service not in limit.services:
            return
        key = (call.service, call.scope)
        with self._lock:
            now = self._clock.now()
            left, at = self._buckets.get(key, (float(limit.burst), now))
            left = min(limit.burst, left + (now - at) * limit.rate)
            self._buckets[key] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            code, status = _REFUSALS.get(call.service, ("ThrottlingException", 400))
            raise ServiceError(code, "Rate exceeded", status)
