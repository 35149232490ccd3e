# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A name, an id or an ARN, and what it means; and where the documents of Mail Manager hold some.

Pure: judged by a listing that was read before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils._shapes import snake
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ADDON_INSTANCE,
    ADDRESS_LIST,
    ARCHIVE,
    RELAY,
    Kind,
    Named,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import Ambiguous

# The members of rules and statements that name a resource of Mail Manager.
MEMBERS: Mapping[str, Kind] = {
    "Relay": RELAY,
    "TargetArchive": ARCHIVE,
    "AddressLists": ADDRESS_LIST,
    "Analyzer": ADDON_INSTANCE,
}


class Reference(NamedTuple):
    """path: where, as an option in snake_case: `rules[0].actions[1].archive.target_archive`."""

    path: str
    kind: Kind
    spelling: str


def resolve(kind: Kind, reference: str, listed: Iterable[Named]) -> Named | None:
    """What the reference means, None if nothing. Raises Ambiguous.

    An id wins over a name that is spelled like it.
    """
    listed = list(listed)
    wanted = reference.rpartition("/")[2] if reference.startswith("arn:") else reference
    for each in listed:
        if each.id == wanted:
            return each
    if reference.startswith("arn:"):
        return None
    found = [each for each in listed if each.name == reference]
    if len(found) > 1:
        raise Ambiguous(kind.title, reference, [each.id for each in found])
    return found[0] if found else None


def name_of(reference: str, kind: Kind, listed: Iterable[Named]) -> str:
    """The name that stands for a reference in diffs; the reference itself if it means nothing."""
    found = resolve(kind, reference, listed)
    return found.name if found else reference


def absent(kind: Kind, reference: str, where: str) -> str:
    """How to say that a reference means nothing."""
    return f"{where}: there is no {kind.title} {reference}"


def references(document: Any) -> list[Reference]:
    """What rules or statements in API case name, in their order."""
    found: list[Reference] = []

    def note(reference: Reference) -> str:
        found.append(reference)
        return reference.spelling

    respelled(document, note)
    return found


def respelled(document: Any, spell: Callable[[Reference], str], path: str = "") -> Any:
    """The same with every reference spelled anew."""
    return _respelled(document, spell, path, None)


def _respelled(value: Any, spell: Callable[[Reference], str], path: str, kind: Kind | None) -> Any:
    if isinstance(value, str):
        return value if kind is None else spell(Reference(path, kind, value))
    if isinstance(value, list):
        return [
            _respelled(each, spell, f"{path}[{number}]", kind) for number, each in enumerate(value)
        ]
    if isinstance(value, dict):
        start = f"{path}." if path else ""
        return {
            name: _respelled(each, spell, f"{start}{snake(name)}", MEMBERS.get(name))
            for name, each in value.items()
        }
    return value
