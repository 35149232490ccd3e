"""A request against the service's own model, as the service would judge it.

`problems` walks a botocore shape: required members, unions of exactly one, enums, lengths, ranges,
patterns, types; an unknown member is refused (the service ignores it, but here it is a misspelled
option). JSON null is an absent member. Values are named by path and never quoted: some are secret.
"""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}

# \P{C} inside a class: what is neither a control character nor a lone surrogate.
_NOT_CONTROL = r"\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff"


@cache
def service_model(service: str) -> Any:
    """The botocore ServiceModel, such as of `mailmanager`."""
    return botocore.session.get_session().get_service_model(service)


def problems(shape: Any, value: Any) -> list[str]:
    """What is wrong with a request for this input shape, one text a fault."""
    return [
        f"Value at '{path}' failed to satisfy constraint: {text}"
        for path, text in _walk(shape, value, "")
    ]


def refusal(found: list[str]) -> str:
    """The services' own sentence for a list of problems."""
    return f"{len(found)} validation error{'s' * (len(found) > 1)} detected: {'; '.join(found)}"


def _walk(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    kind = shape.type_name
    if not _is_a(kind, value):
        yield path or "request", f"Member must be a {kind}"
    elif kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _size(shape, len(value), path)
        for index, item in enumerate(value):
            yield from _walk(shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        yield from _size(shape, len(value), path)
        for key, item in value.items():
            yield from _walk(shape.key, key, f"{path} key")
            yield from _walk(shape.value, item, f"{path}.{key}")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _range(shape, value, path)


def _is_a(kind: str, value: Any) -> bool:
    # JSON's true is an int to Python, and none to the services.
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    present = {name: item for name, item in value.items() if item is not None}
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        names = ", ".join(shape.members)
        yield path or "request", f"Member must have exactly one of {names}"
    for name in shape.required_members:
        if name not in present:
            yield _join(path, name), "Member must not be null"
    for name, item in present.items():
        if name in shape.members:
            yield from _walk(shape.members[name], item, _join(path, name))
        else:
            yield _join(path, name), "Member is unknown"


def _string(shape: Any, value: str, path: str) -> Iterator[tuple[str, str]]:
    yield from _size(shape, len(value), path)
    if shape.enum and value not in shape.enum:
        yield path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    text = shape.metadata.get("pattern")
    if text and not pattern(text).fullmatch(value):
        yield path, f"Member must satisfy regular expression pattern: {text}"


def _size(shape: Any, size: int, path: str) -> Iterator[tuple[str, str]]:
    yield from _bounds(shape, size, path, "Member must have length")


def _range(shape: Any, value: float, path: str) -> Iterator[tuple[str, str]]:
    yield from _bounds(shape, value, path, "Member must have value")


def _bounds(shape: Any, value: float, path: str, what: str) -> Iterator[tuple[str, str]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield path, f"{what} greater than or equal to {low}"
    if high is not None and value > high:
        yield path, f"{what} less than or equal to {high}"


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the models, which are Java's. Raises re.error when Python cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(text.replace(r"\P{C}", _NOT_CONTROL), re.ASCII)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
