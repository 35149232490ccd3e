"""Looking into a spool without owning it: read only, no lock, also beside a daemon at work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gatepost.spool.cards import Card
from gatepost.spool.files import Disk, Files, read_salvaging
from gatepost.spool.frame import scan
from gatepost.spool.interface import Entry, SpoolError
from gatepost.spool.layout import LOG, QUARANTINE, shards
from gatepost.spool.reader import Damaged, Reader
from gatepost.spool.records import whole
from gatepost.spool.recovery import Damage, Recovered, recover
from gatepost.spool.writer import failure

ATTEMPTS = 3

__all__ = ["Report", "entries", "shards", "verify"]


@dataclass(slots=True)
class Report:
    """What verify found. messages, steps, held: pending. octets: of pending messages. torn: octets
    of batches that no accept had returned for, after a crash. damage: regions that cannot be read.
    unreadable: ids of pending messages whose envelope or body is damaged. quarantined: files that
    were set aside."""

    shard: Path
    segments: int = 0
    messages: int = 0
    steps: int = 0
    held: int = 0
    octets: int = 0
    torn: int = 0
    damage: list[Damage] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.damage or self.unreadable)


def entries(shard: Path, *, files: Files | None = None) -> Iterator[Entry]:
    """Every pending step that can be read, in the order of the log. Raises SpoolError."""
    files = files or Disk()
    found = _load(shard, files)
    reader = Reader(shard, files)
    try:
        for card in found.index.oldest():
            try:
                message = reader.envelope(card.segment, card.where, card.identity)
            except SpoolError:
                continue  # settled and gone meanwhile, or damaged: verify tells
            for item in card.items:
                if found.index.item((card.id, item.number)) is not None:
                    yield item.entry(message)
    finally:
        reader.close()


def verify(shard: Path, *, files: Files | None = None) -> Report:
    """Read everything, bodies too, and report. Raises SpoolError where nothing can be said."""
    files = files or Disk()
    found = _load(shard, files)
    index = found.index
    report = Report(
        shard,
        segments=len(found.segments),
        messages=len(index.cards),
        steps=index.pending,
        held=index.held,
        octets=index.live,
        torn=found.torn,
        damage=list(found.damage),
    )
    _sealed(shard, files, found, report)
    reader = Reader(shard, files)
    try:
        report.unreadable = [card.id for card in index.oldest() if not _readable(reader, card)]
    finally:
        reader.close()
    try:
        report.quarantined = sorted(files.list(shard / QUARANTINE))
    except FileNotFoundError:
        report.quarantined = []
    except OSError as error:
        raise failure(error, shard / QUARANTINE) from error
    return report


def _load(shard: Path, files: Files) -> Recovered:
    """A daemon at work may take a segment away between listing and reading: then once more."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return recover(shard, files, writable=False)
        except SpoolError as error:
            if not isinstance(error.__cause__, FileNotFoundError) or not shard.exists():
                raise
    return recover(shard, files, writable=False)


def _sealed(shard: Path, files: Files, found: Recovered, report: Report) -> None:
    """recover trusts index files; here the segments themselves are read, to their known ends."""
    told = {(it.file, it.begin) for it in report.damage}
    for segment in found.segments:
        path = shard / segment.name(LOG)
        try:
            fd = files.open(path, os.O_RDONLY)
            try:
                content, _lost = read_salvaging(files, fd, segment.end, 0)
            finally:
                files.close(fd)
        except FileNotFoundError:
            continue  # given back meanwhile
        except OSError as error:
            raise failure(error, path) from error
        for begin, end in scan(content, segment.epoch, whole, segment.end).damage:
            if (path.name, begin) not in told:
                report.damage.append(Damage(path.name, begin, end, "the checksum does not match"))


def _readable(reader: Reader, card: Card) -> bool:
    try:
        reader.envelope(card.segment, card.where, card.identity)
        reader.body(card.segment, card.where)
    except Damaged:
        return False
    except SpoolError:
        return True  # not damage: gone meanwhile, or the device gave an error that damage tells
    return True
