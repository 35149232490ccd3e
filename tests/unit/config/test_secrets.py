"""Secrets that the daemon judges by: errors tell what is wrong, and nothing that a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatepost.config.secrets import read_password, srs_keys
from gatepost.errors import ConfigError

FILE = Path("/etc/gatepost/gatepostd.yml")
KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("read", "content", "found"),
    [
        (read_password, b'{"password": "p\xc3\xa4ss"}', "p\u00e4ss".encode()),
        (srs_keys, f'{{"keys": ["{KEY}", "{KEY}2"]}}'.encode(), (KEY.encode(), f"{KEY}2".encode())),
    ],
)
def test_what_it_holds(tmp_path: Path, read: Any, content: bytes, found: Any) -> None:
    secret = tmp_path / "s.json"
    secret.write_bytes(content)
    assert read(FILE, "secret_file", secret) == found


@pytest.mark.parametrize(
    ("read", "content", "reason"),
    [
        (read_password, b"hunter2", "is not JSON"),
        (read_password, b"\xff\xfehunter2", "is not JSON"),
        (read_password, b"[" * 100_000, "is not JSON"),
        (read_password, b'["hunter2"]', "must hold exactly the member"),
        (read_password, b'{"password": "hunter2", "user": "x"}', "must hold exactly the member"),
        (read_password, b'{"password": ["hunter2"]}', "must be a string that is not empty"),
        (read_password, b'{"password": ""}', "must be a string that is not empty"),
        (read_password, b'{"password": "hunter2\\ud800"}', "holds a lone surrogate"),
        (srs_keys, b'{"keys": []}', "must be a list that is not empty"),
        (srs_keys, b'{"keys": ["hunter2"]}', "at least 16 characters"),
        (srs_keys, b'{"keys": ["hunter2hunter2hunter2\\udfff"]}', "holds a lone surrogate"),
    ],
)
def test_what_is_wrong(tmp_path: Path, read: Any, content: bytes, reason: str) -> None:
    secret = tmp_path / "s.json"
    secret.write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as raised:
        read(FILE, "a.secret_file", secret)
    assert (raised.value.path, "hunter2" in str(raised.value)) == ("a.secret_file", False)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"s\.json: No such file"):
        srs_keys(FILE, "bounce.secret_file", tmp_path / "s.json")
