"""What people see of the queue: entries as JSON-able objects, which of them a request means, and
how old they are. Pure; the daemon's answers and the offline view of `gatepost queue` are both made
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from gatepost.errors import GatepostError
from gatepost.spool.interface import Entry, State

# Minutes; each column counts what is younger than it and older than the one before (after qshape).
AGES: Final = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
OLDER: Final = "older"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which steps: all conditions that are given hold. ids: of messages. destination: whole.
    sender, recipient: an address, or "@domain". state: "pending" | "held". all: nothing else is
    given, and it is meant."""

    ids: tuple[str, ...] = ()
    destination: str | None = None
    sender: str | None = None
    recipient: str | None = None
    state: str | None = None
    all: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Selection:
        """From a request. Raises GatepostError."""
        known = {each.name for each in fields(cls)}
        for name in parameters:
            if name not in known:
                raise GatepostError(f"there is no selection by {name!r}")
        values = dict(parameters)
        values["ids"] = tuple(values.get("ids", ()))
        return cls(**values)

    @property
    def empty(self) -> bool:
        return self == Selection()

    def __call__(self, entry: Entry) -> bool:
        step = entry.message.steps[entry.step]
        return (
            (not self.ids or entry.message.id in self.ids)
            and self.destination in (None, step.destination)
            and self.state in (None, entry.state.value)
            and _address_matches(self.sender, step.mail_from)
            and _address_matches(self.recipient, step.recipient)
        )


def _address_matches(wanted: str | None, address: str) -> bool:
    if wanted is None:
        return True
    if wanted.startswith("@"):
        return address.lower().endswith(wanted.lower())
    return address.lower() == wanted.lower()


def row(entry: Entry) -> dict[str, Any]:
    """One step, as `list` shows it. Times are seconds since the epoch."""
    message, step = entry.message, entry.message.steps[entry.step]
    return {
        "id": message.id,
        "step": entry.step,
        "state": entry.state.value,
        "action": step.action,
        "destination": step.destination,
        "mail_from": step.mail_from,
        "recipient": step.recipient,
        "rule": step.rule,
        "size": message.body_size,
        "received_at": message.received_at,
        "due_at": entry.due_at,
        "attempts": entry.attempts,
        "last_error": entry.last_error,
    }


def listing(entries: Iterable[Entry], selection: Selection, limit: int) -> dict[str, Any]:
    """The longest waiting first; `total` counts those beyond `limit` (0: none is cut) too."""
    found = sorted(
        (entry for entry in entries if selection(entry)),
        key=lambda entry: (entry.message.received_at, entry.key),
    )
    return {"entries": [row(entry) for entry in found[: limit or None]], "total": len(found)}


def details(entries: Sequence[Entry], header: str) -> dict[str, Any]:
    """One message, as `show` shows it: envelope, remaining steps, header section."""
    message = entries[0].message
    return {
        "id": message.id,
        "received_at": message.received_at,
        "mail_from": message.mail_from,
        "recipients": [recipient.address for recipient in message.recipients],
        "size": message.body_size,
        "attributes": dict(message.attributes),
        "steps": [
            {
                **row(entry),
                "headers": [list(pair) for pair in message.steps[entry.step].headers],
                "on_failure": message.steps[entry.step].on_failure,
            }
            for entry in entries
        ],
        "header": header,
    }


def header_of(body: bytes) -> str:
    """The header section of a message in wire form, for a person to read."""
    end = body.find(b"\r\n\r\n")
    return body[: end if end >= 0 else len(body)].decode("utf-8", "replace").replace("\r\n", "\n")


def ages(entries: Iterable[Entry], selection: Selection, now: float) -> dict[str, Any]:
    """Steps by destination and age."""
    table: dict[str, dict[str, int]] = {}
    for entry in entries:
        if not selection(entry):
            continue
        counts = table.setdefault(entry.message.steps[entry.step].destination, {})
        minutes = (now - entry.message.received_at) / 60
        column = next((str(limit) for limit in AGES if minutes < limit), OLDER)
        counts[column] = counts.get(column, 0) + 1
        counts["total"] = counts.get("total", 0) + 1
        counts["held"] = counts.get("held", 0) + (entry.state is State.HELD)
    return {"ages": table}
