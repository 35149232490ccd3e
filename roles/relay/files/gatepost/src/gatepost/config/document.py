"""The file's text, and what it says as a value.

The supervisor reads it; workers are told the value, as JSON has it (`plain`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gatepost.errors import ConfigError


def read(file: Path) -> str:
    """The file's text. Raises ConfigError: unreadable, not UTF-8."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(str(file), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), "", f"is not UTF-8 (octet {error.start})") from error


def parse(file: Path, text: str) -> Any:
    """The text's only document. Raises ConfigError: not YAML, a key twice, a key that is no
    string."""
    from gatepost.config import yaml_document  # with PyYAML, which no worker needs

    return yaml_document.parse(file, text)


def plain(file: Path, value: Any) -> Any:
    """A copy of JSON's own types. What YAML has beyond them (a date, a set) is a string there: it
    stands only where nobody looks, in a read-only member, or the file would have been refused.
    Raises ConfigError: a value that holds itself."""
    try:
        return json.loads(json.dumps(value, default=str))
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(str(file), "", f"cannot be told to a worker: {error}") from error
