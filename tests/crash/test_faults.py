"""ENOSPC, EIO and a disk that became read-only, at every operation of the disk engine: the caller
hears of it, what was promised stays, what was refused never appears, and the spool works on."""

from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from unit.spool.builders import NOW, message

from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Done, SpoolError, SpoolFull

from . import simulated, tables

SETTINGS = Settings(segment_size=1500, low_space=0, spare_segments=1)
# What a disk that is read-only refuses; open, as it is asked to create.
CHANGES = ("open", "allocate", "write", "truncate", "sync_data", "rename", "unlink")
FOREVER = 1 << 30


class Fault:
    """Makes the number-th of the named operations fail, and `more` after it."""

    def __init__(self, operations: tuple[str, ...], number: int, code: int, more: int = 0) -> None:
        self._operations = operations
        self._range = range(number, number + more + 1)
        self._code = code
        self._seen = -1
        self.hit = False

    def __call__(self, operation: str) -> None:
        if operation in self._operations:
            self._seen += 1
            if self._seen in self._range:
                self.hit = True
                raise OSError(self._code, "injected")


@pytest.mark.parametrize("code", tables.DISK_ERRORS)
@pytest.mark.parametrize("operation", tables.OPERATIONS)
async def test_one_fault(tmp_path: Path, operation: str, code: int) -> None:
    number = refused = 0
    while True:
        fault = Fault((operation,), number, code)
        refused += await work(tmp_path, fault, code)
        if not fault.hit:
            break
        number += 1
    assert number > 0, f"{operation} was never tried"
    row = f"{errno.errorcode[code]} at {operation}"
    tables.record(tables.ERRORS, row, number, refused, 0)


async def test_a_broken_disk_for_a_while(tmp_path: Path) -> None:
    operations = ("write", "sync_data", "truncate")
    places = range(0, 60, 3)
    refused = [await work(tmp_path, Fault(operations, it, errno.EIO, 6), 0) for it in places]
    tables.record(tables.ERRORS, tables.BROKEN, len(places), sum(refused), 0)


async def test_a_disk_that_becomes_read_only(tmp_path: Path) -> None:
    number = refused = 0
    while True:
        fault = Fault(CHANGES, number, errno.EROFS, FOREVER)
        # None is refused where only the removal of segments fails, after the last of the mail.
        refused += await work(tmp_path, fault, errno.EROFS)
        if not fault.hit:
            break
        number += 1
    assert refused > number, "mail was taken that no disk could keep"
    tables.record(tables.ERRORS, tables.READ_ONLY, number, refused, 0)


async def work(path: Path, fault: Fault, code: int) -> int:
    """Accepts and settles; how many were refused."""
    files = simulated.SimulatedFiles()
    spool = await DiskSpool.open(path, settings=SETTINGS, files=files)
    files.before = fault
    must: dict[str, bytes] = {}
    kinds: Counter[type[SpoolError]] = Counter()
    for number in range(25):
        name = f"m{number}"
        body = Random(number).randbytes(number * 20)
        try:
            await spool.accept(message(name), body)
            must[name] = body
        except SpoolError as error:
            kinds[type(error)] += 1
        if number % 4 == 3:
            for lease in await spool.lease("relay:a", NOW, 3, 1e6):
                gone = lease.entry.message.id
                try:
                    await spool.settle([Done(lease)])
                except SpoolError:
                    continue
                del must[gone]
    await same(spool, must)
    files.before = lambda _operation: None
    await spool.accept(message("last"), b"last")
    must["last"] = b"last"
    state = files.state.outage(Random(1))
    await spool.close()
    for left in (state, files.state):
        after = simulated.SimulatedFiles(left)
        spool = await DiskSpool.open(path, settings=SETTINGS, files=after)
        assert spool.statistics()["damaged"] == 0
        await same(spool, must)
        await spool.close()
    assert set(kinds) <= {SpoolFull if code == errno.ENOSPC else SpoolError}
    return kinds.total()


async def same(spool: DiskSpool, must: dict[str, bytes]) -> None:
    found = {entry.message.id async for entry in spool.scan()}
    assert found == must.keys(), (found - must.keys(), must.keys() - found)
    for name, body in must.items():
        assert await spool.body(name) == body
