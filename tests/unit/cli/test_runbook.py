"""`gatepost runbook`: the way to the notebooks, and what is refused before one runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gatepost.cli.main import main

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", "")


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runbook"]) == 0
    expected = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert capsys.readouterr().out.split() == expected
    assert "microsoft_365" in expected


def test_parameters_are_listed_with_type_default_and_meaning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["runbook", "outbound_relay", "--parameters"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "outbound_port: int = 587  # its port" in lines
    assert all("  # " in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no_such"], "no no_such; there are google_workspace"),
        (["microsoft_365", "-p", "domian=x"], "no parameter domian"),
        (["microsoft_365", "-p", "locked_down=maybe"], "'maybe' is not a bool"),
        (["microsoft_365", "-p", "domain"], "is not NAME=VALUE"),
        (["microsoft_365", "-p", "domain=a", "-p", "domain=b"], "is given twice"),
        (
            ["microsoft_365", "-p", "certificate_file=-----BEGIN PRIVATE KEY-----x"],
            "holds a private key; give its path",
        ),
    ],
)
def test_refused_before_anything_runs(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert main(["runbook", *arguments, "--output", str(output)]) == 2
    assert told in capsys.readouterr().err
    assert not output.exists()


def test_a_collection_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runbook", "--collections", str(tmp_path)]) == 2
    assert "ansible-galaxy collection install" in capsys.readouterr().err
