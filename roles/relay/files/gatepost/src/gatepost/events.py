"""The relay's events: one call an event, from which the JSON log and the metrics both follow.

Layers below the daemon take a `Record` and call it; they never import a logger. No body, no
credential is ever a field. Names are the field's own: Reception, Denial, Delivery,
TransientFailure, Bounce, Expiration, Drop, Unrouted, Fault.
"""

from __future__ import annotations

from typing import Protocol


class Record(Protocol):
    def __call__(self, event: str, /, **fields: str | int | float | bool | None) -> None: ...


def nowhere(event: str, /, **fields: str | int | float | bool | None) -> None:
    """A Record that keeps nothing, for tools and tests."""
