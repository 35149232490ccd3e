"""An executed notebook as one HTML page that loads nothing: prose and outputs, no code.

nbconvert renders the cells; the frame, its style and the banner are this package's. A cell that
failed or did not run says so in its place.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output

from .render import template
from .values import VERDICTS

if TYPE_CHECKING:
    from .evidence import Result

_BROKEN = "This part ended with an error."
_PENDING = "This part did not run."


def html(notebook: NotebookNode, result: Result) -> str:
    """The page."""
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _resources = exporter.from_notebook_node(_marked(notebook, result))
    counts = {verdict: sum(s["verdict"] == verdict for s in result.steps) for verdict in VERDICTS}
    metadata: Mapping[str, Any] = notebook.metadata.get("papermill", {})
    return template(
        "page.html.j2",
        title=_title(notebook),
        counts=counts,
        broken=bool(result.error) and not counts["failed"],
        error=result.error,
        last=result.last,
        drift=[one.document() for one in result.drift],
        started=str(metadata.get("start_time", "")),
        seconds=float(metadata.get("duration") or 0),
        # nbconvert has escaped the texts of outputs; cells that show HTML are made by `render`.
        body=Markup(body),  # noqa: S704
    )


def _marked(notebook: NotebookNode, result: Result) -> NotebookNode:
    """A copy in which the cells that did not complete say so. The end of a runbook whose steps
    failed needs no more words: its summary has them."""
    marked = copy.deepcopy(notebook)
    judged = any(step["verdict"] == "failed" for step in result.steps)
    kept = []
    for cell in marked.cells:
        if "papermill-error-cell-tag" in cell.metadata.get("tags", []):
            continue
        kept.append(cell)
        if cell.id not in result.unfinished:
            continue
        pending = cell.metadata.papermill.status == "pending"
        if judged and cell.id == result.unfinished[0] and "RunbookFailed" in result.error:
            cell.outputs = [one for one in cell.outputs if one.output_type != "error"]
            continue
        note = template("note.html.j2", text=_PENDING if pending else _BROKEN, pending=pending)
        cell.outputs = [new_output("display_data", {"text/html": note}), *cell.outputs]
    marked.cells = kept
    return marked


def _title(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:])
    return "Runbook"
