"""Steps and the mail path as HTML and SVG.

Every template is autoescaped: header text of a stranger's mail is shown, never obeyed. Nothing is
loaded from anywhere, and what stands outside a template is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.mail.hops import Hop
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .gateway import Gateway
from .values import VERDICTS, Step, Verdict, printable

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
    shown = {printable(name): printable(text) for name, text in facts.items()}
    return template("facts.html.j2", facts=shown)


def changes_table(changes: Mapping[str, str]) -> str:
    """changes: what to do, and why."""
    shown = {printable(name): printable(text) for name, text in changes.items()}
    return template("changes.html.j2", changes=shown)


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
    width, gap, top = 176, 30, 8
    boxes = [
        {"x": 2 + index * (width + gap), "y": top, "title": t, "name": n, "verdict": v}
        for index, (t, n, v) in enumerate(stations)
    ]
    fork = boxes[-3] if len(boxes) > 3 else boxes[-1]
    below = None
    if branch is not None:
        title, name, verdict = branch
        place = {"x": fork["x"] + width + gap, "y": top + 100}
        below = {**place, "title": title, "name": name, "verdict": verdict}
    return template(
        "picture.svg.j2",
        boxes=boxes,
        fork=fork,
        below=below,
        box_width=width,
        gap=gap,
        width=4 + len(boxes) * (width + gap) - gap,
        height=top + (180 if below else 80),
    )


def timeline(hops: Sequence[Hop], gateway: Gateway) -> str:
    """The servers that took a message, first to last, as SVG: when, after how long, and with which
    TLS. What came from the gateway is marked."""
    offsets, now = [], 0.0
    for hop in hops:
        now += max(hop.delay or 0.0, 0.0)
        offsets.append(now)
    scale = 430 / max(now, 1.0)
    rows = [
        {
            "y": 30 + 46 * number,
            "by": printable(hop.received_by or "a server without a name"),
            "sent": printable(" ".join(filter(None, (hop.sent_by, _bracketed(hop.address))))),
            "x": 470 + (offset - max(hop.delay or 0.0, 0.0)) * scale,
            "width": max((hop.delay or 0.0) * scale, 3.0),
            "delay": _delay(hop.delay, number),
            "tls": hop.tls,
            "at": hop.at.strftime("%H:%M:%S") if hop.at else "no time",
            "gateway": hop.address in gateway,
        }
        for number, (hop, offset) in enumerate(zip(hops, offsets, strict=True))
    ]
    return template("timeline.svg.j2", rows=rows, height=30 + 46 * len(rows), seconds=now)


def _bracketed(address: str | None) -> str:
    return f"[{address}]" if address else ""


def _delay(delay: float | None, number: int) -> str:
    if delay is None:
        return "start" if number == 0 else "unknown"
    return f"{delay:+.0f} s" if delay >= 0 else f"{delay:.0f} s: clocks differ"
