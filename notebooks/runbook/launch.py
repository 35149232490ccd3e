"""Executes a runbook and leaves the evidence: `run`, or `python -m runbook` beside the notebooks.

Promises: parameters are checked before anything is run (papermill would only warn of an unknown
one); the four files are written whether the runbook passes or fails; success means that every code
cell completed and that no step failed. Parameters lie in the output in clear, so none may be a
secret: notebooks take paths and names of environment variables instead.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from . import report
from .book import STEPS

_TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "float": float}
# A parameter of such a name would hold what must never be in a parameter.
_SECRET = re.compile(r"(password|passwd|secret|token|credential|private_key)s?$", re.IGNORECASE)


class ParameterError(ValueError):
    """A parameter that the notebook does not declare, of another type, or that names a secret."""


@dataclass(frozen=True)
class Result:
    """passed: every code cell completed. steps: as in result.json. error: the reason, or ""."""

    passed: bool
    steps: Sequence[Mapping[str, str]]
    error: str
    notebook: Path
    html: Path
    result: Path
    manifest: Path


def run(notebook: Path, parameters: Mapping[str, Any], output_dir: Path) -> Result:
    """Execute a notebook with these parameters; its four files go to output_dir.

    Raises ParameterError before anything is executed.
    """
    values = checked(notebook, parameters)
    output_dir.mkdir(parents=True, exist_ok=True)
    executed = output_dir.absolute() / notebook.name
    error = ""
    # Papermill logs parameters and progress through logging; the report says it better.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with _this_python():
        try:
            papermill.execute_notebook(
                str(notebook.absolute()),
                str(executed),
                parameters=values,
                kernel_name="python3",
                progress_bar=False,
                cwd=str(notebook.absolute().parent),
            )
        except PapermillExecutionError as failure:
            error = f"{failure.ename}: {failure.evalue}"
    return _evidence(executed, error)


def checked(notebook: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, each declared by the notebook and of its type. Raises ParameterError."""
    declared = papermill.inspect_notebook(str(notebook))
    if not declared:
        raise ParameterError(f"{notebook.name}: declares no parameters")
    for name in declared:
        if _SECRET.search(name):
            raise ParameterError(f"{notebook.name}: parameter {name} would hold a secret")
    values = {}
    for name, value in parameters.items():
        if name not in declared:
            known = ", ".join(sorted(declared))
            raise ParameterError(f"{notebook.name}: no parameter {name}; there are {known}")
        wanted = declared[name]["inferred_type_name"]
        # A bool is an int to isinstance, and not to a reader.
        # pylint: disable-next=unidiomatic-typecheck
        if type(value) is not _TYPES.get(wanted):
            given = type(value).__name__
            raise ParameterError(f"{notebook.name}: {name} must be a {wanted}, not a {given}")
        values[name] = value
    return values


def parse(notebook: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Parameters from NAME=VALUE texts, by the types that the notebook declares.

    Raises ParameterError.
    """
    declared = papermill.inspect_notebook(str(notebook))
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"{text}: is not NAME=VALUE")
        kind = declared.get(name, {}).get("inferred_type_name")
        try:
            if kind == "bool":
                values[name] = {"true": True, "false": False}[value]
            elif kind in ("int", "float"):
                values[name] = _TYPES[kind](value)
            else:
                values[name] = value
        except (KeyError, ValueError):
            raise ParameterError(f"{name}: {value!r} is not a {kind}") from None
    return values


def _evidence(executed: Path, error: str) -> Result:
    notebook = nbformat.read(executed, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    incomplete = [
        cell for cell in cells if cell.metadata.get("papermill", {}).get("status") != "completed"
    ]
    if not error and (notebook.metadata.papermill.exception is not None or incomplete):
        error = f"{len(incomplete)} cells did not complete"
    steps = [
        step
        for cell in cells
        for output in cell.outputs
        for step in output.get("data", {}).get(STEPS, [])
    ]
    html = executed.with_suffix(".html")
    html.write_text(report.html(notebook, steps, error), "utf-8")
    result = executed.with_name("result.json")
    result.write_text(json.dumps({"steps": steps}, indent=2, ensure_ascii=False) + "\n", "utf-8")
    manifest = executed.with_name("manifest.json")
    sums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (executed, html, result)
    }
    manifest.write_text(json.dumps({"sha256": sums}, indent=2) + "\n", "utf-8")
    return Result(not error, steps, error, executed, html, result, manifest)


class _this_python:  # noqa: N801 (used like a function)
    """The kernel `python3` is whatever `python` the PATH finds first; here it is this one."""

    def __enter__(self) -> None:
        self._before = os.environ.get("PATH")
        parts = [str(Path(sys.executable).parent), *filter(None, [self._before])]
        os.environ["PATH"] = os.pathsep.join(parts)

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = self._before
