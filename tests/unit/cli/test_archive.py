"""`gatepost archive`: what it lists, prints and finds wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gatepost.actions.archive import Archiving
from gatepost.actions.values import Archive
from gatepost.cli.main import main
from tests.unit.actions.tasks import PLAIN, task
from tests.unit.config.conftest import GOOD

IDS = [f"{number:020d}" for number in range(3)]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The command on a file with one archive of three messages: status, output, errors."""
    archives = {"legal": {"path": "legal"}}
    document = {**GOOD, "bindings": {**GOOD["bindings"], "archives": archives}}
    (tmp_path / "gatepost.yml").write_text(yaml.safe_dump(document))
    (tmp_path / "legal").mkdir()
    archiving = Archiving(lambda name: Archive(name, tmp_path / "legal"))
    for each, recipient in zip(IDS, ("a@example.com", "b@example.com", "a\x1b[2J@x"), strict=True):
        archiving(task("Archive", "archive:legal", recipient, id=each))

    def call(command: str, *arguments: str) -> tuple[int, str, str]:
        status = main(["archive", command, "--config", str(tmp_path / "gatepost.yml"), *arguments])
        out, error = capfdbinary.readouterr()
        return status, out.decode(), error.decode()

    return call


def test_a_list(run: Run) -> None:
    status, out, _error = run("list")
    assert status == 0
    head, *lines = out.splitlines()
    assert head.split() == ["RECEIVED", "ID", "OCTETS", "FROM", "TO"]
    assert [line.split()[1] for line in lines] == IDS
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (("--recipient", "B@example.com"), IDS[1:2]),
        (("--sender", "ann@gmail.com"), IDS),
        (("--day", "2025-11-24"), IDS),
        (("--day", "2025-11-25"), []),
        (("--sender", "nobody@gmail.com"), []),
    ],
)
def test_a_choice(run: Run, conditions: tuple[str, ...], found: list[str]) -> None:
    status, out, _error = run("list", "--json", *conditions)
    assert [each["id"] for each in json.loads(out)] == found
    assert status == (0 if found else 1)


def test_a_message(run: Run) -> None:
    assert run("show", IDS[0]) == (0, PLAIN.decode(), "")
    status, out, error = run("show", "other")
    assert (status, out, error) == (1, "", "gatepost: other is not in the archive\n")


def test_what_is_wrong(run: Run, tmp_path: Path) -> None:
    assert run("verify") == (0, "1 days: sound\n", "")
    (file,) = tmp_path.glob(f"legal/*/{IDS[0]}.eml")
    file.write_bytes(b"")
    status, out, _error = run("verify", "--json")
    fault = f"2025-11-24/{IDS[0]}.eml: is not what was archived"
    assert (status, json.loads(out)) == (1, {"sound": False, "days": 1, "faults": [fault]})


def test_which_archive(run: Run) -> None:
    status, _out, error = run("list", "--archive", "other")
    assert status == 2
    assert error.endswith("--archive must name one of its archives: legal\n")
