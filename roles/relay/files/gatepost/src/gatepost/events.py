"""The relay's events: one call an event, from which the JSON log and the metrics both follow.

Layers below the daemon take a `Record` and call it; they never import a logger. No body, no
credential is ever a field. Names are the field's own, and `EVENTS` has all of them with all fields
that they may carry; docs/daemon.md says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

_CLIENT: Final = ("source_ip", "helo")
_STEP: Final = ("id", "mail_from", "recipient", "destination", "rule", "attempts", "seconds")
_OUTCOME: Final = (*_STEP, "code", "status", "text", "peer", "tls")
_MISCONFIGURED: Final = ("destination", "rule", "reason")

EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Started": ("workers", "pid"),
    "Reloaded": ("needs_restart", "failed"),
    "ReloadRefused": ("reason",),
    "Draining": (),
    "Stopping": (),
    "Stopped": (),
    "WorkerDied": ("status", "restart_seconds"),
    "Operator": ("request", "destination", "steps"),
    "Requeue": ("id", "new_id", "steps"),
    "Connection": (*_CLIENT, "tls", "seconds", "messages", "reason"),
    "Denial": ("by", "reply", "reason", "ingress", *_CLIENT, "mail_from", "recipient"),
    "Reception": (
        "id",
        "mail_from",
        "recipients",
        "to",
        "size",
        "steps",
        "save_seconds",
        "ingress",
        *_CLIENT,
        "tls",
        "authenticated",
    ),
    "Verdict": (
        *("method", "verdict", "result", "domain", "analyzer", "field", "reason", "seconds"),
        *("ingress", "id", "recipient"),
    ),
    "Match": ("id", "recipient", "rule_set", "rule", "rule_index", "by"),
    "SenderKept": ("id", "mail_from", "reason"),
    "Drop": ("id", "recipient", *_MISCONFIGURED),
    "Unrouted": ("id", "recipient", "rule_set", *_MISCONFIGURED),
    "Delivery": _OUTCOME,
    "TransientFailure": (*_OUTCOME, "due_at"),
    "Bounce": _OUTCOME,
    "Expiration": _OUTCOME,
    "Notice": ("id", "notice", "about"),
    "MtaSts": ("domain", "mode", "reason"),
    "Suspension": ("relay", "reason"),
    "Purge": ("archive", "day"),
    "Fault": (
        *("where", "reason", "at", "command", *_CLIENT),
        *("id", "recipient", "destination", "rule"),
    ),
}


class Record(Protocol):
    def __call__(self, event: str, /, **fields: str | int | float | bool | None) -> None: ...


def nowhere(event: str, /, **fields: str | int | float | bool | None) -> None:
    """A Record that keeps nothing, for tools and tests."""
