"""What a request may look like, read from the API descriptions that Google's client carries.

A request is matched by path and verb and its parameters are checked by the description: unknown
ones, wrong types, values outside an enum, a range or a pattern are refused as the APIs refuse
them. The scopes that a method accepts come from the same place. Nothing is spelled out twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import unquote

from emulators.google.errors import ApiError

# The descriptions, and the methods of each that the emulator has; others are 404, as an unknown
# path is.
_DOCUMENTS = {
    "gmail.v1": ("gmail.users.messages.list", "gmail.users.messages.get"),
    "cloudidentity.v1": ("cloudidentity.policies.list", "cloudidentity.policies.get"),
    "admin.reports_v1": ("reports.activities.list",),
}

Value = str | int | bool | list[str]


@dataclass(frozen=True)
class Method:
    """One API method. pattern matches the whole path and names the path's parameters."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Mapping[str, object]]
    common: frozenset[str]
    scopes: frozenset[str]


@cache
def methods() -> tuple[Method, ...]:
    """The methods that the emulator has."""
    found = []
    for name, wanted in _DOCUMENTS.items():
        resource = files("googleapiclient") / "discovery_cache" / "documents" / f"{name}.json"
        document = json.loads(resource.read_text("utf-8"))
        for method in _walk(document):
            if method["id"] in wanted:
                found.append(_method(document, method))
    return tuple(found)


def match(verb: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method and the path's parameters. Raises ApiError 404 or 405."""
    seen = False
    for method in methods():
        found = method.pattern.fullmatch(path)
        if found is None:
            continue
        seen = True
        if method.verb == verb:
            return method, {name: unquote(value) for name, value in found.groupdict().items()}
    if seen:
        raise ApiError(405, f"Method {verb} is not allowed here.")
    raise ApiError(404, "Requested entity was not found.")


def arguments(
    method: Method, path: Mapping[str, str], query: Iterable[tuple[str, str]]
) -> dict[str, Value]:
    """All parameters with their types, defaults filled in. Raises ApiError 400."""
    given: dict[str, list[str]] = {name: [value] for name, value in path.items()}
    for name, value in query:
        if name in method.common:
            continue
        if name not in method.parameters or name in path:
            raise ApiError(
                400, f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query'
            )
        given.setdefault(name, []).append(value)
    values: dict[str, Value] = {}
    for name, spec in method.parameters.items():
        texts = given.get(name)
        if texts is None:
            if spec.get("required"):
                raise ApiError(400, f"Missing required parameter: {name}", "required")
            if "default" in spec:
                values[name] = _value(name, spec, str(spec["default"]))
            continue
        if spec.get("repeated"):
            values[name] = [str(_value(name, spec, text)) for text in texts]
        else:
            values[name] = _value(name, spec, texts[-1])
    return values


def _walk(node: Mapping[str, dict[str, object]]) -> Iterable[dict[str, object]]:
    yield from node.get("methods", {}).values()  # type: ignore[misc]
    for resource in node.get("resources", {}).values():
        yield from _walk(resource)  # type: ignore[arg-type]


def _method(document: Mapping[str, object], method: Mapping[str, object]) -> Method:
    path = "/" + str(document["servicePath"]) + str(method.get("flatPath") or method["path"])
    # Path parameters end at the next slash. A template like v1/policies/{policiesId} is called
    # `name` in the parameters; it is matched under its flat name.
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    scopes = method.get("scopes", ())
    assert isinstance(scopes, list)
    parameters = dict(method.get("parameters", {}))  # type: ignore[call-overload]
    if "policiesId" in pattern:
        parameters = {"policiesId": {"type": "string", "required": True}}
    return Method(
        id=str(method["id"]),
        verb=str(method["httpMethod"]),
        pattern=re.compile(pattern),
        parameters=parameters,
        common=frozenset(document["parameters"]),  # type: ignore[call-overload]
        scopes=frozenset(scopes),
    )


def _value(name: str, spec: Mapping[str, object], text: str) -> Value:
    kind = spec.get("type")
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ApiError(400, f"Invalid value at '{name}' (TYPE_BOOL), \"{text}\"")
        return text == "true"
    if kind == "integer":
        if not re.fullmatch(r"-?\d{1,10}", text):
            raise ApiError(400, f"Invalid value at '{name}' (TYPE_INT32), \"{text}\"")
        number = int(text)
        low, high = spec.get("minimum"), spec.get("maximum")
        if (low is not None and number < int(str(low))) or (
            high is not None and number > int(str(high))
        ):
            raise ApiError(
                400, f"Invalid value '{number}'. Values must be within the range: [{low}, {high}]"
            )
        return number
    choices = spec.get("enum")
    if isinstance(choices, list) and text not in choices:
        raise ApiError(400, f"Invalid value at '{name}' (TYPE_ENUM), \"{text}\"")
    pattern = spec.get("pattern")
    if pattern is not None and text and not re.fullmatch(str(pattern), text):
        raise ApiError(400, f"Invalid value for parameter {name}: must match {pattern}")
    return text
