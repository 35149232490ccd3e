"""YAML as a value: one document, duplicate keys refused, every fault a ConfigError with its line.

YAML's own types are kept as they are: `yes` is a boolean and 2026-01-01 a date, and whoever wants a
string there says so (`fields`), instead of a guess being made here. Apart from `document`, so that
workers, which get the value from the supervisor, do without PyYAML and what parsing leaves behind.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from gatepost.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """The safe loader, except that a key may stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Hashable, int] = {}
        for key_node, _value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _at(key_node.start_mark, f"the key {key!r} is not a string; quote it")
            if key in seen:
                raise _at(
                    key_node.start_mark, f"the key {key!r} stands already in line {seen[key]}"
                )
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)


def _at(mark: yaml.Mark, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def parse(file: Path, text: str) -> Any:
    """The text's only document. Raises ConfigError: not YAML, a key twice, a key that is no
    string."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with one more refusal
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else ""
        raise ConfigError(str(file), line, error.problem or "is not YAML") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()) or "is not YAML"
        raise ConfigError(str(file), "", reason) from error
