"""Writes policy/schema.py from botocore's model of Mail Manager: the shapes of its resources and of
tags, as plain data that needs no botocore to be read.

    .venv/bin/python tools/generate_schema.py            # writes the file
    .venv/bin/python tools/generate_schema.py --check    # fails when the model has moved

Beside the model's own shapes stand four *documents* ("Relay", "RuleSet", "TrafficPolicy",
"IngressPoint"): what a create request takes, together with the members that only a response holds
and that a document may carry along.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import botocore
import botocore.loaders

TARGET: Final = (
    Path(__file__).parents[1] / "roles/relay/files/gatepost/src/gatepost/policy/schema.py"
)
KINDS: Final = ("Relay", "RuleSet", "TrafficPolicy", "IngressPoint")
# Resources without a document of their own.
_PLAIN: Final = ("AddressList", "AddonSubscription", "AddonInstance")
OPERATIONS: Final = (
    *(f"{verb}{kind}" for kind in KINDS for verb in ("Create", "Update", "Get", "Delete")),
    *(f"{verb}{kind}" for kind in _PLAIN for verb in ("Create", "Get", "Delete")),
    *(f"{verb}Archive" for verb in ("Create", "Update", "Get", "Delete")),
    "RegisterMemberToAddressList",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
)
# A create request's own business, no part of what is created.
_OF_THE_REQUEST: Final = ("ClientToken",)
# Members whose content has names of its own, which no change of case may touch.
_OPAQUE: Final = ("TagList",)
# Patterns that Python cannot read, or that take exponential time on a hostile value; with what
# stands for them.
_UNSOUND: Final = {"RuleIpStringValue": "cidr", "CAContent": None, "CrlContent": None}
_FORMATS: Final = {"Ipv4Cidr": "cidr", "Ipv6Cidr": "cidr"}
_WIDTH: Final = 100

_HEADER: Final = '''"""The shapes of Mail Manager's documents and requests, as data.

Written by tools/generate_schema.py from botocore's service model {version}; never by hand. A shape
has `type` (structure, list, string, integer, long, double, boolean, timestamp) and, where the model
says so, members, required, union, enum, min, max, pattern, sensitive. Added by the generator:
`format` where a pattern is judged better by code, `opaque` where names inside are the user's own,
`read_only` of the four documents.
"""

from __future__ import annotations

'''


def model() -> dict[str, Any]:
    loaded: dict[str, Any] = botocore.loaders.Loader().load_service_model(
        "mailmanager", "service-2"
    )
    return loaded


def shapes(service: Mapping[str, Any]) -> dict[str, Any]:
    """The reachable shapes and the four documents, by name in alphabetical order."""
    found: dict[str, Any] = {}
    for operation in OPERATIONS:
        described = service["operations"][operation]
        for side in ("input", "output"):
            if side in described:
                _walk(service["shapes"], described[side]["shape"], found)
    for kind in KINDS:
        if kind in found:
            raise SystemExit(f"the model has a shape of its own that is called {kind}")
        found[kind] = _document(found, kind)
    return dict(sorted(found.items()))


def _walk(model_shapes: Mapping[str, Any], name: str, found: dict[str, Any]) -> None:
    if name in found:
        return
    shape = model_shapes[name]
    found[name] = _condensed(name, shape)
    for reference in _references(shape):
        _walk(model_shapes, reference, found)


def _references(shape: Mapping[str, Any]) -> Iterator[str]:
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for side in ("member", "key", "value"):
        if side in shape:
            yield shape[side]["shape"]


def _condensed(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    if shape["type"] == "map":
        raise SystemExit(f"{name} is a map, which shapes.py does not walk")
    made: dict[str, Any] = {"type": shape["type"]}
    if "members" in shape:
        made["members"] = {key: each["shape"] for key, each in shape["members"].items()}
    if "member" in shape:
        made["member"] = shape["member"]["shape"]
    for key in ("required", "union", "enum", "min", "max", "sensitive"):
        if key in shape:
            made[key] = shape[key]
    if name in _FORMATS:
        made["format"] = _FORMATS[name]
    if name in _UNSOUND:
        if _UNSOUND[name] is not None:
            made["format"] = _UNSOUND[name]
    elif "pattern" in shape:
        re.compile(shape["pattern"], re.ASCII)
        made["pattern"] = shape["pattern"]
    if name in _OPAQUE:
        made["opaque"] = True
    return made


def _document(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    create = found[f"Create{kind}Request"]
    members = {
        name: shape for name, shape in create["members"].items() if name not in _OF_THE_REQUEST
    }
    read_only = [name for name in found[f"Get{kind}Response"]["members"] if name not in members]
    return {
        "type": "structure",
        "members": members,
        "required": create["required"],
        "read_only": [*read_only, "ResponseMetadata"],
    }


def source(service: Mapping[str, Any]) -> str:
    """The whole text of schema.py."""
    header = _HEADER.format(version=service["metadata"]["apiVersion"])
    return f"{header}SHAPES: dict[str, dict[str, object]] = {_literal(shapes(service), 0, 40)}\n"


def _literal(value: Any, indent: int, used: int) -> str:
    """A Python literal in the formatter's own style. used: columns that stand before it."""
    flat = _flat(value)
    if used + len(flat) + 1 <= _WIDTH and indent > 0:
        return flat
    inner, close = " " * (indent + 4), " " * indent
    if isinstance(value, dict):
        items = [
            f"{inner}{_flat(key)}: {_literal(each, indent + 4, indent + 4 + len(_flat(key)) + 2)},"
            for key, each in value.items()
        ]
        return "\n".join(["{", *items, close + "}"])
    if isinstance(value, list):
        items = [f"{inner}{_literal(each, indent + 4, indent + 4)}," for each in value]
        return "\n".join(["[", *items, close + "]"])
    if isinstance(value, str):
        return "\n".join(["(", *(inner + part for part in _parts(value, indent + 4)), close + ")"])
    return flat


def _parts(text: str, indent: int) -> Iterator[str]:
    part = ""
    for character in text:
        if indent + len(_flat(part + character)) > _WIDTH:
            yield _flat(part)
            part = ""
        part += character
    yield _flat(part)


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value)


def main(arguments: list[str]) -> int:
    text = source(model())
    if arguments == ["--check"]:
        if text == TARGET.read_text("utf-8"):
            return 0
        print(
            f"{TARGET.name} is not what botocore {botocore.__version__} describes:"
            " run tools/generate_schema.py, and read what changed",
            file=sys.stderr,
        )
        return 1
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
