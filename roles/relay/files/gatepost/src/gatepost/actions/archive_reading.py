"""An archive as it is read, beside a daemon that writes to it, and purged.

Promises: a line that cannot be read is reported, never a reason to stop; lines of one file are one
message with all their recipients. A day is purged whole, or not at all: it is renamed first.

A purge cannot be undone and a clock can be wrong: a day that is past its retention is marked, and
goes where it still is `GRACE` later by the same clock. So one leap of the clock destroys nothing
before an operator could mend it; a mark that the mended clock belies is taken away. The times of
messages would be no better witness: they come from the same clock.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gatepost.actions.archive import INDEX
from gatepost.actions.values import Archive

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILE: Final = re.compile(r"[0-9A-Za-z-]+\.eml")
_PURGED: Final = ".purged-"
_DUE: Final = ".due-"
_SECONDS_OF_A_DAY: Final = 86400.0
GRACE: Final = _SECONDS_OF_A_DAY


@dataclass(slots=True)
class Archived:
    """A message of an archive. envelope: its first line, without file and recipients."""

    path: Path
    recipients: list[str]
    envelope: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.envelope.get("id", ""))


def days(root: Path) -> list[Path]:
    """The oldest first. Raises OSError."""
    return sorted(path for path in root.iterdir() if _DAY.fullmatch(path.name) and path.is_dir())


def messages(folder: Path) -> tuple[list[Archived], list[str]]:
    """A day's messages in order of their first line, and what is wrong with the index. Raises
    OSError."""
    found: dict[str, Archived] = {}
    faults: list[str] = []
    index = folder / INDEX
    text = index.read_text("ascii", "replace") if index.exists() else ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        entry = _entry(line)
        if entry is None:
            faults.append(f"{folder.name}/{INDEX}: line {number} cannot be read")
            continue
        name = entry.pop("file")
        recipients = entry.pop("recipients")
        known = found.setdefault(name, Archived(folder / name, [], entry))
        known.recipients += [each for each in recipients if each not in known.recipients]
    return list(found.values()), faults


def verify(folder: Path) -> Iterator[str]:
    """What is wrong with a day. Raises OSError for what cannot be read at all."""
    listed, faults = messages(folder)
    yield from faults
    for each in listed:
        where = f"{folder.name}/{each.path.name}"
        try:
            digest = hashlib.sha256(each.path.read_bytes()).hexdigest()
        except OSError as error:
            yield f"{where}: {error.strerror}"
            continue
        if digest != each.envelope.get("sha256"):
            yield f"{where}: is not what was archived"
    names = {each.path.name for each in listed}
    for path in sorted(folder.iterdir()):
        if _FILE.fullmatch(path.name) and path.name not in names:
            yield f"{folder.name}/{path.name}: the index does not name it"


def purge(archive: Archive, now: float) -> list[str]:
    """Removes the days that have been past their retention for `GRACE`; which. Raises OSError."""
    root = archive.path
    for left in root.glob(f"{_PURGED}*"):
        shutil.rmtree(left)
    retention = archive.retention
    due = (
        set()
        if retention is None
        else {each.name for each in days(root) if _end(each.name) + retention <= now}
    )
    for mark in root.glob(f"{_DUE}*"):
        if mark.name.removeprefix(_DUE) not in due:
            mark.unlink(missing_ok=True)
    gone = []
    for name in sorted(due):
        mark = root / f"{_DUE}{name}"
        since = _since(mark)
        if since is None or since > now:
            mark.write_text(f"{now}\n", "ascii")
        elif since + GRACE <= now:
            aside = root / f"{_PURGED}{name}"
            (root / name).rename(aside)
            mark.unlink(missing_ok=True)
            shutil.rmtree(aside)
            gone.append(name)
    return gone


def _since(mark: Path) -> float | None:
    """When a day was found to be past its retention; None where no mark says so."""
    try:
        since = float(mark.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return since if math.isfinite(since) else None


def _end(name: str) -> float:
    """When a day ended, never for a name that is no date."""
    try:
        begin = datetime.strptime(name, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return float("inf")
    return begin.timestamp() + _SECONDS_OF_A_DAY


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("recipients"), list):
        return None
    if not all(isinstance(each, str) for each in entry["recipients"]):
        return None
    named = isinstance(entry.get("file"), str) and _FILE.fullmatch(entry["file"])
    return entry if named else None
