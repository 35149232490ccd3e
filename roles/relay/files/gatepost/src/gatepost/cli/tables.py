"""Tables for terminals. Everything that came by mail passes `clean` first: no control character,
and nothing that moves a cursor or turns the direction of writing, reaches a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gatepost.daemon.queue_view import AGES, OLDER

# Control, format (directional overrides too), surrogate and private-use characters.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def clean(text: str, *, lines: bool = False) -> str:
    """Text that a terminal shows as it is; `lines` keeps line ends and tabs."""
    kept = "\n\t" if lines else ""
    return "".join(
        letter if letter in kept or unicodedata.category(letter) not in _UNSAFE else "�"
        for letter in text
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]) -> str:
    """Columns by the widest cell; `right` lists those that align right."""
    cells = [tuple(head), *(tuple(map(clean, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def duration(seconds: float) -> str:
    """The two largest units: "3d4h", "12m5s"."""
    rest = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])


def queue(rows: Sequence[Mapping[str, Any]], total: int, now: float) -> str:
    if not total:
        return "The queue is empty."
    lines = [
        (
            row["id"],
            duration(now - row["received_at"]),
            str(row["size"]),
            str(row["attempts"]),
            "held" if row["state"] == "held" else due(row["due_at"] - now),
            row["destination"],
            f"<{row['mail_from']}>",
            row["recipient"],
            row["last_error"],
        )
        for row in rows
    ]
    head = ("ID", "AGE", "OCTETS", "TRIES", "NEXT", "DESTINATION", "SENDER", "RECIPIENT", "REASON")
    shown = table(head, lines, frozenset({1, 2, 3, 4}))
    more = f"\n… and {total - len(rows)} more" if total > len(rows) else ""
    return f"{shown}{more}\n{total} steps"


def due(seconds: float) -> str:
    return "now" if seconds <= 0 else duration(seconds)


def message(shown: Mapping[str, Any]) -> str:
    received = datetime.fromtimestamp(shown["received_at"], UTC).isoformat(timespec="seconds")
    lines = [
        f"message     {shown['id']}",
        f"received    {received}, {shown['size']} octets",
        f"sender      <{shown['mail_from']}>",
        *(f"recipient   {recipient}" for recipient in shown["recipients"]),
        *(f"{name:<11} {value}" for name, value in sorted(shown["attributes"].items())),
    ]
    for step in shown["steps"]:
        lines.append(
            f"step {step['step']:<6} {step['action']} {step['destination']} for {step['recipient']}"
            f" by rule {step['rule'] or '-'}, {step['state']}, {step['attempts']} attempts"
        )
        if step["last_error"]:
            lines.append(f"            {step['last_error']}")
    text = "\n".join(map(clean, lines))
    return f"{text}\n\n{clean(shown['header'], lines=True)}" if shown["header"] else text


def ages(counts: Mapping[str, Mapping[str, int]]) -> str:
    if not counts:
        return "The queue is empty."
    columns = ["total", *map(str, AGES), OLDER, "held"]
    rows = [
        (name, *(str(row.get(column, 0)) for column in columns))
        for name, row in sorted(counts.items(), key=lambda item: (-item[1]["total"], item[0]))
    ]
    head = ("DESTINATION", "TOTAL", *(f"<{limit}m" for limit in AGES), OLDER.upper(), "HELD")
    return table(head, rows, frozenset(range(1, len(head))))
