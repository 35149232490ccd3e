"""The disk engine keeps the promises of the Spool, with large segments and with tiny ones."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.spool.disk import DiskSpool, Settings

from .conformance import Conformance


class DiskHarness:
    """crash: what the files hold at that moment is opened elsewhere."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path = path
        self._settings = settings
        self._opened: list[DiskSpool] = []
        self._copies = 0

    async def open(self) -> DiskSpool:
        spool = await DiskSpool.open(self._path, settings=self._settings)
        self._opened.append(spool)
        return spool

    async def close(self) -> None:
        await self._opened[-1].close()

    async def crash(self) -> None:
        self._copies += 1
        copy = self._path.with_name(f"copy{self._copies}")
        copied = threading.Event()

        def copy_between_batches() -> None:
            shutil.copytree(self._path, copy)
            copied.set()

        self._opened[-1]._writer.call(copy_between_batches)
        await asyncio.to_thread(copied.wait)
        await self.close()
        self._path = copy

    async def end(self) -> None:
        for spool in self._opened:
            await spool.close()


@pytest.fixture(params=[64 * 1024 * 1024, 600], ids=["large", "tiny"])
async def harness(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[DiskHarness]:
    harness = DiskHarness(tmp_path / "0", Settings(segment_size=request.param, low_space=0))
    yield harness
    await harness.end()


class TestDisk(Conformance):
    pass
