"""A message's past from events, and the reason of its waiting. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gatepost.cli.tables import clean, duration

_IDS: Final = ("id", "new_id", "notice")
# Who and what stands first; the rest as it comes.
_LEFT_OUT: Final = ("time", "event", "worker", "id", "mail_from")


def of(message_id: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    """The events of a log that concern a message, in order, each once."""
    found: list[dict[str, Any]] = []
    for line in lines:
        if message_id not in line:
            continue
        start = line.find("{")  # a log manager may have put its own words before
        try:
            event = json.loads(line[start:]) if start >= 0 else None
        except ValueError:
            continue
        if isinstance(event, dict) and message_id in [event.get(name) for name in _IDS]:
            found.append(event)
    unique = {json.dumps(event, sort_keys=True): event for event in found}
    return sorted(unique.values(), key=lambda event: str(event.get("time", "")))


def why(step: Mapping[str, Any], state: Mapping[str, Any], now: float) -> str:
    """Why a step has not run yet. step: as queue_view.row. state: the daemon's answer to `look`,
    empty when none runs."""
    destination = str(step["destination"])
    if step["state"] == "held":
        return "an operator holds it"
    if not state:
        return "no daemon runs"
    if destination in state.get("suspended", ()):
        return f"an operator has suspended {destination}"
    refused = (state.get("refused_credentials") or {}).get(destination.removeprefix("relay:"))
    if refused is not None and destination.startswith("relay:"):
        return f"{destination} refused its credentials: {refused}"
    reason = f": {step['last_error']}" if step["last_error"] else ""
    if step["due_at"] > now:
        return f"it is tried again in {duration(step['due_at'] - now)}{reason}"
    for queue in state.get("queues") or ():
        if queue["destination"] == destination and queue.get("paused_until", 0) > now:
            return f"{destination} rests after failures{reason or ': ' + str(queue['reason'])}"
    return "it runs, or is next"


def as_text(
    events: Sequence[Mapping[str, Any]], waiting: Sequence[Mapping[str, Any]], now: float
) -> str:
    lines = []
    before = ""
    for event in events:
        day, _t, clock = str(event.get("time", "")).partition("T")
        if day != before:
            lines.append(day)
            before = day
        lines.append(f"  {clock.partition('+')[0]:<12}  {event['event']:<16}  {_told(event)}")
    for step in waiting:
        lines.append(
            f"waits: step {step['step']}, {step['action']} to {step['destination']} for"
            f" {step['recipient']}, {step['attempts']} attempts"
        )
        due = datetime.fromtimestamp(step["due_at"], UTC).isoformat(timespec="seconds")
        lines.append(f"       {step['why']}" + (f" (at {due})" if step["due_at"] > now else ""))
    if not waiting:
        lines.append("nothing of it waits")
    return "\n".join(map(clean, lines))


def _told(event: Mapping[str, Any]) -> str:
    """The fields of an event that say something, as words."""
    fields = {
        name: value
        for name, value in event.items()
        if name not in _LEFT_OUT and value not in (None, "")
    }
    text = fields.pop("text", "")
    if text:
        fields.pop("code", None)
        fields.pop("peer", None)
    told = " ".join(f"{name}={value}" for name, value in fields.items())
    return ": ".join(filter(None, (told, str(text))))
