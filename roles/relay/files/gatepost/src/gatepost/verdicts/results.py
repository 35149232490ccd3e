"""From results to verdicts. Pure, and the only place that knows.

The law (SEMANTICS of verdicts): pass is PASS; fail is FAIL; softfail, neutral and none are GRAY;
temperror and permerror are PROCESSING_FAILED. Nothing that was not found out is ever a FAIL or a
PASS. Sources: RFC 7208 section 2.6, RFC 8601 section 2.7, rspamd's documented actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

PROCESSING_FAILED: Final = "PROCESSING_FAILED"
RESULTS: Final[Mapping[str, str]] = {
    "pass": "PASS",
    "fail": "FAIL",
    "softfail": "GRAY",
    "neutral": "GRAY",
    "none": "GRAY",
    "temperror": PROCESSING_FAILED,
    "permerror": PROCESSING_FAILED,
}
# From what is known best to what is known least. A signature that could not be checked now may be
# a good one, so that a bad one beside it is not the last word.
_BY_WEIGHT: Final = ("pass", "temperror", "fail", "permerror", "neutral", "none")
_ACTIONS: Final[Mapping[str, str]] = {"no action": "PASS", "reject": "FAIL", "discard": "FAIL"}
_SPAM: Final = frozenset({"reject", "discard", "add header", "rewrite subject", "quarantine"})

# What a field of an analysis may hold.
Value = str | bool | float


class Result(NamedTuple):
    """word: a key of RESULTS, or for DMARC a policy: none, quarantine, reject. domain: whose result
    it is. reason: one clause, for the log."""

    word: str
    domain: str = ""
    reason: str = ""


def of_signatures(found: Iterable[Result]) -> Result:
    """One result for all of a message's DKIM signatures: one that is good is enough."""
    return min(found, key=lambda each: _BY_WEIGHT.index(each.word), default=Result("none"))


def of_http(answer: Mapping[str, Any], field: str) -> Value | None:
    """A field of an HTTP analyzer's answer; None where it gives none that a condition can read."""
    value = answer.get(field)
    return value if isinstance(value, str | bool | int | float) else None


def of_rspamd(answer: Mapping[str, Any], field: str) -> Value | None:
    """field: "verdict", "action", "spam", or a symbol, which is true where it was set. None where
    the answer is not one of /checkv2."""
    action, symbols = answer.get("action"), answer.get("symbols")
    if not isinstance(action, str) or not isinstance(symbols, dict):
        return None
    match field:
        case "action":
            return action
        case "spam":
            return action in _SPAM
        case "verdict":
            return "GRAY" if answer.get("is_skipped") else _ACTIONS.get(action, "GRAY")
        case _:
            return field in symbols
