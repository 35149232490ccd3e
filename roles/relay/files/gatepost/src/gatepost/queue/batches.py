"""Which of the steps that are due one run can serve."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from gatepost.spool.interface import Lease, Step

_BY_SMTP = ("Relay", "Send", "Bounce")


def batches(leases: Sequence[Lease]) -> list[list[Lease]]:
    """Leases that one run can serve: of one message, sender, headers and, where the site depends on
    it, action's document. The same recipient twice makes two batches: two Relay actions deliver
    twice. In order of the first of each message, and there of each batch."""
    messages: dict[str, list[Lease]] = {}
    for lease in leases:
        messages.setdefault(lease.entry.message.id, []).append(lease)
    found: list[list[Lease]] = []
    for together in messages.values():
        found += [together] if len(together) == 1 else _parted(together)
    return found


def _parted(leases: Sequence[Lease]) -> Iterable[list[Lease]]:
    """The batches of one message."""
    found: dict[tuple[object, ...], list[Lease]] = {}
    seen: Counter[tuple[object, ...]] = Counter()
    for lease in leases:
        step = lease.entry.message.steps[lease.entry.step]
        common = (step.mail_from, step.headers, step.action, _document(step))
        again = (*common, step.recipient)
        seen[again] += 1
        found.setdefault((*common, seen[again]), []).append(lease)
    return found.values()


def _document(step: Step) -> str:
    """What an action's document adds to its destination: for a next hop, nothing."""
    return "" if step.action in _BY_SMTP else json.dumps(dict(step.parameters), sort_keys=True)
