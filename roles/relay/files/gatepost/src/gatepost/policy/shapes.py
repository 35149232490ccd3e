"""Documents in API case or snake_case, made into API case by walking the API's shape.

Promises: only member names change, never a value; a value of the wrong type is an error, never
converted; what is returned obeys the shape whole (types, required members, unions, enums, lengths,
ranges, patterns). The first problem in the order of the shape is raised as a `DocumentError`, whose
path is spelled as the document spells it. Nothing but a DocumentError is ever raised for a value,
however strange.

This file imports the standard library alone, because the collection's module_utils links to it; the
schema (policy/schema.py, `SHAPES`) is an argument.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

Schema = Mapping[str, Mapping[str, Any]]

_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SHOWN: Final = 60


class DocumentError(ValueError):
    """A document does not obey its shape.

    path: where, as the document spells it, for example "Rules[0].Actions[1].Relay"; "" for the
    whole. reason: one clause. Values of members that the API calls sensitive are never in it.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}" if path else reason)


@lru_cache(maxsize=1024)
def snake(name: str) -> str:
    """A member's name in snake_case: "WriteToS3" is "write_to_s3", "ARecord" is "a_record"."""
    return _BOUNDARY.sub("_", name).lower()


def normalize(schema: Schema, shape: str, value: object, path: str = "") -> Any:
    """The value in API case, as new dicts and lists.

    shape: a name in the schema, "RuleSet" or "CreateRuleSetRequest" for example. path: where the
    value stands, for errors. Read-only members of a document are left out. Raises DocumentError.
    """
    return _WALKS[schema[shape]["type"]](schema, schema[shape], value, path)


def to_snake(schema: Schema, shape: str, value: Any) -> Any:
    """A request or response in API case as a module's result: names in snake_case; tags and other
    content whose names are the user's own, and members that the schema does not know, as they are.
    """
    described = schema[shape]
    if described.get("opaque"):
        return value
    if described["type"] == "structure" and isinstance(value, Mapping):
        members = described["members"]
        return {
            snake(name): to_snake(schema, members[name], each) if name in members else each
            for name, each in value.items()
            if name != "ResponseMetadata"
        }
    if described["type"] == "list" and isinstance(value, (list, tuple)):
        return [to_snake(schema, described["member"], each) for each in value]
    return value


def kind(value: object) -> str:
    """What a value is, in words for an error."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value!r}" if _is_short(value) else "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


def nearest(name: str, known: list[str]) -> str:
    """ "; did you mean Operator?", or "" when nothing is near."""
    if len(name) > _SHOWN:
        return ""
    found = difflib.get_close_matches(name, known, 1, 0.7)
    return f"; did you mean {found[0]}?" if found else ""


def _is_short(value: float) -> bool:
    # Python refuses to print an integer of more than 4300 digits.
    return not isinstance(value, int) or abs(value) < 10**20


def _structure(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise DocumentError(path, f"must be a mapping, not {kind(value)}")
    members = shape["members"]
    spelled = _spelled(shape, value, path)
    if shape.get("union"):
        _one_of(spelled, list(members), path)
    for name in shape.get("required", ()):
        if name not in spelled:
            style = snake(name) if _is_snake(value) else name
            raise DocumentError(path, f"{style} is missing")
    return {
        name: normalize(schema, members[name], value[spelled[name]], _joined(path, spelled[name]))
        for name in members
        if name in spelled
    }


def _spelled(shape: Mapping[str, Any], value: Mapping[Any, Any], path: str) -> dict[str, str]:
    """The members that the mapping holds, with its own spelling of each."""
    names = {}
    for name in shape["members"]:
        names[name] = name
        names[snake(name)] = name
    ignored = {spelling for name in shape.get("read_only", ()) for spelling in (name, snake(name))}
    spelled: dict[str, str] = {}
    for key in value:
        if not isinstance(key, str):
            raise DocumentError(path, f"a key must be a string, not {kind(key)}")
        name = names.get(key)
        if name is None:
            if key in ignored:
                continue
            style = snake if _is_snake(value) else str
            known = [style(each) for each in shape["members"]]
            raise DocumentError(_joined(path, key), "is not a known member" + nearest(key, known))
        if name in spelled:
            raise DocumentError(_joined(path, key), f"stands twice, as {spelled[name]} and {key}")
        spelled[name] = key
    return spelled


def _one_of(spelled: Mapping[str, str], known: list[str], path: str) -> None:
    if not spelled:
        raise DocumentError(path, f"must hold exactly one of {', '.join(known)}; it holds none")
    if len(spelled) > 1:
        raise DocumentError(
            path, f"holds {' and '.join(spelled.values())}; exactly one of them may stand here"
        )


def _is_snake(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping is spelled in snake_case, as far as its keys tell."""
    return any(isinstance(key, str) and key[:1].islower() for key in value)


