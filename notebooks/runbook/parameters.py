"""A runbook's parameters: declared in its first code cell, with a type, a default and a comment.

They are checked before anything is run (papermill would only warn of an unknown one). They lie in
the output in clear, so none may be a secret: runbooks take paths and the environment instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import papermill

_TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "float": float}
# A parameter of such a name would hold what must never be in a parameter.
_SECRET = re.compile(
    r"(password|passwd|passphrase|secret|token|credential|private_key)s?$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class ParameterError(ValueError):
    """A parameter that the notebook does not declare, of another type, or that holds a secret."""


def declared(notebook: Path) -> dict[str, dict[str, str]]:
    """By name: "type", "default" and "help". Raises ParameterError."""
    found = papermill.inspect_notebook(str(notebook))
    if not found:
        raise ParameterError(f"{notebook.name}: declares no parameters")
    for name, one in found.items():
        if _SECRET.search(name):
            raise ParameterError(f"{notebook.name}: parameter {name} would hold a secret")
        if one["inferred_type_name"] not in _TYPES:
            raise ParameterError(f"{notebook.name}: parameter {name} declares no type")
    return {
        name: {"type": one["inferred_type_name"], "default": one["default"], "help": one["help"]}
        for name, one in found.items()
    }


def checked(notebook: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, each declared by the notebook and of its type. Raises ParameterError."""
    known = declared(notebook)
    for name, value in values.items():
        if name not in known:
            names = ", ".join(sorted(known))
            raise ParameterError(f"{notebook.name}: no parameter {name}; there are {names}")
        wanted = known[name]["type"]
        # A bool is an int to isinstance, and not to a reader.
        # pylint: disable-next=unidiomatic-typecheck
        if type(value) is not _TYPES[wanted]:
            given = type(value).__name__
            raise ParameterError(f"{notebook.name}: {name} must be a {wanted}, not a {given}")
        if isinstance(value, str) and _SECRET_VALUE.search(value):
            raise ParameterError(f"{notebook.name}: {name} holds a private key; give its path")
    return dict(values)


def parse(notebook: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Parameters from NAME=VALUE texts, by the types that the notebook declares.

    Raises ParameterError.
    """
    known = declared(notebook)
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"{text}: is not NAME=VALUE")
        if name in values:
            raise ParameterError(f"{name}: is given twice")
        kind = known.get(name, {}).get("type", "str")
        try:
            if kind == "bool":
                values[name] = {"true": True, "false": False}[value.lower()]
            else:
                values[name] = _TYPES[kind](value)
        except (KeyError, ValueError):
            raise ParameterError(f"{name}: {value!r} is not a {kind}") from None
    return checked(notebook, values)
