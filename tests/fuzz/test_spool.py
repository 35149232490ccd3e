"""Hostile bytes in a spool directory: it opens, or says why not with a SpoolError; what lies before
the damage is recovered, bit for bit."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
from unit.spool.builders import NOW, message

from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.inspect import entries, verify
from gatepost.spool.interface import Done, SpoolError
from tests import budget

ROUNDS = budget.of(40, 400)
SETTINGS = Settings(segment_size=4000, low_space=0)


async def filled(path: Path) -> dict[str, bytes]:
    spool = await DiskSpool.open(path, settings=SETTINGS)
    bodies = {}
    for number in range(24):
        name = f"m{number:02}"
        bodies[name] = Random(number).randbytes(number * 17)
        await spool.accept(message(name), bodies[name])
    for lease in await spool.lease("relay:a", NOW, 6, 60):
        await spool.settle([Done(lease)])
        del bodies[lease.entry.message.id]
    await spool.close()
    return bodies


def spoil(path: Path, random: Random) -> None:
    content = bytearray(path.read_bytes())
    at = random.randrange(len(content)) if content else 0
    kind = random.choice(("flip", "cut", "noise", "grow", "zero"))
    if kind == "flip" and content:
        content[at] ^= 1 << random.randrange(8)
    elif kind == "cut":
        del content[at:]
    elif kind == "noise":
        content[at : at + 64] = random.randbytes(64)
    elif kind == "zero":
        content[at : at + 256] = bytes(len(content[at : at + 256]))
    else:
        content += random.randbytes(random.randrange(300))
    path.write_bytes(content)


@pytest.mark.parametrize("chunk", range(4))
async def test_spoiled_files(tmp_path: Path, chunk: int) -> None:
    good = tmp_path / "good"
    bodies = await filled(good)
    for number in range(ROUNDS):
        random = Random(chunk * 100_000 + number)
        bad = tmp_path / f"bad{number}"
        shutil.copytree(good, bad)
        files = sorted(it for it in bad.iterdir() if it.suffix in (".log", ".index"))
        if random.random() < 0.5:
            for index in bad.glob("*.index"):
                index.unlink()
            files = [it for it in files if it.suffix == ".log"]
        victim = random.choice(files)
        spoil(victim, random)
        try:
            verify(bad)
            list(entries(bad))
            spool = await DiskSpool.open(bad, settings=SETTINGS)
        except SpoolError:
            continue
        found = {entry.message.id async for entry in spool.scan()}
        for name in found & bodies.keys():
            try:
                assert await spool.body(name) == bodies[name]
            except SpoolError:
                assert victim.suffix == ".log"
        if victim.suffix == ".index":
            assert found == bodies.keys(), "an index file is derived: nothing may be missing"
        await spool.accept(message("new"), b"new")
        assert await spool.body("new") == b"new"
        await spool.close()


async def test_what_lies_before_the_damage_is_recovered(tmp_path: Path) -> None:
    settings = Settings(low_space=0)
    spool = await DiskSpool.open(tmp_path / "0", settings=settings)
    for number in range(20):
        await spool.accept(message(f"m{number:02}"), b"x" * 100)
    await spool.close()
    (log,) = (tmp_path / "0").glob("*.log")
    (index,) = (tmp_path / "0").glob("*.index")
    index.unlink()
    content = bytearray(log.read_bytes())
    content[content.index(b'"m10"')] ^= 1
    log.write_bytes(content)
    spool = await DiskSpool.open(tmp_path / "0", settings=settings)
    found = {entry.message.id async for entry in spool.scan()}
    assert found == {f"m{number:02}" for number in range(20)} - {"m10"}
    assert spool.statistics()["damaged"] == 1
    await spool.close()


async def test_noise_is_not_a_spool(tmp_path: Path) -> None:
    random = Random(5)
    for number in range(30):
        shard = tmp_path / str(number)
        shard.mkdir()
        for segment in range(3):
            name = f"{segment + 1:012d}-{random.getrandbits(64):016x}"
            (shard / f"{name}.log").write_bytes(random.randbytes(random.randrange(3000)))
            (shard / f"{name}.index").write_bytes(random.randbytes(random.randrange(200)))
        spool = await DiskSpool.open(shard, settings=SETTINGS)
        await spool.accept(message("m"), b"body")
        await spool.close()
        spool = await DiskSpool.open(shard, settings=SETTINGS)
        assert [entry.message.id async for entry in spool.scan()] == ["m"]
        await spool.close()
