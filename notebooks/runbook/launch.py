"""Executes a runbook and leaves the evidence: `run`.

Promises: parameters are checked before anything is run; the files are written whether the runbook
passes or fails; success means that every code cell completed and that no step failed.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import papermill
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from . import drift, evidence
from .book import STEPS
from .evidence import Result
from .parameters import checked
from .values import visible

Told = Callable[[str], None]


def run(
    notebook: Path,
    parameters: Mapping[str, Any],
    output_dir: Path,
    *,
    against: Path | None = None,
    told: Told = lambda _line: None,
) -> Result:
    """Execute a notebook with these parameters; its files go to output_dir.

    against: a folder with the evidence to compare with, output_dir's own by default. told: each
    heading when its cell begins, and each step when it is judged. Raises ParameterError before
    anything is executed.
    """
    values = checked(notebook, parameters)
    last = drift.read(against or output_dir, notebook.stem)
    output_dir.mkdir(parents=True, exist_ok=True)
    executed = output_dir.absolute() / notebook.name
    error = ""
    # Papermill logs parameters and progress through logging; the report says it better.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill_engines.register("gatepost", _Engine)
    with _this_python():
        try:
            papermill.execute_notebook(
                str(notebook.absolute()),
                str(executed),
                parameters=values,
                engine_name="gatepost",
                kernel_name="python3",
                progress_bar=False,
                cwd=str(notebook.absolute().parent),
                told=told,
            )
        except PapermillExecutionError as failure:
            error = visible(f"{failure.ename}: {failure.evalue}")
    return evidence.write(executed, error, last)


class _Engine(NBClientEngine):  # type: ignore[misc, unused-ignore]
    """Papermill's own engine, which says what it is at."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, told: Told = lambda _line: None, **options: Any
    ) -> None:
        begin, complete = nb_man.cell_start, nb_man.cell_complete

        def began(cell: Any, *arguments: Any, **more: Any) -> None:
            begin(cell, *arguments, **more)
            if cell.cell_type == "markdown":
                for line in cell.source.splitlines():
                    if line.startswith("#"):
                        told(line.lstrip("# "))

        def completed(cell: Any, *arguments: Any, **more: Any) -> None:
            complete(cell, *arguments, **more)
            for output in cell.get("outputs", []):
                for step in output.get("data", {}).get(STEPS, []):
                    told(f"  {step['verdict']:9} {step['step']}: {step['found']}")

        nb_man.cell_start, nb_man.cell_complete = began, completed
        # No other user of the machine may listen to the kernel.
        config = Config({"KernelManager": {"transport": "ipc"}})
        super().execute_managed_notebook(nb_man, kernel_name, config=config, **options)


@contextmanager
def _this_python() -> Iterator[None]:
    """The kernel `python3` is whatever `python` the PATH finds first; here it is this one."""
    before = os.environ.get("PATH")
    own = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join(filter(None, [own, before]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before
