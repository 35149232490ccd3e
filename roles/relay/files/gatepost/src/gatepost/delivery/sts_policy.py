"""Policies of MTA-STS (RFC 8461) as values: the record that announces one, the text that is one,
and which exchangers it names. Pure; whatever a stranger's server says is a Policy or a PolicyError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_AGE: Final = 31557600  # seconds; RFC 8461 section 3.2
TEXT_BYTES: Final = 65536  # a policy is no longer (ours; the RFC suggests it)

_RECORD: Final = re.compile(r"v=STSv1[ \t]*;")
_ID: Final = re.compile("[0-9A-Za-z]{1,32}")
_PATTERN: Final = re.compile(r"(?:\*\.)?[0-9a-z_-]+(?:\.[0-9a-z_-]+)*")
_MODES: Final = ("enforce", "testing", "none")


class PolicyError(ValueError):
    """str() is the reason in one clause."""


@dataclass(frozen=True, slots=True)
class Policy:
    """mode: "enforce" | "testing" | "none". max_age: seconds. mx: patterns, lower case."""

    mode: str
    max_age: int
    mx: tuple[str, ...]

    def names(self, host: str) -> bool:
        """Whether an exchanger is one of the policy's: "*." stands for exactly one label (section
        4.1)."""
        name = host.lower().rstrip(".")
        above = f"*.{name.partition('.')[2]}"
        return any(pattern in (name, above) for pattern in self.mx)


def record_id(texts: Iterable[str]) -> str | None:
    """The id in the TXT records of _mta-sts.DOMAIN; None where they announce no policy (section
    3.1): none or several of them, or one that is malformed."""
    records = [text for text in texts if _RECORD.match(text)]
    if len(records) != 1:
        return None
    for field in records[0].split(";")[1:]:
        name, equals, value = field.strip(" \t").partition("=")
        if equals and name == "id":
            return value if _ID.fullmatch(value) else None
    return None


def parse(content: bytes) -> Policy:
    """A policy's text (section 3.2). Raises PolicyError."""
    if len(content) > TEXT_BYTES:
        raise PolicyError(f"it has more than {TEXT_BYTES} octets")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyError("it is not UTF-8") from None
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        name, colon, value = line.partition(":")
        value = value.strip(" \t")
        if not colon:
            if line.strip(" \t"):
                raise PolicyError("it has a line without a colon")
        elif name == "mx":
            patterns.append(value.lower().rstrip("."))
        else:
            fields.setdefault(name, value)  # of several the first counts
    if fields.get("version") != "STSv1":
        raise PolicyError("its version is not STSv1")
    mode, age = fields.get("mode", ""), fields.get("max_age", "")
    if mode not in _MODES:
        raise PolicyError("its mode is none of enforce, testing and none")
    if re.fullmatch("[0-9]{1,10}", age) is None:
        raise PolicyError("its max_age is no number of seconds")
    if mode != "none" and not patterns:
        raise PolicyError("it names no mx")
    if not all(_PATTERN.fullmatch(pattern) for pattern in patterns):
        raise PolicyError("one of its mx is no host name")
    return Policy(mode, min(int(age), MAX_AGE), tuple(patterns))
