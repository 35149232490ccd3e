"""What an operator has stopped stays stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatepost.daemon.suspensions import Suspensions
from gatepost.errors import ConfigError


def test_they_survive_a_restart(tmp_path: Path) -> None:
    first = Suspensions(tmp_path)
    first.add("relay:b")
    first.add("relay:a")
    first.add("relay:b")
    assert list(Suspensions(tmp_path)) == ["relay:a", "relay:b"]
    assert first.remove("relay:b")
    assert not first.remove("relay:b")
    assert list(Suspensions(tmp_path)) == ["relay:a"]


@pytest.mark.parametrize("content", ["", "{", "7", "[1"])
def test_an_unreadable_list_is_not_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "suspended.json").write_text(content)
    with pytest.raises(ConfigError, match=r"suspended\.json: cannot be read"):
        Suspensions(tmp_path)


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    suspensions = Suspensions(tmp_path)
    suspensions.add("relay:a")
    (tmp_path / "suspended.new").mkdir()
    with pytest.raises(IsADirectoryError):
        suspensions.add("relay:b")
    assert list(suspensions) == list(Suspensions(tmp_path)) == ["relay:a"]
