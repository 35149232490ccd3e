# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members of an address list: which entries there are, and what must come and go. Pure.

An entry is an address, or holds one `*`: before the @ with none or 3 to 19 characters beside it, or
as the first label of a domain of 2 to 9 more labels, after the @ or without one. Source: the Amazon
SES developer guide, "Address lists". Two entries are the same if they differ in case alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils._quotas import ADDRESSES
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

SHOWN = 100
"""How many members a diff shows on either side."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_LOCAL = re.compile(r"[^\s@*\"]{1,64}")


class Members(NamedTuple):
    """add, remove: entries as they are spelled, in order; total: how many there are afterwards."""

    add: list[str]
    remove: list[str]
    total: int


def entries(option: str, values: Iterable[object]) -> dict[str, str]:
    """The entries by what makes two the same; the first spelling counts. Raises BadOption."""
    found: dict[str, str] = {}
    for number, value in enumerate(values):
        place = f"{option}[{number}]"
        entry = str(given.shaped("Address", place, value))
        reason = problem(entry)
        if reason:
            raise BadOption(place, f"{entry!r} is no entry of an address list: {reason}")
        found.setdefault(entry.casefold(), entry)
    if len(found) > ADDRESSES:
        raise BadOption(option, f"holds {len(found)} entries; {ADDRESSES} are allowed")
    return found


def problem(entry: str) -> str:
    """Why this is no entry, empty when it is one."""
    if entry.count("*") > 1:
        return "it holds more than one *"
    local, at, domain = entry.rpartition("@")
    if not at and not domain.startswith("*."):
        return "it is neither an address nor a domain that begins with *."
    if at:
        beside = local.replace("*", "", 1)
        if "*" in local and beside and not 3 <= len(beside) <= 19:
            return "beside a * stand none or 3 to 19 characters before the @"
        if not _LOCAL.fullmatch(beside) and (beside or "*" not in local):
            return "the part before the @ is not that of an address"
    below = domain.removeprefix("*.")
    if not _DOMAIN.fullmatch(below):
        return "a * in a domain is its whole first label" if "*" in below else "no domain follows"
    if below != domain and len(below.split(".")) > 9:
        return "at most 9 labels follow a * in a domain"
    return ""


def changes(current: Iterable[str], wanted: dict[str, str] | None, purge: bool) -> Members:
    """What must come and go. wanted: as `entries` makes it, None to leave the members alone."""
    now = {entry.casefold(): entry for entry in current}
    if wanted is None:
        return Members([], [], len(now))
    add = [entry for key, entry in wanted.items() if key not in now]
    remove = [entry for key, entry in now.items() if key not in wanted] if purge else []
    return Members(add, remove, len(now) + len(add) - len(remove))


def excerpt(found: list[str]) -> list[str]:
    """Members for a diff: sorted, the first ones, and how many more there are."""
    shown = sorted(found, key=str.casefold)[:SHOWN]
    more = len(found) - len(shown)
    return [*shown, f"… and {more} more"] if more else shown


def difference(members: Members, before: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a diff shows before and after: the counts, and of the members those that differ."""
    shown_before: dict[str, Any] = {"member_count": before}
    shown_after: dict[str, Any] = {"member_count": members.total}
    if members.add or members.remove:
        shown_before["members"] = excerpt(members.remove)
        shown_after["members"] = excerpt(members.add)
    return shown_before, shown_after
