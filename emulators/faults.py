"""Injected faults: which call of which service fails, how, and how often.

A fault names a service and an operation (or `*`), and may delay the call, refuse it with an error
code and HTTP status, or both. Faults are taken in the order in which they were added; each is used
`count` times and then gone.
"""

import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One injected fault. `code` empty: the call is only delayed (`delay` in seconds).

    retry_after: seconds in a Retry-After field, of the services that send one; 0: no field.
    """

    service: str = "*"
    operation: str = "*"
    code: str = ""
    message: str = "injected by the control endpoint"
    status: int = 400
    count: int = 1
    delay: float = 0.0
    retry_after: int = 0

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


def parse(document: Any) -> Fault:
    """Read a fault from JSON. Raises ValueError naming the member that is wrong."""
    if not isinstance(document, dict):
        raise ValueError("a fault is an object")
    known = {field.name: field.type for field in fields(Fault)}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"{name}: unknown; known are {', '.join(known)}")
        allowed = {str: (str,), int: (int,), float: (int, float)}[known[name]]
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise ValueError(f"{name}: must be a {known[name].__name__}")
    status = document.get("status", _STATUS.get(document.get("code", ""), 400))
    fault = Fault(**(document | {"status": status}))
    if not fault.code and not fault.delay:
        raise ValueError("code or delay: one of them is needed")
    if fault.count < 1 or fault.delay < 0 or not 400 <= fault.status <= 599:
        raise ValueError("count must be at least 1, delay not negative, status 400 to 599")
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
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.concerns(service, operation):
                    if fault.count == 1:
                        del self._faults[index]
                    else:
                        self._faults[index] = replace(fault, count=fault.count - 1)
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]
