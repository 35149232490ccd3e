"""Injected faults: which call of which service fails, how, and how often.

A fault concerns the calls of a service and an operation (either may be `*`), and meets `count` of
them beginning with the `nth` from the moment it is added; with both `*`, that is the running number
over all services. It delays the call, and lets it fail with an error code or by cutting the
connection: before the call takes effect, or `after`, so that a write is applied although its client
never hears so. Of several faults that are due, the one added first is met.

A client that dies at call N is two faults: the Nth fails `after` or not, all later ones are cut.
"""

import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One injected fault. Without `code` and `reset` the call is only delayed (`delay` seconds).

    retry_after: seconds in a Retry-After field, of the services that send one; 0: no field.
    """

    service: str = "*"
    operation: str = "*"
    code: str = ""
    message: str = "injected by the control endpoint"
    status: int = 400
    nth: int = 1
    count: int = 1
    after: bool = False
    """the call takes effect, then fails"""
    reset: bool = False
    """the connection is cut instead of an answer"""
    delay: float = 0.0
    retry_after: int = 0

    @property
    def fails(self) -> bool:
        return bool(self.code) or self.reset

    def concerns(self, service: str, operation: str) -> bool:
        return self.service in ("*", service) and self.operation in ("*", operation)


# The status that goes with a code when none is stated.
_STATUS = {
    "ThrottlingException": 429,
    "Throttling": 400,
    "TooManyRequestsException": 429,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "NotFoundException": 404,
    "ConflictException": 409,
    "ServiceQuotaExceededException": 402,
    "InternalServerError": 500,
    "InternalFailure": 500,
    "InternalServiceError": 500,
    "ServiceUnavailable": 503,
}
_ALLOWED: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}


def parse(document: Any) -> Fault:
    """Read a fault from JSON. Raises ValueError naming the member that is wrong."""
    if not isinstance(document, dict):
        raise ValueError("a fault is an object")
    known: dict[str, Any] = {field.name: field.type for field in fields(Fault)}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"{name}: unknown; known are {', '.join(known)}")
        kind = known[name]
        if not isinstance(value, _ALLOWED[kind]) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{name}: must be a {kind.__name__}")
    status = document.get("status", _STATUS.get(document.get("code", ""), 400))
    fault = Fault(**(document | {"status": status}))
    if not fault.fails and not fault.delay:
        raise ValueError("code, reset or delay: one of them is needed")
    if fault.code and fault.reset:
        raise ValueError("code and reset: only one of them")
    if fault.nth < 1 or fault.count < 1 or fault.delay < 0 or not 400 <= fault.status <= 599:
        raise ValueError("nth and count are at least 1, delay not negative, status 400 to 599")
    return fault


class Faults:
    """The faults that wait to happen, shared by all emulators."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, service: str, operation: str) -> Fault | None:
        """The fault that this call meets, used up by one, or None."""
        met: Fault | None = None
        left: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if not fault.concerns(service, operation):
                    left.append(fault)
                elif fault.nth > 1:
                    left.append(replace(fault, nth=fault.nth - 1))
                elif met is not None:
                    left.append(fault)
                else:
                    met = fault
                    if fault.count > 1:
                        left.append(replace(fault, count=fault.count - 1))
            self._faults = left
        return met

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]
