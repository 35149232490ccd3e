"""Typed access to a mapping of the file: each key is taken once with its type and limits, and what
nobody took is an error.

A wrong value is never converted: a boolean or a number where a string belongs is refused, since
YAML made it of something that the author meant differently. Durations are seconds or "90s", "5m",
"4h", "5d"; sizes are octets or "512KiB", "64MiB", "1GiB".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from gatepost.errors import ConfigError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OCTETS: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class _Required:
    pass


REQUIRED: Final = _Required()


def kind(value: object) -> str:
    """What YAML made of a value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return f"a {type(value).__name__}"


class Section:
    """One mapping of the file. Raises ConfigError from every method."""

    def __init__(self, file: Path, path: str, value: object) -> None:
        self.file = file
        self.path = path
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise ConfigError(str(file), path, f"must be a mapping, not {kind(value)}")
        self._values: dict[str, Any] = value
        self._asked: list[str] = []

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def fail(self, key: str, reason: str) -> NoReturn:
        raise ConfigError(str(self.file), self.at(key) if key else self.path, reason)

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def names(self) -> list[str]:
        """All keys, for a mapping whose keys are names; marks each as taken."""
        self._asked.extend(self._values)
        return list(self._values)

    def take(self, key: str, default: Any = REQUIRED) -> Any:
        """The value as YAML gave it; null counts as absent."""
        self._asked.append(key)
        value = self._values.get(key)
        if value is not None:
            return value
        if default is REQUIRED:
            self.fail(key, "is missing")
        return default

    def text(self, key: str, default: Any = REQUIRED, choices: Sequence[str] = ()) -> Any:
        """A non-empty string, one of `choices` if there are any."""
        value = self.take(key, default)
        if value is default:
            return value
        return self.check_text(key, value, choices)

    def check_text(self, key: str, value: object, choices: Sequence[str] = ()) -> str:
        if not isinstance(value, str):
            self.fail(key, f"must be a string, not {kind(value)}; quote it")
        if not value or value != value.strip() or not value.isprintable():
            self.fail(key, "must be a string without surrounding space or control characters")
        if choices and value not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {kind(value)}")
        return value

    def whole(self, key: str, default: Any, minimum: int, maximum: int) -> Any:
        value = self.take(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(key, f"must be a whole number, not {kind(value)}")
        return self._within(key, value, minimum, maximum)

    def number(self, key: str, default: float, minimum: float, maximum: float) -> float:
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"must be a number, not {kind(value)}")
        return float(self._within(key, value, minimum, maximum))

    def seconds(self, key: str, default: Any, minimum: float, maximum: float) -> Any:
        """A duration, as seconds."""
        value = self.take(key, default)
        if value is default:
            return value
        return float(self._within(key, self._amount(key, value, _SECONDS, "5m"), minimum, maximum))

    def octets(self, key: str, default: Any, minimum: int, maximum: int) -> Any:
        """A size, as octets."""
        value = self.take(key, default)
        if value is default:
            return value
        return int(self._within(key, self._amount(key, value, _OCTETS, "64MiB"), minimum, maximum))

    def _amount(self, key: str, value: object, units: dict[str, int], example: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        found = (
            re.fullmatch(rf"(\d+)({'|'.join(units)})", value) if isinstance(value, str) else None
        )
        if found is None:
            self.fail(key, f"must be a number, or one with a unit as in {example}")
        return int(found[1]) * units[found[2]]

    def _within(self, key: str, value: float, minimum: float, maximum: float) -> float:
        if not minimum <= value <= maximum:
            self.fail(key, f"must be from {minimum} to {maximum}, not {value}")
        return value

    def path_to(self, key: str, default: Any = REQUIRED) -> Any:
        """A path; a relative one starts at the directory of the file."""
        value = self.text(key, default)
        return value if value is default else (self.file.parent / value).absolute()

    def section(self, key: str) -> Section:
        """The mapping under a key; an absent one is empty."""
        return Section(self.file, self.at(key), self.take(key, None))

    def entries(self, key: str, default: Any = REQUIRED) -> list[tuple[str, Any]]:
        """The list under a key, each value with its path."""
        value = self.take(key, default)
        if not isinstance(value, list | tuple):
            self.fail(key, f"must be a list, not {kind(value)}")
        return [(f"{self.at(key)}[{number}]", entry) for number, entry in enumerate(value)]

    def texts(self, key: str, default: Any = REQUIRED) -> list[tuple[str, str]]:
        """A list of strings, each with its path."""
        return [
            (path, self.check_text(f"{key}[{number}]", entry))
            for number, (path, entry) in enumerate(self.entries(key, default))
        ]

    def finish(self) -> None:
        """Refuses keys that nobody took, with the nearest known one."""
        for key in self._values:
            if key in self._asked:
                continue
            near = difflib.get_close_matches(key, self._asked, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(self._asked)}"
            self.fail(key, f"is not a known key; {hint}")
