"""A full disk: what settles finds room, and mail is taken again when there is enough."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.files import Disk
from gatepost.spool.interface import Done, SpoolFull
from gatepost.spool.reserve import OCTETS

from .builders import NOW, message, step

SETTINGS = Settings(segment_size=1 << 20, low_space=0, spare_segments=0)
BODY = bytes(300_000)


class SmallDisk(Disk):
    """Files that together may have `room` octets; the rest of the system's disk is not theirs."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._sizes: dict[Path, int] = {}
        self._paths: dict[int, Path] = {}

    def open(self, path: Path, flags: int) -> int:
        fd = super().open(path, flags)
        self._paths[fd] = path
        self._sizes.setdefault(path, 0)
        return fd

    def write(self, fd: int, data: bytes, offset: int) -> None:
        self._grow(fd, offset + len(data))
        super().write(fd, data, offset)

    def write_through(self, fd: int, parts: Sequence[bytes], offset: int) -> None:
        self.write(fd, b"".join(parts), offset)
        self.sync_data(fd)

    def allocate(self, fd: int, length: int) -> None:
        self._grow(fd, length)

    def truncate(self, fd: int, length: int) -> None:
        super().truncate(fd, length)
        self._sizes[self._paths[fd]] = length

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._sizes.pop(path, None)

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self._sizes[target] = self._sizes.pop(source)

    def _grow(self, fd: int, size: int) -> None:
        path = self._paths[fd]
        grown = max(size, self._sizes[path])
        if sum(self._sizes.values()) - self._sizes[path] + grown > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._sizes[path] = grown


async def fill(spool: DiskSpool) -> None:
    for number in count():
        await spool.accept(message(f"m{number}"), BODY)


async def filled(path: Path, disk: SmallDisk, settings: Settings = SETTINGS) -> DiskSpool:
    """A spool that has refused mail; then the rest of the disk is taken too."""
    spool = await DiskSpool.open(path, settings=settings, files=disk)
    with pytest.raises(SpoolFull, match="No space left"):
        await fill(spool)
    assert spool.pending > 5
    disk.room = sum(disk._sizes.values())
    with pytest.raises(SpoolFull):
        await spool.accept(message("small"), b"x")
    return spool


async def test_what_settles_finds_room(tmp_path: Path) -> None:
    disk = SmallDisk(OCTETS + 10 * len(BODY))
    spool = await filled(tmp_path / "0", disk)
    leases = await spool.lease("relay:a", NOW, 100, 100)
    # A failure's notice is a part of what settles.
    notice = message("notice", step("relay:b"))
    await spool.settle([Done(leases[0])], [(notice, BODY)])
    for lease in leases[1:]:
        await spool.settle([Done(lease)])
    assert [entry.message.id async for entry in spool.scan()] == ["notice"]
    await spool.close()


async def test_mail_is_taken_again_only_when_the_reserve_stands(tmp_path: Path) -> None:
    disk = SmallDisk(OCTETS + 10 * len(BODY))
    spool = await filled(tmp_path / "0", disk)
    first, *others = await spool.lease("relay:a", NOW, 100, 100)
    await spool.settle([Done(first)])
    with pytest.raises(SpoolFull):
        await spool.accept(message("small"), b"x")
    disk.room += 2 * OCTETS
    await spool.accept(message("small"), b"x")
    await spool.settle([Done(lease) for lease in others])
    await spool.close()


async def test_what_is_kept_to_be_written_again_gives_way(tmp_path: Path) -> None:
    disk = SmallDisk(OCTETS + 10 * len(BODY))
    settings = replace(SETTINGS, spare_segments=100)
    spool = await filled(tmp_path / "0", disk, settings)
    await spool.settle([Done(lease) for lease in await spool.lease("relay:a", NOW, 100, 100)])
    # Dead segments have all but the reserve's room, and somebody else takes some of that.
    async with asyncio.timeout(10):
        while not list((tmp_path / "0").glob("*.spare")):  # noqa: ASYNC110  (files tell no event)
            await asyncio.sleep(0.01)
    disk.room -= len(BODY)
    await spool.accept(message("small"), b"x")
    await spool.close()


async def test_a_restart_on_a_full_disk_settles(tmp_path: Path) -> None:
    disk = SmallDisk(OCTETS + 10 * len(BODY))
    spool = await filled(tmp_path / "0", disk)
    await spool.close()
    spool = await DiskSpool.open(tmp_path / "0", settings=SETTINGS, files=disk)
    await spool.settle([Done(lease) for lease in await spool.lease("relay:a", NOW, 100, 100)])
    assert spool.pending == 0
    await spool.close()
