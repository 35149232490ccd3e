"""The one place that turns what the host's own disk answers into an outcome: everything defers.

A folder that is not mounted, full, or of the wrong owner is mended by an operator, and the mail
waits for that; `gatepostd --check` finds most of it beforehand. Pure.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from gatepost.delivery.values import Outcome, Scope, Verdict

# What may be wrong with one folder while others are sound.
_OF_ONE_FOLDER: Final = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP})


def deferred(error: OSError, *, one_of_many: bool = False) -> Outcome:
    """Without the path, which may hold a recipient. one_of_many: the site has a folder for each
    recipient, and one that is broken must hold up no other."""
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    own = one_of_many and error.errno in _OF_ONE_FOLDER
    scope = Scope.RECIPIENT if own else Scope.SITE
    return Outcome(Verdict.DEFERRED, scope, f"the host's disk: {reason}", "4.3.0")


def refused(text: str, status: str) -> Outcome:
    return Outcome(Verdict.FAILED, Scope.RECIPIENT, text, status)
