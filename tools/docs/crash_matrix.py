"""Writes the tables of docs/guarantees.md from build/crash.json, which `make crash` leaves.

python -m tools.docs.crash_matrix. Exit status 2 where a row is missing, or what must be 0 is not:
then the document stays as it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.crash.tables import FILE, TABLES, ZERO, Table

DOCUMENT: Final = Path(__file__).parents[2] / "docs/guarantees.md"
BEGIN: Final = "<!-- from build/crash.json by tools/docs/crash_matrix.py: begin -->"
END: Final = "<!-- end -->"


def wrong(found: Mapping[str, Any]) -> list[str]:
    """What is against showing this run."""
    faults = []
    for table in TABLES:
        rows = found["tables"].get(table.key, {})
        for row in table.rows:
            cells = rows.get(row)
            if cells is None or "not proved" in cells:
                faults.append(f"{table.title}: {row}: not proved")
                continue
            for column, cell in zip(table.columns[1:], cells, strict=True):
                if column in ZERO and cell != 0:
                    faults.append(f"{table.title}: {row}: {cell} {column}")
    return faults


def markdown(found: Mapping[str, Any]) -> str:
    """The tables as the document has them."""
    parts = [f"Counted by `make {'crash-full' if found['budget'] == 'full' else 'crash'}`."]
    for table in TABLES:
        parts.append(f"### {table.title}\n\n{_table(table, found['tables'][table.key])}")
    return "\n\n".join(parts)


def _table(table: Table, rows: Mapping[str, Sequence[str | int]]) -> str:
    def line(cells: Sequence[str | int]) -> str:
        return f"| {' | '.join(str(cell) for cell in cells)} |"

    lines = [line(table.columns), line(["---"] * len(table.columns))]
    return "\n".join([*lines, *(line([row, *rows[row]]) for row in table.rows)])


def split(text: str) -> tuple[str, str, str]:
    """What stands before the tables, they, and what stands behind. Raises ValueError."""
    before, begin, rest = text.partition(BEGIN)
    tables, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name}: has no {BEGIN} and {END}")
    return before, tables.strip(), after


def main() -> int:
    found = json.loads(FILE.read_text())
    if faults := wrong(found):
        print("\n".join(faults), file=sys.stderr)
        return 2
    before, _tables, after = split(DOCUMENT.read_text())
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{markdown(found)}\n\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
