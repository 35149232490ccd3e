"""differences.yml, read: what differs on purpose, why, and which of aiosmtpd's tests tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).with_name("differences.yml")


@dataclass(frozen=True)
class Difference:
    """what: in one clause, with the reason. shows: a pattern that the failure of each test must
    match. tests: their ids below aiosmtpd/tests."""

    what: str
    shows: str
    tests: tuple[str, ...]


def groups() -> list[Difference]:
    """In the order of the file. Raises ValueError for a test that is listed twice."""
    found = [
        Difference(" ".join(group["what"].split()), group["shows"], tuple(_ids(group["tests"])))
        for group in yaml.safe_load(FILE.read_text())
    ]
    listed = [name for group in found for name in group.tests]
    twice = {name for name in listed if listed.count(name) > 1}
    if twice:
        raise ValueError(f"listed twice: {sorted(twice)}")
    return found


def differences() -> dict[str, Difference]:
    """By test."""
    return {name: group for group in groups() for name in group.tests}


def markdown() -> str:
    """The table of docs/smtp.md."""
    rows = [f"| {group.what} | {len(group.tests)} |" for group in groups()]
    return "\n".join(["| on purpose | tests |", "|---|---|", *rows, ""])


def _ids(files: dict[str, dict[str, list[str]]]) -> list[str]:
    """Tests by file and class; a test "name[a|b]" is its parameter sets a and b."""
    found = []
    for file, classes in files.items():
        for kind, names in classes.items():
            place = f"{file}.py::" if kind == "-" else f"{file}.py::{kind}::"
            for name in names:
                parts: Any = re.fullmatch(r"(\w+)\[(.*)\]", name, re.DOTALL)
                found += (
                    [f"{place}{parts[1]}[{each}]" for each in parts[2].split("|")]
                    if parts
                    else [place + name]
                )
    return found


if __name__ == "__main__":
    print(markdown(), end="")
