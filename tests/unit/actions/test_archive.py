"""The archive: what is stored, that twice is once, what a crash leaves, and what is purged."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatepost.actions import archive_reading, durable
from gatepost.actions.archive import Archiving
from gatepost.actions.values import Archive, Task
from gatepost.delivery.values import Verdict
from tests.unit.actions.tasks import PLAIN, RECEIVED_AT, task

DAY = "2025-11-24"
NAME = "0A1B2C3D4E5F6G7H8J9K.eml"


def stored(root: Path, *tasks: Task, retention: float | None = None) -> list[Verdict]:
    archiving = Archiving(lambda name: Archive(name, root, retention))
    return [outcome.verdict for each in tasks for outcome in archiving(each)]


def test_a_message_is_a_file_and_a_line(tmp_path: Path) -> None:
    both = task("Archive", "archive:legal", "a@example.com", "b@example.com")
    assert stored(tmp_path, both) == [Verdict.DELIVERED] * 2
    folder = tmp_path / DAY
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "index.jsonl"]
    assert (folder / NAME).read_bytes() == PLAIN
    assert json.loads((folder / "index.jsonl").read_text()) == {
        "file": NAME,
        "id": "0A1B2C3D4E5F6G7H8J9K",
        "received": "2025-11-24T16:00:00+00:00",
        "mail_from": "ann@gmail.com",
        "recipients": ["a@example.com", "b@example.com"],
        "rule": "keep",
        "size": len(PLAIN),
        "sha256": hashlib.sha256(PLAIN).hexdigest(),
        "ingress": "edge",
        "source_ip": "192.0.2.1",
    }


def test_what_runs_twice_is_one_message(tmp_path: Path) -> None:
    recipients = [f"{number}@example.com" for number in range(3)]
    parts = [
        task("Archive", "archive:legal", *recipients, numbers=numbers)
        for numbers in ((0, 1), (2,), (0, 1))
    ]
    stored(tmp_path, *parts)
    (message,), faults = archive_reading.messages(tmp_path / DAY)
    assert message.recipients == recipients
    assert faults == []
    assert [*archive_reading.verify(tmp_path / DAY)] == []


def test_what_a_crash_tore_harms_no_other(tmp_path: Path) -> None:
    stored(tmp_path, task())
    index = tmp_path / DAY / "index.jsonl"
    (tmp_path / DAY / f".{NAME}.0").write_bytes(PLAIN[:3])
    index.write_text(index.read_text() + '{"file": "half')
    stored(tmp_path, task(id="1A1B2C3D4E5F6G7H8J9K"))
    messages, faults = archive_reading.messages(tmp_path / DAY)
    assert [each.id[:1] for each in messages] == ["0", "1"]
    assert faults == [f"{DAY}/index.jsonl: line 2 cannot be read"]


def test_a_file_that_is_half_there_is_written_again(tmp_path: Path) -> None:
    (tmp_path / DAY).mkdir()
    (tmp_path / DAY / NAME).write_bytes(PLAIN[:5])
    stored(tmp_path, task())
    assert (tmp_path / DAY / NAME).read_bytes() == PLAIN


def test_what_another_made_and_did_not_sync_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(tmp_path, task())
    synced: list[Path] = []
    monkeypatch.setattr(durable, "sync_folder", synced.append)
    stored(tmp_path, task(id="1A1B2C3D4E5F6G7H8J9K"))
    # The index, and then the day: another may have made them a moment ago, or ended before that.
    assert synced[-2:] == [tmp_path / DAY, tmp_path]


def test_many_at_once(tmp_path: Path) -> None:
    tasks = [task(id=f"{number:020d}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda each: stored(tmp_path, each), tasks)] == [[Verdict.DELIVERED]] * 40
    messages, faults = archive_reading.messages(tmp_path / DAY)
    assert (len(messages), faults) == (40, [])


@pytest.mark.parametrize("root", ["absent", "file"])
def test_a_disk_that_is_not_there_defers(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").touch()
    assert stored(tmp_path / root, task()) == [Verdict.DEFERRED]
    assert not (tmp_path / "absent").exists()


def test_what_is_verified(tmp_path: Path) -> None:
    stored(tmp_path, *(task(id=f"{number:020d}") for number in range(3)))
    folder = tmp_path / DAY
    (folder / f"{0:020d}.eml").unlink()
    (folder / f"{1:020d}.eml").write_bytes(PLAIN.upper())
    (folder / "9.eml").write_bytes(PLAIN)
    assert [*archive_reading.verify(folder)] == [
        f"{DAY}/{0:020d}.eml: No such file or directory",
        f"{DAY}/{1:020d}.eml: is not what was archived",
        f"{DAY}/9.eml: the index does not name it",
    ]


@pytest.mark.parametrize(
    "line",
    ['{"file": "../x.eml", "recipients": []}', '{"file": 1}', "[]", "\x00", '{"file": "a.eml"}'],
)
def test_a_hostile_index(tmp_path: Path, line: str) -> None:
    folder = tmp_path / DAY
    folder.mkdir()
    (folder / "index.jsonl").write_text(line + "\n")
    assert archive_reading.messages(folder) == ([], [f"{DAY}/index.jsonl: line 1 cannot be read"])


MIDNIGHT = 1_764_028_800.0  # the end of DAY
KEPT = 86400.0


def aged(root: Path) -> Archive:
    for name in (DAY, "2025-11-23", "2025-11-25", "2025-99-99", "notes", ".purged-2024-01-01"):
        (root / name).mkdir()
    (root / DAY / NAME).write_bytes(PLAIN)
    return Archive("legal", root, KEPT)


def left(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir())


def test_days_past_their_retention_go(tmp_path: Path) -> None:
    assert MIDNIGHT - RECEIVED_AT < 86400
    keeping = aged(tmp_path)
    # Each is seen to be past it, and a day later it goes.
    for now, gone in [
        (MIDNIGHT + KEPT - 1, []),
        (MIDNIGHT + KEPT, []),
        (MIDNIGHT + KEPT + 86400 - 2, []),
        (MIDNIGHT + KEPT + 86400 - 1, ["2025-11-23"]),
        (MIDNIGHT + KEPT + 86400, [DAY]),
    ]:
        assert archive_reading.purge(keeping, now) == gone
    assert left(tmp_path) == ["2025-11-25", "2025-99-99", "notes"]
    assert archive_reading.purge(Archive("legal", tmp_path), MIDNIGHT * 2) == []


def test_a_clock_that_leaps_and_comes_back_purges_nothing(tmp_path: Path) -> None:
    keeping = aged(tmp_path)
    everything = left(tmp_path)[1:]
    leapt = MIDNIGHT + 3650 * 86400
    for hour in range(24):
        assert archive_reading.purge(keeping, leapt + hour * 3600) == []
    assert archive_reading.purge(keeping, MIDNIGHT - 1) == []
    assert left(tmp_path) == everything
    # What it said is forgotten, so that a second leap is as the first.
    assert archive_reading.purge(keeping, leapt + 86400) == []
    assert left(tmp_path) == everything


@pytest.mark.parametrize("mark", ["", "nonsense", "nan", "inf", "1e99"])
def test_a_mark_that_says_no_time_is_made_anew(tmp_path: Path, mark: str) -> None:
    keeping = aged(tmp_path)
    (tmp_path / f".due-{DAY}").write_text(mark)
    now = MIDNIGHT + KEPT
    assert DAY not in archive_reading.purge(keeping, now)
    assert DAY in archive_reading.purge(keeping, now + 86400)
