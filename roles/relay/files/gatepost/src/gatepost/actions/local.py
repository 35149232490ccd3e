"""The one place that turns what the host's own disk answers into an outcome: everything defers.

A folder that is not mounted, full, or of the wrong owner is mended by an operator, and the mail
waits for that; `gatepostd --check` finds most of it beforehand. Pure.
"""

from __future__ import annotations

import os

from gatepost.delivery.values import Outcome, Scope, Verdict


def deferred(error: OSError) -> Outcome:
    """Without the path, which may hold a recipient."""
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return Outcome(Verdict.DEFERRED, Scope.SITE, f"the host's disk: {reason}", "4.3.0")


def stored(text: str) -> Outcome:
    return Outcome(Verdict.DELIVERED, Scope.MESSAGE, text, "2.0.0")


def refused(text: str, status: str) -> Outcome:
    return Outcome(Verdict.FAILED, Scope.RECIPIENT, text, status)
