# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that tell from results in check mode what has drifted away from what is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

IN_STEP = "in step"
DRIFTED = "drifted"
MISSING = "missing"
UNKNOWN = "unknown"
_SUFFIX = " (before)"


def drift(results: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a result, in their order, none for a task that was skipped.

    results: by a name, for those that hold no diff.
    """
    if not isinstance(results, Mapping):
        raise AnsibleFilterError("gatepost.mail.drift: takes a dictionary of results by name")
    rows = [_row(name, result) for name, result in results.items()]
    return [row for row in rows if row is not None]


def drift_table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The rows as lines of a table, its columns aligned."""
    cells = [
        (row["resource"], row["state"], ", ".join(row["fields"]) or row["reason"]) for row in rows
    ]
    table = [("RESOURCE", "STATE", "DIFFERS IN"), *cells]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    return [
        f"{resource:<{widths[0]}}  {state:<{widths[1]}}  {what}".rstrip()
        for resource, state, what in table
    ]


def _row(name: str, result: Mapping[str, Any]) -> dict[str, Any] | None:
    if not isinstance(result, Mapping):
        raise AnsibleFilterError(f"gatepost.mail.drift: {name} is not the result of a task")
    if result.get("skipped"):
        return None
    diff = result.get("diff") or {}
    diff = diff[0] if isinstance(diff, list) else diff
    title = str(diff.get("before_header") or name)
    row = {"resource": title.removesuffix(_SUFFIX), "fields": [], "reason": ""}
    if result.get("failed") or result.get("unreachable"):
        return {**row, "state": UNKNOWN, "reason": str(result.get("msg", "the task failed"))}
    if not result.get("changed"):
        return {**row, "state": IN_STEP}
    before, after = diff.get("before") or {}, diff.get("after") or {}
    if not before:
        return {**row, "state": MISSING}
    return {**row, "state": DRIFTED, "fields": _differing(before, after)}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = [*before, *(name for name in after if name not in before)]
    return [name for name in names if before.get(name) != after.get(name)]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"drift": drift, "drift_table": drift_table}
