"""The results as files and as text: soak.json is the record, and everything else that is shown is
derived from it alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.bench.report import machine
from tests.soak import plots, schedule
from tests.soak.judgement import LONG_ENOUGH, MEMORY_LEAST, MEMORY_SHARE, Check, Sample

EXPLAINED: Final = (
    "Memory has grown when the medians of the third and the fourth quarter and the Theil-Sen line "
    f"through both all rise by more than {MEMORY_SHARE:.0%}, at least {MEMORY_LEAST >> 20} MiB; "
    "files and threads likewise by the lowest tenth of each quarter, since they follow connections."
)
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def document(
    seconds: float,
    samples: Sequence[Sample],
    checks: Sequence[Check],
    facts: Mapping[str, Any],
    details: Sequence[str],
) -> dict[str, Any]:
    """The content of soak.json. details: each finding that counts against the relay."""
    return {
        "seconds": seconds,
        "judged": seconds >= LONG_ENOUGH,
        "machine": machine(),
        "explained": EXPLAINED,
        "faults": [dataclasses.asdict(span) for span in schedule.spans(seconds)],
        "checks": [dataclasses.asdict(check) for check in checks],
        "facts": dict(facts),
        "details": list(details),
        "samples": [dataclasses.asdict(sample) for sample in samples],
    }


def write(found: Mapping[str, Any], build: Path) -> None:
    build.mkdir(exist_ok=True)
    (build / "soak.json").write_text(json.dumps(found, indent=1) + "\n")
    (build / "soak.html").write_text(rendered(found))


def rendered(found: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template("soak.html.j2").render(soak=found, plots=plots.of(found))


def as_text(found: Mapping[str, Any]) -> str:
    said = {True: "passed", False: "FAILED", None: "not judged"}
    rows = [("what", "found", "asked", "")]
    rows += [
        (each["name"], each["measured"], each["asked"], said[each["passed"]])
        for each in found["checks"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [f"{name}: {value}" for name, value in found["facts"].items()]
    lines += found["details"][:20]
    if not found["judged"]:
        lines.append("A short run: it shows that the soak works; growth is not judged.")
    return "\n".join(lines)
