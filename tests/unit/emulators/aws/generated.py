"""Requests generated from a service's own model: a valid one a shape, and one wrong in each way.

`valid` fills in every member of a shape (of a union the one asked for); `spoiled` goes through such
a value and yields, for every member and every constraint that its shape states, the same value with
that one constraint broken. A shape that occurs twice is spoiled once.
"""

import copy
import re._constants as regular
import re._parser as parser
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulators.aws import validation

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Spoiled:
    """A request with one fault: where, and which constraint does not hold."""

    path: Path
    constraint: str
    request: Any


def variants(shape: Any) -> list[Any]:
    """Valid values that together hold every member, and every member of every union, once."""
    return [valid(shape, choice) for choice in range(_widest(shape, ()))]


def valid(shape: Any, choice: int = 0) -> Any:
    """A value for the shape; `choice` numbers the members of its unions."""
    kind = shape.type_name
    if kind == "structure":
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            # The members that follow from the choice are spread over the unions inside.
            name, inner = names[choice % len(names)], choice // len(names)
            return {name: valid(shape.members[name], inner)}
        return {name: valid(member, choice) for name, member in shape.members.items()}
    if kind == "list":
        size = max(1, shape.metadata.get("min", 0))
        return [valid(shape.member, choice + index) for index in range(size)]
    if kind == "map":
        return {valid(shape.key): valid(shape.value)}
    if kind == "string":
        return _string(shape)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1_800_000_000
    return max(1, shape.metadata.get("min", 0))


def spoiled(shape: Any, request: Any, seen: set[tuple[str, str]]) -> Iterator[Spoiled]:
    """Every way to break the request, once for each member of a shape; `seen` is grown."""
    for path, inner, value, owner in _places(shape, request, ()):
        for constraint, wrong in _wrong(inner, value):
            key = (f"{owner}.{inner.name}", constraint)
            if key not in seen:
                seen.add(key)
                yield Spoiled(path, constraint, _replaced(request, path, wrong))
        if inner.type_name == "structure":
            for name in inner.required_members:
                key = (f"{inner.name}.{name}", "required")
                if name in value and key not in seen:
                    seen.add(key)
                    yield Spoiled((*path, name), "required", _without(request, (*path, name)))


def _widest(shape: Any, above: tuple[str, ...]) -> int:
    if shape.name in above:
        return 1
    above = (*above, shape.name)
    if shape.type_name == "structure":
        inner = [_widest(member, above) for member in shape.members.values()]
        if getattr(shape, "is_tagged_union", False):
            return len(inner) * max(inner)
        return max(inner, default=1)
    return _widest(shape.member, above) if shape.type_name == "list" else 1


def _places(shape: Any, value: Any, path: Path, owner: str = "") -> Iterator[Any]:
    yield path, shape, value, owner
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from _places(shape.members[name], item, (*path, name), f"{shape.name}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _places(shape.member, item, (*path, index), shape.name)


def _wrong(shape: Any, value: Any) -> Iterator[tuple[str, Any]]:
    kind, low, high = shape.type_name, shape.metadata.get("min"), shape.metadata.get("max")
    if kind == "structure":
        yield "type", "text"
        yield "unknown", value | {"Unheard": 1}
        if getattr(shape, "is_tagged_union", False):
            yield "union", {}
            others = [name for name in shape.members if name not in value]
            if others:
                yield "union of two", value | {others[0]: valid(shape.members[others[0]])}
    elif kind == "list":
        yield "type", {"a": 1}
        if low:
            yield "min", []
        if high is not None and high < 1000:
            yield "max", [valid(shape.member)] * (high + 1)
    elif kind == "string":
        yield "type", 7
        if shape.enum:
            yield "enum", "UNHEARD"
        elif low:
            yield "min", ""
        if high is not None:
            yield "max", value + (value or "a") * (high // max(1, len(value)) + 1)
        if shape.metadata.get("pattern") and not shape.enum:
            yield "pattern", "\n\0" * max(1, low or 0)
    elif kind == "boolean":
        yield "type", "true"
    elif kind == "timestamp":
        yield "type", {"at": 1}
    else:
        yield "type", "7"
        if low is not None:
            yield "min", low - 1
        if high is not None:
            yield "max", high + 1


def _replaced(request: Any, path: Path, wrong: Any) -> Any:
    if not path:
        return wrong
    made = copy.deepcopy(request)
    target = made
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = wrong
    return made


def _without(request: Any, path: Path) -> Any:
    made = copy.deepcopy(request)
    target = made
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    return made


def _string(shape: Any) -> str:
    if shape.enum:
        return str(shape.enum[0])
    low = shape.metadata.get("min", 0)
    pattern = shape.metadata.get("pattern")
    if not pattern:
        return "a" * max(1, low)
    compiled = validation.pattern(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parser.parse(compiled.pattern)
    for repeat in (1, low, low + 1):
        text = "".join(_characters(parsed, max(1, repeat)))
        if len(text) >= low and compiled.fullmatch(text):
            return text
    raise AssertionError(f"no example for {shape.name}: {pattern}")


def _characters(parsed: Any, repeat: int) -> Iterator[str]:
    """A short text that the pattern takes; `repeat`: how often what may occur often does."""
    for operation, argument in parsed:
        if operation is regular.LITERAL:
            yield chr(argument)
        elif operation is regular.ANY:
            yield "a"
        elif operation is regular.IN:
            yield _one_of(argument)
        elif operation is regular.BRANCH:
            yield from _characters(argument[1][0], repeat)
        elif operation is regular.SUBPATTERN:
            yield from _characters(argument[-1], repeat)
        elif operation in (regular.MAX_REPEAT, regular.MIN_REPEAT):
            low, high, inner = argument
            for _ in range(min(max(low, repeat), int(high))):
                yield from _characters(inner, 1)
        elif operation is not regular.AT:
            raise AssertionError(f"no example for {operation}")


def _one_of(choices: Any) -> str:
    operation, argument = choices[0]
    if operation is regular.NEGATE:
        return "a"
    if operation is regular.RANGE:
        return chr(argument[0])
    if operation is regular.CATEGORY:
        return "1" if argument is regular.CATEGORY_DIGIT else "a"
    return chr(argument)
