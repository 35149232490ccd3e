# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong, as types. They are raised below main() and reported once, in it.

Each message is one line that names the option, resource or operation, and the reason. No message
holds a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable


class GatepostError(Exception):
    """The root of all errors that a module reports as its failure."""


class BadOption(GatepostError):
    """An option cannot be what it is. Found before any call is made."""

    def __init__(self, option: str, reason: str) -> None:
        self.option = option
        self.reason = reason
        super().__init__(f"{option}: {reason}")


class Ambiguous(GatepostError):
    """Several resources have the name."""

    def __init__(self, title: str, name: str, ids: Iterable[str]) -> None:
        listed = ", ".join(sorted(ids))
        super().__init__(f"several {title}s are named {name}: {listed}; say which one by its id")


class Missing(GatepostError):
    """Something that a desired state names is not there."""


class InUse(GatepostError):
    """Something still names what is to be deleted."""

    def __init__(self, what: str, users: Iterable[str]) -> None:
        super().__init__(
            f"{what} is used by {', '.join(users)}; take it out there first, "
            "or delete it all the same with force=true"
        )


class Unchangeable(GatepostError):
    """A member that the service sets once, at creation, has another value."""

    def __init__(self, what: str, member: str, current: object, desired: object) -> None:
        super().__init__(
            f"{member} of {what} is {_spelled(current)} and cannot become {_spelled(desired)}: it "
            "is fixed at creation. Create a new one under another name, move what uses it, then "
            "delete this one"
        )


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class TimedOut(GatepostError):
    """A state was not reached in time."""


class ServiceError(GatepostError):
    """A call was refused, or did not get through. code: the service's own, or the error's class."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        self.operation = operation
        self.code = code
        super().__init__(f"{operation}: {code}: {message}")


class NotFound(ServiceError):
    """A call says that what it names does not exist. The only failed read that means absent."""
