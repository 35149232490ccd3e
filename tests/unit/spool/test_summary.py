"""The index file beside a segment: written while it grows, and true or not taken for one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gatepost.spool import summary
from gatepost.spool.files import Disk
from gatepost.spool.frame import Frame, head
from gatepost.spool.layout import INDEX, Segment
from gatepost.spool.summary import Summary, read_summary

SEGMENT = Segment(7, 0xABCDEF, end=100_000)
META = b'[["d","m",0]]'


def heads(count: int) -> list[bytes]:
    return [
        (number * 1000).to_bytes(8, "little")
        + head(SEGMENT.epoch, number + 1, number, META, 5)
        + META
        for number in range(count)
    ]


def written(directory: Path, groups: list[list[bytes]], files: Disk | None = None) -> Summary:
    made = Summary(files or Disk(), directory, SEGMENT)
    for group in groups:
        made.add(group)
    return made


def read(directory: Path) -> tuple[list[Frame], int] | None:
    return read_summary((directory / SEGMENT.name(INDEX)).read_bytes(), SEGMENT.epoch)


@pytest.mark.parametrize("piece", [1, 200, 1 << 20])
def test_it_says_what_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(summary, "_PIECE", piece)
    all_of_them = heads(20)
    written(tmp_path, [all_of_them[:1], [], all_of_them[1:7], all_of_them[7:]]).finish()
    found = read(tmp_path)
    assert found is not None
    frames, end = found
    assert [(frame.offset, frame.sequence) for frame in frames] == [
        (number * 1000, number + 1) for number in range(20)
    ]
    assert end == SEGMENT.end


def test_a_part_of_one_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that is killed leaves it."""
    monkeypatch.setattr(summary, "_PIECE", 200)
    written(tmp_path, [heads(9)])
    assert read(tmp_path) is None


@pytest.mark.parametrize("after", range(3))
def test_a_disk_that_does_not_take_it_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    class Full(Disk):
        writes = 0

        def write(self, fd: int, data: bytes, offset: int) -> None:
            self.writes += 1
            if self.writes > after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            super().write(fd, data, offset)

    monkeypatch.setattr(summary, "_PIECE", 200)
    written(tmp_path, [heads(4), heads(4)], Full()).finish()
    assert list(tmp_path.iterdir()) == []
