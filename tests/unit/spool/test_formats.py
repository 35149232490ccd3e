"""A shard of a newer format is refused by what opens it and by what judges it, untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.spool.builders import message

from gatepost.spool import formats
from gatepost.spool.check import problem
from gatepost.spool.disk import DiskSpool
from gatepost.spool.interface import SpoolError


async def fill(shard: Path) -> None:
    spool = await DiskSpool.open(shard)
    await spool.accept(message("a"), b"body\r\n")
    await spool.close()


async def test_the_first_format_needs_no_mark(tmp_path: Path) -> None:
    await fill(tmp_path / "0")
    assert not (tmp_path / "0" / "format").exists()


async def test_a_newer_release_marks_the_shard_and_keeps_its_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "0")
    monkeypatch.setattr(formats, "FORMAT", 2)
    monkeypatch.setattr(formats, "READABLE", frozenset({1, 2}))
    spool = await DiskSpool.open(tmp_path / "0")
    assert spool.pending == 1
    await spool.close()
    assert (tmp_path / "0" / "format").read_text() == "2\n"


@pytest.mark.parametrize("mark", ["2\n", "", "one", "1 2", "²"])
async def test_an_unknown_format_is_refused_untouched(tmp_path: Path, mark: str) -> None:
    shard = tmp_path / "0"
    await fill(shard)
    (shard / "format").write_text(mark, encoding="utf-8")
    before = {file.name: file.read_bytes() for file in shard.iterdir()}
    with pytest.raises(SpoolError, match=r"holds format .* and this release reads 1"):
        await DiskSpool.open(shard)
    assert "0 holds format" in (problem(tmp_path) or "")
    assert {file.name: file.read_bytes() for file in shard.iterdir()} == before


async def test_a_release_that_writes_less_than_it_reads_keeps_the_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "0")
    (tmp_path / "0" / "format").write_text("2\n")
    monkeypatch.setattr(formats, "READABLE", frozenset({1, 2}))
    spool = await DiskSpool.open(tmp_path / "0")
    await spool.close()
    assert (tmp_path / "0" / "format").read_text() == "2\n"
