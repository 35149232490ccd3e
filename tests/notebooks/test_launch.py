"""What the launcher refuses before it runs anything, and what a committed notebook may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.runbook import render
from notebooks.runbook.launch import run
from notebooks.runbook.parameters import ParameterError, checked, parse
from notebooks.runbook.values import RunbookFailed, Step

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"domian": "example.com"}, "no parameter domian"),
        ({"domain": 5}, "domain must be a str, not a int"),
        ({"outbound_port": True}, "outbound_port must be a int, not a bool"),
    ],
)
def test_refused_before_anything_runs(
    parameters: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match=told):
        run(NOTEBOOKS[0], parameters, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_parameter_that_would_hold_a_secret_is_refused(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell('relay_password: str = ""  # never')
    cell.metadata["tags"] = ["parameters"]
    path = tmp_path / "bad.ipynb"
    metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)
    with pytest.raises(ParameterError, match="relay_password would hold a secret"):
        checked(path, {})


def test_texts_become_values_of_the_declared_types() -> None:
    values = parse(NOTEBOOKS[0], ["domain=example.org", "outbound_port=2525"])
    assert values == {"domain": "example.org", "outbound_port": 2525}
    with pytest.raises(ParameterError, match="outbound_port"):
        parse(NOTEBOOKS[0], ["outbound_port=many"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_committed_notebooks_are_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    assert "papermill" not in notebook.metadata


def test_foreign_text_is_shown_and_never_obeyed() -> None:
    hostile = "<img src=x onerror=alert(1)>\x1b[31m" + "x" * 5000
    step = Step("Live probe", "asked", hostile, "failed", hostile)
    for html in (render.steps_table([step]), render.summary([step])):
        assert "<img" not in html
        assert "\x1b" not in html
        assert len(html) < 5000
    svg = render.picture([("Relay", "</text><script>", "failed")] * 4, None)
    assert "<script>" not in svg
    assert "\x1b" not in str(RunbookFailed([step]))


def test_a_verdict_needs_a_proof() -> None:
    with pytest.raises(ValueError, match="needs a proof"):
        Step("s", "a", "f", "verified", "")
