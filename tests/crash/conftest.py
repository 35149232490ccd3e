"""Prints what the tests of this folder counted, and keeps it in build/crash.json."""

from __future__ import annotations

from typing import Any

from tests.crash import tables


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if text := tables.text():
        tables.write()
        terminalreporter.write_sep("=", "what happened, and what followed")
        terminalreporter.write_line(text)
