"""docs/guarantees.md shows the tables of tests/crash: the same rows, columns and what is certain
beforehand; nothing lost."""

from __future__ import annotations

import errno

import pytest

from tests.crash import tables
from tests.crash.tables import TABLES, ZERO, Table
from tools.docs import crash_matrix

SHOWN = crash_matrix.split(crash_matrix.DOCUMENT.read_text())[1]


def shown(table: Table) -> list[list[str]]:
    """The table's lines in the document, its head first."""
    _before, _title, rest = SHOWN.partition(f"### {table.title}\n")
    lines = rest.partition("\n### ")[0].strip().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [line for line in cells if line[0] != "---"]


def rows(table: Table) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in shown(table)[1:]}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.key)
def test_the_rows_and_columns_are_those_of_the_tests(table: Table) -> None:
    head, *lines = shown(table)
    assert head == list(table.columns)
    assert [line[0] for line in lines] == list(table.rows)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.key)
def test_nothing_is_lost(table: Table) -> None:
    for name, cells in rows(table).items():
        for column, cell in zip(table.columns[1:], cells, strict=True):
            assert cell == "0" or column not in ZERO, (name, column)


def test_what_is_certain_beforehand() -> None:
    hops = rows(tables.HOP)
    faults = tables.HOP.columns[1:]
    assert {(row, it): hops[row][faults.index(it)] for row in hops for it in faults} == tables.HOPS
    assert {name: cells[0] for name, cells in rows(tables.CLOCK).items()} == tables.CLOCKS
    for name, case in tables.DISKS.items():
        answer, flying, delivered, _lost, duplicates = map(int, rows(tables.DISK)[name])
        assert (answer, duplicates) == (case.answer, case.duplicates)
        assert delivered == flying + duplicates
    for name, cells in rows(tables.KILLS).items():
        _times, messages, accepted, delivered, _lost, duplicates = map(int, cells)
        assert messages == accepted
        assert delivered == messages + duplicates, name


def test_a_run_that_lost_or_left_out_something_is_not_shown() -> None:
    whole = {
        "tables": {
            table.key: {row: [0] * (len(table.columns) - 1) for row in table.rows}
            for table in TABLES
        }
    }
    assert crash_matrix.wrong(whole) == []
    lossy = whole["tables"]["power"]["write"]
    lossy[-1] = 3
    del whole["tables"]["errors"][f"{errno.errorcode[errno.EIO]} at write"]
    assert [fault.rpartition(": ")[2] for fault in crash_matrix.wrong(whole)] == [
        "3 failing",
        "not proved",
    ]
