"""What a module's RETURN says, against what really came back.

Every key that came back must be documented, of the type that is stated; every key that is stated to
come back always must have come.
"""

import importlib
from typing import Any

import yaml
from run_module import MODULES

# Ansible's own, documented there.
_COMMON = {"changed", "diff", "invocation", "warnings", "deprecations"}
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "list": list}

Documentation = dict[str, dict[str, Any]]


def returns(module: str) -> Documentation:
    text = importlib.import_module(f"{MODULES}.{module}").RETURN
    return yaml.safe_load(text) or {}


def check(module: str, result: dict[str, Any], twin: str | None = None) -> None:
    """twin: the module whose resource an `_info` module returns a list of."""
    documentation = returns(module)
    if twin is not None:
        documentation = _with_twin(documentation, returns(twin))
    shown = {name: value for name, value in result.items() if name not in _COMMON}
    _members(module, documentation, shown, always="success")


def _with_twin(own: Documentation, twin: Documentation) -> Documentation:
    """The elements of the list are the twin's resource, and what the list adds to it."""
    resource = next(entry["contains"] for entry in twin.values() if "contains" in entry)
    name = next(name for name, entry in own.items() if name != "documents")
    return {**own, name: {**own[name], "contains": {**resource, **own[name].get("contains", {})}}}


def _members(
    where: str, documentation: Documentation, found: dict[str, Any], always: str = "always"
) -> None:
    unknown = sorted(set(found) - set(documentation))
    assert not unknown, f"{where}: {', '.join(unknown)} came back and is not documented"
    stated = {name for name, entry in documentation.items() if entry["returned"] == always}
    absent = sorted(stated - set(found))
    assert not absent, f"{where}: {', '.join(absent)} is stated to come back always"
    for name, value in found.items():
        _value(f"{where}.{name}", documentation[name], value)


def _value(where: str, entry: dict[str, Any], value: Any) -> None:
    if value is None:
        return
    expected = _TYPES[entry["type"]]
    right = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    assert right, f"{where}: is documented as {entry['type']}, and came back as {value!r}"
    contained = entry.get("contains")
    if not contained:
        return
    for each in value if isinstance(value, list) else [value]:
        _members(where, contained, each)
