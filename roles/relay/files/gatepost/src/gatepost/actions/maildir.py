"""Delivery into a Maildir of this host: tmp, fsync, new, fsync.

Promises: the message is on stable storage under its final name before the step settles. Its name is
made of the message's id and the step, so that what was delivered before a crash is found, in new or
in cur, and not delivered again. No recipient, however named, leads out of the root: its parts
become one name each, of letters that every file system takes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gatepost.actions import content, durable, local
from gatepost.actions.values import Maildir, Task, done
from gatepost.delivery.values import Outcome
from gatepost.spool.interface import Step

_NAME_MAX: Final = 255  # octets of a name, of Linux's file systems
_SAFE: Final = re.compile(rb"[0-9a-z@+=_.-]")
_LF: Final = b"\n"
_FOLDERS: Final = ("tmp", "new", "cur")


class Delivering:
    """maildir: by the queue's name. Raises ConfigurationFailure where the file names it no more.
    hostname: in the names of files."""

    def __init__(self, maildir: Callable[[str], Maildir], hostname: Callable[[], str]) -> None:
        self._maildir = maildir
        self._hostname = hostname

    def __call__(self, task: Task) -> Sequence[Outcome]:
        maildir = self._maildir(task.first.destination)
        data = content.plain(task).replace(b"\r\n", _LF)
        return [self._deliver(maildir, task, number, data) for number in task.numbers]

    def _deliver(self, maildir: Maildir, task: Task, number: int, data: bytes) -> Outcome:
        step = task.message.steps[number]
        folder = folder_of(maildir, step.recipient)
        if folder is None:
            return local.refused("no mailbox has such a name", "5.1.1")
        name = f"{int(task.message.received_at)}.{task.message.id}_{number}.{self._hostname()}"
        try:
            if not _ready(maildir, folder):
                return local.refused("there is no such mailbox", "5.1.1")
            if not (task.retried and _delivered(folder, name)):
                whole = _final_fields(step) + data
                durable.write(whole, folder / "tmp" / name, folder / "new" / name)
        except OSError as error:
            return local.deferred(error, one_of_many=bool(maildir.parts))
        return done(f"delivered as {name}")


def folder_of(maildir: Maildir, recipient: str) -> Path | None:
    """None where the recipient cannot have one."""
    user, _at, domain = recipient.rpartition("@")
    parts = {"{local}": _safe(user), "{domain}": _safe(domain)}
    folder = maildir.root
    for part in maildir.parts:
        name = part
        for word, value in parts.items():
            name = name.replace(word, value)
        if len(name) > _NAME_MAX or any(word in part and not parts[word] for word in parts):
            return None
        folder /= name
    return folder


def _safe(text: str) -> str:
    """Lower case; what is not of _SAFE, and a dot at the beginning, as %XX."""
    octets = text.lower().encode("utf-8", "surrogateescape")
    made = "".join(
        chr(each) if _SAFE.fullmatch(bytes([each])) else f"%{each:02X}" for each in octets
    )
    return f"%2E{made[1:]}" if made.startswith(".") else made


def _ready(maildir: Maildir, folder: Path) -> bool:
    """Whether there is such a mailbox, made if it may be. Raises OSError, also where the root is
    missing, or empty: a disk that is not mounted has no mailboxes to speak of."""
    if all((folder / name).is_dir() for name in _FOLDERS):
        return True
    with os.scandir(maildir.root) as entries:
        empty = next(entries, None) is None
    if not maildir.create and not folder.is_dir():
        if empty:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return False
    here = maildir.root
    for name in folder.relative_to(maildir.root).parts:
        here /= name
        durable.make_folder(here)
    for name in _FOLDERS:
        durable.make_folder(folder / name)
    return True


def _delivered(folder: Path, name: str) -> bool:
    for each in (folder.parent, folder, folder / "new"):
        durable.sync_folder(each)  # whoever made it may have ended before that
    if (folder / "new" / name).exists():
        return True
    with os.scandir(folder / "cur") as entries:
        return any(entry.name.partition(":")[0] == name for entry in entries)


def _final_fields(step: Step) -> bytes:
    """What final delivery adds (RFC 5321 section 4.4), and whom it was for."""
    lines = (f"Return-Path: <{step.mail_from}>", f"Delivered-To: {step.recipient}")
    return b"".join(
        re.sub(r"[\x00-\x1f\x7f]", "?", line).encode("utf-8", "replace") + _LF for line in lines
    )