def _joined(path: str, key: str) -> str:
    if not _PLAIN_NAME.fullmatch(key) or len(key) > _SHOWN:
        key = repr(key if len(key) <= _SHOWN else key[:_SHOWN] + "…")
    return f"{path}.{key}" if path else key


def _list(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:
    if not isinstance(value, (list, tuple)):
        raise DocumentError(path, f"must be a list, not {kind(value)}")
    _bounded(shape, len(value), path, "entries")
    return [
        normalize(schema, shape["member"], each, f"{path}[{number}]")
        for number, each in enumerate(value)
    ]


def _string(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:  # noqa: ARG001
    if not isinstance(value, str):
        scalar = isinstance(value, (bool, int, float))
        found = f"a {type(value).__name__}" if scalar and shape.get("sensitive") else kind(value)
        hint = "; quote it if it is meant" if scalar else ""
        raise DocumentError(path, f"must be a string, not {found}{hint}")
    if "enum" in shape and value not in shape["enum"]:
        known = list(shape["enum"])
        near = nearest(value.upper(), known)
        raise DocumentError(
            path, f"must be one of {', '.join(known)}, not {_shown(shape, value)}{near}"
        )
    _bounded(shape, len(value), path, "characters")
    if "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
        raise DocumentError(path, f"does not match {shape['pattern']}: {_shown(shape, value)}")
    if shape.get("format") == "cidr" and not is_cidr(value):
        raise DocumentError(
            path, f"must be an IP network such as 192.0.2.0/24, not {_shown(shape, value)}"
        )
    return value


def _shown(shape: Mapping[str, Any], value: str) -> str:
    if shape.get("sensitive"):
        return "(not shown)"
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    # ASCII: the model's \d and \w mean what they mean in the service's own language.
    return re.compile(pattern, re.ASCII)


def is_cidr(value: str) -> bool:
    """An IPv4 or IPv6 network in prefix notation, host bits allowed, or one address."""
    address, slash, prefix = value.partition("/")
    if "%" in address or (slash and not (prefix.isascii() and prefix.isdigit())):
        return False
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _integer(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:  # noqa: ARG001
    if not isinstance(value, int) or isinstance(value, bool):
        raise DocumentError(path, f"must be a whole number, not {kind(value)}")
    low, high = shape.get("min", -(2**31)), shape.get("max", 2**31 - 1)
    if not low <= value <= high:
        raise DocumentError(path, f"must be from {low} to {high}, not {kind(value)}")
    return value


def _double(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:  # noqa: ARG001
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DocumentError(path, f"must be a number, not {kind(value)}")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise DocumentError(path, "must be a finite number")
    return value


def _any(schema: Schema, shape: Mapping[str, Any], value: object, path: str) -> Any:  # noqa: ARG001
    """Timestamps stand in responses only, where botocore has made them what they are."""
    return value


def _bounded(shape: Mapping[str, Any], length: int, path: str, what: str) -> None:
    low, high = shape.get("min", 0), shape.get("max")
    if length < low or (high is not None and length > high):
        limit = f"{low} to {high}" if high is not None else f"at least {low}"
        raise DocumentError(path, f"must have {limit} {what}, not {length}")


_WALKS: Final[Mapping[str, Callable[[Schema, Mapping[str, Any], object, str], Any]]] = {
    "structure": _structure,
    "list": _list,
    "string": _string,
    "integer": _integer,
    "double": _double,
    "timestamp": _any,
}
