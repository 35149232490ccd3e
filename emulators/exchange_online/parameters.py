"""How the values of a cmdlet's parameters are bound: names, types, and changes of lists.

A parameter's kind turns the JSON value that came over the wire into a change: a function from the
member's present value to the new one. Names are compared as PowerShell does, in any case. A list
overwrites; `{"@odata.type": "#Exchange.GenericHashTable", "Add": …, "Remove": …}` merges; a hash
table without that type is refused, as the service does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulators.exchange_online import errors

HASH_TABLE = "#Exchange.GenericHashTable"
# Present with every cmdlet; WhatIf alone has an effect.
COMMON = ("Confirm", "WhatIf", "ErrorAction", "WarningAction", "InformationAction", "Verbose")

Change = Callable[[Any], Any]
Kind = Callable[[str, Any], Change]


def flag(name: str, value: Any) -> Change:
    """$true or $false."""
    if not isinstance(value, bool):
        raise errors.cannot_convert(
            name,
            value,
            "System.Boolean",
            'Cannot convert the value to type "System.Boolean". Boolean parameters accept only '
            "Boolean values and numbers.",
        )
    return lambda _current: value


def text(longest: int = 1024, check: Callable[[str], str] = str) -> Kind:
    """A string; null clears it. `check` makes it canonical or raises ValueError."""

    def bind(name: str, value: Any) -> Change:
        if value is None:
            return lambda _current: ""
        if not isinstance(value, str):
            raise errors.cannot_convert(name, value, "System.String", "It is not a string.")
        if len(value) > longest:
            raise errors.cannot_convert(
                name,
                value[:40],
                "System.String",
                f"The length of the property is too long. The maximum length is {longest} and the "
                f"length of the value provided is {len(value)}.",
            )
        try:
            canonical = check(value)
        except ValueError as error:
            raise errors.cannot_convert(name, value, "System.String", str(error)) from None
        return lambda _current: canonical

    return bind


def choice(kind: str, *names: str) -> Kind:
    """One of an enumeration's names, in any case."""

    def bind(name: str, value: Any) -> Change:
        for one in names:
            if isinstance(value, str) and value.lower() == one.lower():
                return lambda _current: one
        raise errors.cannot_convert(
            name,
            value,
            f"Microsoft.Exchange.{kind}",
            f"Unable to match the identifier name {value} to a valid enumerator name. Specify one "
            f"of the following enumerator names and try again: {', '.join(names)}",
        )

    return bind


def number(low: int, high: int) -> Kind:
    """An integer in a range, both ends included."""

    def bind(name: str, value: Any) -> Change:
        if isinstance(value, bool) or not isinstance(value, int):
            raise errors.cannot_convert(name, value, "System.Int32", "It is not a number.")
        if not low <= value <= high:
            raise errors.cannot_convert(
                name,
                value,
                "System.Int32",
                f"The value must be between {low} and {high}, both included.",
            )
        return lambda _current: value

    return bind


def many(kind: str, canonical: Callable[[str], str], most: int | None = None) -> Kind:
    """A multivalued property. most: how many values it may hold in the end."""

    def bind(name: str, value: Any) -> Change:
        def items(given: Any) -> list[str]:
            found: dict[str, None] = {}
            for one in [given] if isinstance(given, str) else list(given or ()):
                if not isinstance(one, str):
                    raise errors.cannot_convert(name, one, kind, "It is not a string.")
                try:
                    found[canonical(one)] = None
                except ValueError as error:
                    raise errors.cannot_convert(name, one, kind, str(error)) from None
            return list(found)

        if isinstance(value, Mapping):
            added, removed = _hash_table(name, value, kind)
            add, remove = items(added), {one.lower() for one in items(removed)}

            def change(current: Any) -> list[str]:
                kept = [one for one in current or () if one.lower() not in remove]
                present = {one.lower() for one in kept}
                return _limited(
                    name, kept + [one for one in add if one.lower() not in present], most
                )

            return change
        if value is not None and not isinstance(value, str | list):
            raise errors.cannot_convert(name, value, kind, "It is neither a string nor a list.")
        new = _limited(name, items(value), most)
        return lambda _current: list(new)

    return bind


def moment(name: str, value: Any) -> Change:
    """A date and time in ISO 8601, UTC where it names no zone; datetime."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise errors.cannot_convert(
            name, value, "System.DateTime", "String was not recognized as a valid DateTime."
        ) from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return lambda _current: aware


def _hash_table(name: str, value: Mapping[str, Any], kind: str) -> tuple[Any, Any]:
    members = {key.lower(): one for key, one in value.items() if not key.startswith("@")}
    if value.get("@odata.type") != HASH_TABLE:
        raise errors.cannot_convert(
            name,
            "System.Collections.Hashtable",
            kind,
            f"A hash table must be of the type {HASH_TABLE}.",
        )
    if not members or not set(members) <= {"add", "remove"}:
        raise errors.cannot_convert(
            name,
            "System.Collections.Hashtable",
            kind,
            "The hash table's only members are Add and Remove.",
        )
    return members.get("add"), members.get("remove")


def _limited(name: str, values: list[str], most: int | None) -> list[str]:
    if most is not None and len(values) > most:
        raise errors.invalid_value(
            f"The property {name} holds {len(values)} values. The maximum number of values is "
            f"{most}."
        )
    return values


@dataclass(frozen=True)
class Arguments:
    """Bound parameters: what each does to the member of its name."""

    changes: Mapping[str, Change]
    what_if: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.changes

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter's value where there is no present one."""
        return self.changes[name](None) if name in self.changes else default

    def applied(self, current: Mapping[str, Any], *leave: str) -> dict[str, Any]:
        """A copy of an object with every parameter applied but those of `leave`."""
        new = dict(current)
        for name, change in self.changes.items():
            if name not in leave:
                new[name] = change(current.get(name))
        return new


def bind(
    kinds: Mapping[str, Kind], mandatory: Sequence[str], given: Mapping[str, Any]
) -> Arguments:
    """The arguments of a cmdlet. Raises CmdletError."""
    known = {name.lower(): name for name in (*kinds, *COMMON)}
    notes = [name for name in given if "@" in name]
    unknown = [name for name in given if name.lower() not in known and name not in notes]
    if unknown:
        raise errors.unknown_parameters(unknown)
    named = {known[name.lower()]: value for name, value in given.items() if name not in notes}
    # A mandatory string that is null or empty is missing, too.
    missing = [name for name in mandatory if named.get(name) in (None, "", [])]
    if missing:
        raise errors.missing_parameters(missing)
    what_if = named.get("WhatIf", False) is True
    changes = {name: kinds[name](name, value) for name, value in named.items() if name in kinds}
    return Arguments(changes, what_if)
