"""The Archive action: a local archive, a folder per day and a file per message.

    PATH/2026-11-24/ID.eml         the message: RFC 5322, CRLF lines, wire form undone
    PATH/2026-11-24/index.jsonl    a line per copy: the envelope, the file's size and SHA-256

Promises: the message and its line are on stable storage before the step settles. The day is that
of receipt (UTC) and the name that of the content, so that a step that runs twice writes the same
file again; its line may then stand twice, and readers merge lines by file. A line is appended under
a lock, after a line that a crash tore.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gatepost.actions import content, durable, local
from gatepost.actions.values import Archive, Task, done
from gatepost.delivery.values import Outcome

INDEX: Final = "index.jsonl"


class Archiving:
    """archive: by name. Raises ConfigurationFailure where the file names it no more."""

    def __init__(self, archive: Callable[[str], Archive]) -> None:
        self._archive = archive

    def __call__(self, task: Task) -> Sequence[Outcome]:
        archive = self._archive(task.site)
        try:
            file = _store(archive.path, task)
        except OSError as error:
            outcome = local.deferred(error)
        else:
            outcome = done(f"archived as {file}")
        return [outcome] * len(task.numbers)


def day(received_at: float) -> str:
    return datetime.fromtimestamp(received_at, UTC).strftime("%Y-%m-%d")


def _store(root: Path, task: Task) -> str:
    """The file, from the archive's folder. Raises OSError. The root must exist: a disk that is not
    mounted is no archive."""
    folder = root / day(task.message.received_at)
    durable.make_folder(folder)
    data = content.plain(task)
    name = f"{content.name(task)}.eml"
    target = folder / name
    if target.exists() and target.stat().st_size == len(data):
        durable.sync_folder(folder)  # whoever wrote it may have ended before that
    else:
        durable.write(data, folder / f".{name}.{task.numbers[0]}", target)
    _append(folder / INDEX, _line(name, data, task))
    return f"{folder.name}/{name}"


def _line(name: str, data: bytes, task: Task) -> dict[str, Any]:
    message = task.message
    return {
        "file": name,
        "id": message.id,
        "received": datetime.fromtimestamp(message.received_at, UTC).isoformat("T", "seconds"),
        "mail_from": task.first.mail_from,
        "recipients": list(task.recipients),
        "rule": task.first.rule,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        **message.attributes,
    }


def _append(index: Path, line: dict[str, Any]) -> None:
    fd = os.open(index, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        size = os.fstat(fd).st_size
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        text = json.dumps(line, ensure_ascii=True) + "\n"
        durable.write_all(fd, (b"\n" if torn else b"") + text.encode("ascii"))
        os.fsync(fd)
    finally:
        os.close(fd)
    # Whoever made them may not have come to that yet, or may have ended before it.
    durable.sync_folder(index.parent)
    durable.sync_folder(index.parent.parent)
