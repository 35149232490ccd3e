"""Maildirs: how a message gets there, that it gets there once, and that no name leads elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.actions import durable
from gatepost.actions.maildir import Delivering, folder_of
from gatepost.actions.values import Maildir, Task
from gatepost.delivery.values import Outcome, Scope, Verdict
from tests.unit.actions.tasks import PLAIN, task

ROOT = Path("/mail")
PARTS = ("{domain}", "{local}")
NAME = "1764000000.0A1B2C3D4E5F6G7H8J9K_0.mx.example"


def mail(*recipients: str, **changes: Any) -> Task:
    return task("DeliverToMailbox", "mailbox:m-1", *recipients, **changes)


def deliver(maildir: Maildir, each: Task) -> list[Outcome]:
    return [*Delivering(lambda _name: maildir, lambda: "mx.example")(each)]


def files(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_is_delivered(tmp_path: Path) -> None:
    (outcome,) = deliver(Maildir(tmp_path), mail())
    assert outcome.verdict is Verdict.DELIVERED
    assert [*files(tmp_path)] == [f"new/{NAME}"]
    added = b"Return-Path: <ann@gmail.com>\nDelivered-To: bob@example.com\n"
    assert (tmp_path / "new" / NAME).read_bytes() == added + PLAIN.replace(b"\r\n", b"\n")


def test_it_is_whole_and_synced_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tmp", "new", "cur"):
        (tmp_path / name).mkdir()
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def noted_sync(fd: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{fd}').readlink().relative_to(tmp_path)}")
        sync(fd)

    def noted_rename(self: Path, target: Path) -> Path:
        done.append(f"name {Path(target).relative_to(tmp_path)}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    deliver(Maildir(tmp_path), mail())
    assert done == [f"sync tmp/{NAME}", f"name new/{NAME}", "sync new"]


@pytest.mark.parametrize("now", ["new/{}", "cur/{}", "cur/{}:2,S", "cur/{}:2,RS"])
def test_what_was_delivered_before_a_crash_is_not_delivered_again(tmp_path: Path, now: str) -> None:
    deliver(Maildir(tmp_path), mail())
    (tmp_path / "new" / NAME).rename(tmp_path / now.format(NAME))
    (outcome,) = deliver(Maildir(tmp_path), mail(retried=True))
    assert outcome.verdict is Verdict.DELIVERED
    assert [*files(tmp_path)] == [now.format(NAME)]


def test_each_recipient_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "example.com" / "ann").mkdir(parents=True)
    maildir = Maildir(tmp_path, PARTS)
    found = deliver(maildir, mail("Ann@example.com", "bob@example.com"))
    assert [(each.verdict, each.status) for each in found] == [
        (Verdict.DELIVERED, "2.0.0"),
        (Verdict.FAILED, "5.1.1"),
    ]
    assert [*files(tmp_path)] == [f"example.com/ann/new/{NAME}"]
    made = deliver(Maildir(tmp_path, PARTS, create=True), mail("ann@other.example"))
    assert made[0].verdict is Verdict.DELIVERED
    assert (tmp_path / "other.example" / "ann" / "new" / NAME).is_file()


@pytest.mark.parametrize("create", [False, True])
def test_a_disk_that_is_not_mounted_defers(tmp_path: Path, create: bool) -> None:
    (outcome,) = deliver(Maildir(tmp_path / "absent", PARTS, create=create), mail())
    assert (outcome.verdict, outcome.scope) == (Verdict.DEFERRED, Scope.SITE)
    assert not (tmp_path / "absent").exists()


def test_the_place_of_a_disk_that_is_not_mounted_defers(tmp_path: Path) -> None:
    """It is there, and it is empty: that no mailbox is there says nothing of the recipient."""
    (outcome,) = deliver(Maildir(tmp_path, PARTS), mail())
    assert (outcome.verdict, outcome.scope) == (Verdict.DEFERRED, Scope.SITE)
    (tmp_path / "example.net").mkdir()
    (outcome,) = deliver(Maildir(tmp_path, PARTS), mail())
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "5.1.1")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP])
def test_a_mailbox_that_is_broken_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """After three failures of a site nothing is tried there for a while."""

    def fail(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code), "/mail/bob")

    monkeypatch.setattr(durable, "write", fail)
    (outcome,) = deliver(Maildir(tmp_path, PARTS, create=True), mail())
    assert (outcome.verdict, outcome.scope) == (Verdict.DEFERRED, Scope.RECIPIENT)
    (outcome,) = deliver(Maildir(tmp_path), mail())
    assert (outcome.verdict, outcome.scope) == (Verdict.DEFERRED, Scope.SITE)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EROFS])
def test_what_the_disk_refuses_defers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(_fd: int, _data: bytes) -> None:
        raise OSError(code, os.strerror(code), "/mail/bob")

    monkeypatch.setattr(durable, "write_all", fail)
    (outcome,) = deliver(Maildir(tmp_path), mail())
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.3.0")
    assert outcome.text == f"the host's disk: {os.strerror(code)}"
    assert [*files(tmp_path)] == []


@pytest.mark.parametrize(
    ("recipient", "folder"),
    [
        ("bob@example.com", "example.com/bob"),
        ("BoB+Tag@EXAMPLE.com", "example.com/bob+tag"),
        ('"../../etc"@example.com', "example.com/%22..%2F..%2Fetc%22"),
        ("..@example.com", "example.com/%2E."),
        (".@..", "%2E./%2E"),
        ("../x@../y", "%2E.%2Fy/%2E.%2Fx"),
        ("%2e%2e@example.com", "example.com/%252e%252e"),
        ("a\x00b@example.com", "example.com/a%00b"),
        ("bücher@example.com", "example.com/b%C3%BCcher"),
        ("{domain}@example.com", "example.com/%7Bdomain%7D"),
    ],
)
def test_hostile_names(recipient: str, folder: str) -> None:
    assert folder_of(Maildir(ROOT, PARTS), recipient) == ROOT / folder


@pytest.mark.parametrize(
    "recipient", ["", "@", "bob", "bob@", "@example.com", "é" * 60 + "@a.example"]
)
def test_names_that_no_mailbox_has(recipient: str, tmp_path: Path) -> None:
    maildir = Maildir(tmp_path, PARTS, create=True)
    assert folder_of(maildir, recipient) is None
    (outcome,) = deliver(maildir, mail(recipient))
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "5.1.1")


@given(st.text(max_size=40))
def test_no_recipient_leaves_the_root(recipient: str) -> None:
    folder = folder_of(Maildir(ROOT, ("u-{local}", "{domain}", "{local}", "Maildir")), recipient)
    if folder is not None:
        assert len(folder.relative_to(ROOT).parts) == 4
        assert os.path.normpath(folder) == str(folder)
        assert str(folder).isascii()


@pytest.mark.parametrize("header", ["mail_from", "recipient"])
def test_no_envelope_makes_a_line(tmp_path: Path, header: str) -> None:
    hostile = "a\r\nX-Evil: 1@example.com"
    each = mail(mail_from=hostile) if header == "mail_from" else mail(hostile)
    deliver(Maildir(tmp_path), each)
    assert b"\nX-Evil" not in (tmp_path / "new" / NAME).read_bytes()


def test_a_mailbox_that_was_half_made(tmp_path: Path) -> None:
    for name in ("tmp", "new"):
        (tmp_path / name).mkdir()
    (outcome,) = deliver(Maildir(tmp_path), mail(retried=True))
    assert outcome.verdict is Verdict.DELIVERED
    assert (tmp_path / "cur").is_dir()
