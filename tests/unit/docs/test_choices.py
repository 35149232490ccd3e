"""docs/choices.md: every choice names a test that is there, and none of `gatepost explain`'s is
missing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gatepost.policy import assumptions

ROOT = Path(__file__).parents[3]
ROWS = re.findall(
    r"^\| (.+) \| `(tests/[^`]+)` \|$", (ROOT / "docs/choices.md").read_text(), re.MULTILINE
)
PRINTED = [value for name, value in vars(assumptions).items() if name.isupper()]


def test_every_row_has_a_choice_and_a_test() -> None:
    lines = (ROOT / "docs/choices.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    heads = [line for line in rows if line.startswith(("| choice |", "|---"))]
    assert len(ROWS) == len(rows) - len(heads) > len(PRINTED)


@pytest.mark.parametrize("test", sorted({test for _choice, test in ROWS}))
def test_the_test_is_there(test: str) -> None:
    file, _colons, name = test.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = {it.name for it in ast.walk(tree) if isinstance(it, functions)}
    assert name in found if name else any(it.startswith("test_") for it in found)


def test_every_choice_that_explain_prints_is_listed() -> None:
    assert PRINTED
    listed = {choice for choice, _test in ROWS}
    assert [choice for choice in PRINTED if choice not in listed] == []
