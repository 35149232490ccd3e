"""Steps and the mail path as HTML and SVG.

Every template is autoescaped: header text of a stranger's mail is shown, never obeyed. Nothing is
loaded from anywhere, and what stands outside a template is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .values import VERDICTS, Step, Verdict

TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def template(name: str, **values: Any) -> str:
    """A template of this package, filled in."""
    return _ENVIRONMENT.get_template(name).render(**values)


def steps_table(steps: Sequence[Step]) -> str:
    return template("steps.html.j2", steps=[step.document() for step in steps])


def facts_table(facts: Mapping[str, str]) -> str:
    return template("facts.html.j2", facts=facts)


def counts(steps: Sequence[Step]) -> dict[Verdict, int]:
    """How many steps have each verdict, all verdicts named."""
    return {verdict: sum(s.verdict == verdict for s in steps) for verdict in VERDICTS}


def summary(steps: Sequence[Step]) -> str:
    """The counts, and the steps that failed."""
    failed = [step.document() for step in steps if step.verdict == "failed"]
    return template("summary.html.j2", counts=counts(steps), failed=failed)


def worst(steps: Sequence[Step]) -> Verdict:
    """The verdict of a place in the path: its worst, failed being worst, then unknown."""
    found = {step.verdict for step in steps}
    for verdict in ("failed", "unknown", "attested", "verified"):
        if verdict in found:
            return verdict
    return "unknown"


def picture(
    stations: Sequence[tuple[str, str, Verdict]], branch: tuple[str, str, Verdict] | None
) -> str:
    """The mail path as SVG. stations: title, name and verdict, from the sender's side to the
    mailboxes; branch: a second way out of the last station but two (the rule set)."""
    width, gap, top = 190, 34, 30
    boxes = [
        {"x": 10 + index * (width + gap), "y": top, "title": t, "name": n, "verdict": v}
        for index, (t, n, v) in enumerate(stations)
    ]
    fork = boxes[-3] if len(boxes) > 3 else boxes[-1]
    below = None
    if branch is not None:
        title, name, verdict = branch
        below = {
            "x": fork["x"] + width + gap,
            "y": top + 110,
            "title": title,
            "name": name,
            "verdict": verdict,
        }
    return template(
        "picture.svg.j2",
        boxes=boxes,
        fork=fork,
        below=below,
        box_width=width,
        gap=gap,
        width=20 + len(boxes) * (width + gap) - gap,
        height=top + (190 if below else 90),
    )
