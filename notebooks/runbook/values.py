"""What a runbook says about each step of the page that it follows.

    verified   seen by this run, through an API or in a delivered message
    attested   a named person has stated it, and what they saw has not changed since
    unknown    not seen: nobody looked, nothing can be asked, or the question was not answered
    failed     seen, and not what the page asks for

A verdict is never better than its proof: what could not be read is unknown, not absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["verified", "attested", "unknown", "failed"]
VERDICTS: tuple[Verdict, ...] = ("verified", "attested", "unknown", "failed")

# Found values may come out of foreign mail; a report is not the place for all of it.
_LIMIT = 600


@dataclass(frozen=True)
class Step:
    """One step of the page: what it asks, what was found, the verdict and its proof."""

    step: str
    asked: str
    found: str
    verdict: Verdict
    proof: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.step}: verdict {self.verdict!r} is none of {VERDICTS}")
        if self.verdict != "unknown" and not self.proof:
            raise ValueError(f"{self.step}: {self.verdict} needs a proof")

    def document(self) -> dict[str, Any]:
        """The step for JSON and for templates: printable text of bounded length."""
        return {name: printable(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Reading:
    """The answer to one question: its value, None where it was answered "there is none"; or the
    reason why there is no answer."""

    value: Any = None
    problem: str = ""
    source: str = ""
    """what was asked, such as "mailmanager:GetRelay inbound" """


class RunbookFailed(Exception):
    """Steps that are not as the page asks, all of them named."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        lines = [f"{step.step}: asked {step.asked}; found {step.found}" for step in steps]
        super().__init__(f"{len(steps)} failed\n" + "\n".join(map(printable, lines)))


def judge(step: str, asked: str, reading: Reading, expected: object, found: object = None) -> Step:
    """A step whose state was asked for: verified when what was found is what is expected.

    found: None when the thing does not exist. Pure.
    """
    if reading.problem:
        return Step(step, asked, "not read", "unknown", reading.problem)
    shown = "does not exist" if found is None else show(found)
    verdict: Verdict = "verified" if found is not None and found == expected else "failed"
    return Step(step, asked, shown, verdict, reading.source)


def show(value: object) -> str:
    """A found value as text."""
    if isinstance(value, str):
        return value or "(empty)"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value)) or "(none)"
    return str(value)


def printable(text: str) -> str:
    """Text of bounded length without control characters; markup is the template's affair."""
    plain = visible(text)
    return plain if len(plain) <= _LIMIT else plain[:_LIMIT] + " …"


def visible(text: str) -> str:
    """Text whose control characters are spelled out, so that no terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
