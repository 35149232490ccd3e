"""Runs a runbook's cells in this process: the same cells in the same order as papermill, fast."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

FOLDER = Path(__file__).parents[2] / "notebooks"


@dataclass(frozen=True)
class Judged:
    """steps: by name, their documents. failed: the names that the last cell named, () if none."""

    steps: Mapping[str, Mapping[str, str]]
    failed: tuple[str, ...]


def judge(name: str, **parameters: Any) -> Judged:
    """What a runbook says with these parameters. The library must be importable as `runbook`."""
    from runbook.parameters import checked
    from runbook.values import RunbookFailed

    notebook = FOLDER / f"{name}.ipynb"
    values = checked(notebook, parameters)
    scope: dict[str, Any] = {}
    failed: tuple[str, ...] = ()
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            try:
                exec(compile(cell.source, f"{name}, cell {cell.id}", "exec"), scope)
            except RunbookFailed as end:
                assert cell.id == "result"
                failed = tuple(step.step for step in end.steps)
            if "parameters" in cell.metadata.get("tags", []):
                scope |= values
    steps = {step.step: step.document() for step in scope["book"].steps}
    assert len(steps) == len(scope["book"].steps), "two steps have one name"
    return Judged(steps, failed)
