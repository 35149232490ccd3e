"""What is other than at the last run: its evidence read back, compared step by step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Steps = Sequence[Mapping[str, str]]
_COMPARED = ("asked", "found", "verdict")


@dataclass(frozen=True)
class Last:
    """The evidence of an earlier run. sha256: of its result.json, "" where there is none. problem:
    why it is not compared with, else ""."""

    steps: Steps = ()
    started: str = ""
    sha256: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Drift:
    """A step that became another. before, after: its asked, found and verdict; {}: no such step."""

    step: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"step": self.step, "before": dict(self.before), "after": dict(self.after)}


def read(folder: Path, runbook: str) -> Last:
    """The last evidence in a folder. It must be what its manifest says, or it is no evidence."""
    result, manifest = folder / "result.json", folder / "manifest.json"
    if not result.exists():
        return Last()
    try:
        content = result.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        document: Any = json.loads(content)
        if json.loads(manifest.read_text("utf-8"))["sha256"]["result.json"] != digest:
            return Last(problem=f"{result} is not what {manifest.name} says: it was changed since")
        if document["runbook"] != runbook:
            return Last(problem=f"{result} is of the runbook {document['runbook']}")
        return Last(document["steps"], document["started"], digest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Last(problem=f"{result} cannot be read: {type(error).__name__}: {error}")


def between(before: Steps, after: Steps) -> list[Drift]:
    """What drifted, in the order of the steps; those that are gone come last. Pure."""
    old = {step["step"]: _part(step) for step in before}
    new = {step["step"]: _part(step) for step in after}
    changed = [
        Drift(name, old.get(name, {}), part) for name, part in new.items() if old.get(name) != part
    ]
    return changed + [Drift(name, part) for name, part in old.items() if name not in new]


def _part(step: Mapping[str, str]) -> dict[str, str]:
    return {name: str(step.get(name, "")) for name in _COMPARED}
