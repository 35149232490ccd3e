"""Which of the steps that are due one run can serve."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gatepost.spool.interface import Lease, Step

_BY_SMTP = ("Relay", "Send", "Bounce")


def batches(leases: Sequence[Lease]) -> list[list[Lease]]:
    """Leases that one run can serve: of one message, sender, headers and, where the site depends on
    it, action's document. In order of the first of each. The same recipient twice makes two
    batches: two Relay actions deliver twice."""
    found: dict[tuple[object, ...], list[Lease]] = {}
    seen: dict[tuple[object, ...], int] = {}
    for lease in leases:
        entry = lease.entry
        step = entry.message.steps[entry.step]
        common = (entry.message.id, step.mail_from, step.headers, step.action, _document(step))
        again = (common, step.recipient)
        seen[again] = seen.get(again, 0) + 1
        found.setdefault((*common, seen[again]), []).append(lease)
    return list(found.values())


def _document(step: Step) -> str:
    """What an action's document adds to its destination: for a next hop, nothing."""
    return "" if step.action in _BY_SMTP else json.dumps(dict(step.parameters), sort_keys=True)
