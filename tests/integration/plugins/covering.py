"""Documents that together hold all of a shape of botocore's models.

`covering(shape, samples)` returns values in which every member, every alternative of a union and
every word of an enumeration occurs, and every optional member is left out once. `members(shape)`
names what there is to cover; `held(shape, value)` names what a value covers.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

Samples = Mapping[str, Any]
"""A valid value by the name of its shape, for texts and numbers that are not just anything."""

_TOKEN = "idempotencyToken"
_LONGEST = 10


def covering(shape: Shape, samples: Samples) -> list[Any]:
    if shape.name in samples:
        return [samples[shape.name]]
    if shape.type_name == "structure":
        return _union(shape, samples) if shape.is_tagged_union else _structure(shape, samples)
    if shape.type_name == "list":
        values = covering(shape.member, samples)
        longest = min(shape.metadata.get("max", _LONGEST), _LONGEST)
        return [values[start : start + longest] for start in range(0, len(values), longest)]
    if getattr(shape, "enum", None):
        return list(shape.enum)
    return _plain(shape)


def _union(shape: Any, samples: Samples) -> list[Any]:
    return [
        {name: value}
        for name, member in shape.members.items()
        for value in covering(member, samples)
    ]


def _structure(shape: Any, samples: Samples) -> list[Any]:
    values = {
        name: covering(member, samples)
        for name, member in shape.members.items()
        if _TOKEN not in member.metadata
    }
    required = set(shape.required_members)
    made = []
    for number in range(max((len(each) for each in values.values()), default=1)):
        made.append(
            {
                name: each[min(number, len(each) - 1)]
                for name, each in values.items()
                if number < len(each) or name in required
            }
        )
    bare = {name: each[-1] for name, each in values.items() if name in required}
    return made if bare in made else [*made, bare]


def _plain(shape: Shape) -> list[Any]:
    if shape.type_name in ("integer", "long"):
        bounds = [shape.metadata.get("min", 1), shape.metadata.get("max", 1000)]
        return sorted(set(bounds))
    if shape.type_name in ("float", "double"):
        return [0.5]
    raise LookupError(f"{shape.name}: a sample is needed ({shape.type_name} {shape.metadata})")


def check(shape: Any, samples: Samples, seen: set[str] | None = None) -> None:
    """Every sample is what the model asks for. Raises AssertionError."""
    seen = set() if seen is None else seen
    if shape.name in seen:
        return
    seen.add(shape.name)
    pattern = shape.metadata.get("pattern")
    if pattern and shape.name in samples and r"\P{C}" not in pattern:
        assert re.fullmatch(pattern, samples[shape.name]), f"{shape.name}: {samples[shape.name]!r}"
    for member in _inner(shape):
        check(member, samples, seen)


def members(shape: Any) -> set[str]:
    """Each member as `Shape.Member`, each word of an enumeration as `Shape=WORD`."""
    return set(_members(shape, set()))


def _members(shape: Any, seen: set[str]) -> Iterator[str]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    if shape.type_name == "structure":
        yield from (f"{shape.name}.{name}" for name in shape.members)
    yield from (f"{shape.name}={word}" for word in getattr(shape, "enum", ()) or ())
    for member in _inner(shape):
        yield from _members(member, seen)


def held(shape: Any, value: Any) -> set[str]:
    """Which of the members and words a value holds."""
    if shape.type_name == "structure":
        found = {f"{shape.name}.{name}" for name in value if name in shape.members}
        inner = [
            held(shape.members[name], each) for name, each in value.items() if name in shape.members
        ]
        return found.union(*inner)
    if shape.type_name == "list":
        return set().union(*(held(shape.member, each) for each in value))
    return {f"{shape.name}={value}"} if getattr(shape, "enum", None) else set()


def _inner(shape: Any) -> list[Any]:
    if shape.type_name == "structure":
        return list(shape.members.values())
    return [shape.member] if shape.type_name == "list" else []
