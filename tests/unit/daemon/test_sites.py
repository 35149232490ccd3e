"""The sites of a worker's queue: what purging their archives must not hold up."""

from __future__ import annotations

import asyncio
import copy
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.actions import archive_reading
from gatepost.config import load
from gatepost.daemon.sites import Reach
from tests.unit.config.conftest import GOOD


class Nothing:
    async def run(self, *_arguments: object) -> list[Any]:
        return []


async def test_an_archive_that_hangs_keeps_no_process_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python waits for the threads of an executor; a disk that hangs is waited for without end."""
    document = copy.deepcopy(GOOD)
    document["bindings"]["archives"] = {"legal": {"path": str(tmp_path), "retention": "1d"}}
    file = tmp_path / "gatepost.yml"
    file.write_text(yaml.safe_dump(document))
    threads: list[threading.Thread] = []
    hung, mended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def purge(*_arguments: object) -> list[str]:
        threads.append(threading.current_thread())
        loop.call_soon_threadsafe(hung.set)
        mended.wait()
        return ["2025-11-24"]

    monkeypatch.setattr(archive_reading, "purge", purge)
    events: list[str] = []
    reach = Reach(load(file), Nothing(), lambda event, /, **_fields: events.append(event))
    purging = asyncio.create_task(reach.purge(0.0))
    await hung.wait()
    assert [each.daemon for each in threads] == [True]
    mended.set()
    await purging
    assert events == ["Purge"]
