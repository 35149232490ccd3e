"""The daemon's layers import as the README says: each only those before it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "roles/relay/files/gatepost/src/gatepost"
TOLD = re.search(r"imports only those before it: ([a-z, ]+)\.", (ROOT / "README.md").read_text())
assert TOLD is not None
LAYERS = TOLD[1].split(", ")


def imported(file: Path) -> set[str]:
    """The folders of the distribution that a file imports from, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
    return {name.split(".")[1] for name in names if name.startswith("gatepost.")} & set(LAYERS)


def test_every_folder_is_a_layer() -> None:
    assert {it.parent.name for it in SOURCE.glob("*/__init__.py")} == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_those_before_it(layer: str) -> None:
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    wrong = {
        str(file.relative_to(SOURCE)): sorted(found)
        for file in (SOURCE / layer).rglob("*.py")
        if (found := imported(file) - allowed)
    }
    assert wrong == {}
