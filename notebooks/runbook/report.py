"""An executed notebook as one HTML page that loads nothing: prose and outputs, no code.

nbconvert renders the cells; the frame, its style and the banner are this package's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from .render import template
from .values import VERDICTS


def html(notebook: NotebookNode, steps: Sequence[Mapping[str, str]], error: str) -> str:
    """The page. error: why the run failed, "" when it did not."""
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _resources = exporter.from_notebook_node(notebook)
    counts = {verdict: sum(s["verdict"] == verdict for s in steps) for verdict in VERDICTS}
    metadata: Mapping[str, Any] = notebook.metadata.get("papermill", {})
    return template(
        "page.html.j2",
        title=_title(notebook),
        counts=counts,
        error=error,
        started=str(metadata.get("start_time", "")),
        seconds=float(metadata.get("duration") or 0),
        # nbconvert has escaped the texts of outputs; cells that show HTML are made by `render`.
        body=Markup(body),  # noqa: S704
    )


def _title(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:])
    return "Runbook"
