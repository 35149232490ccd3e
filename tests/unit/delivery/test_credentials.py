"""Secret files: exact, named in errors, never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatepost.delivery.credentials import SecretError, SecretFiles
from gatepost.delivery.values import Credentials

SECRET = "s3cret-value"

WRONG = [
    (b"", "is not JSON"),
    (b"\xff", "is not JSON"),
    (b"[" * 100000, "has more than 65536 octets"),
    (b"[" * 60000, "is not JSON"),
    (b'"s3cret-value"', "is not a JSON object"),
    (b'{"password": "s3cret-value"}', 'has no member "username"'),
    (b'{"username": "u"}', 'has no member "password"'),
    (b'{"username": "u", "password": "s3cret-value", "x": 1}', "members other than"),
    (b'{"username": "u", "password": 1}', '"password" must be a string'),
    (b'{"username": "", "password": "s3cret-value"}', '"username" must be a string'),
    (b'{"username": "u", "password": "s3cret-value\\u0000"}', "AUTH cannot carry"),
    (b'{"username": "u", "password": "s3cret-value\\ud800"}', "AUTH cannot carry"),
    (b'{"access_token": "s3cret-value"}', 'has no member "username"'),
    (b'{"username": "u", "password": "p", "access_token": "s3cret-value"}', "members other than"),
    (b'{"username": "u", "access_token": ""}', '"access_token" must be a string'),
    (b'{"username": "u", "access_token": "s3cret-value\\n"}', "AUTH cannot carry"),
    (b'{"username": "u\\u0001", "access_token": "s3cret-value"}', "AUTH cannot carry"),
]


@pytest.mark.parametrize(("content", "reason"), WRONG)
def test_wrong(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "relay.json"
    file.write_bytes(content)
    with pytest.raises(SecretError) as caught:
        SecretFiles().get(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match=r"none\.json: cannot be read: No such file"):
        SecretFiles().get(tmp_path / "none.json")
    with pytest.raises(SecretError, match="Is a directory"):
        SecretFiles().get(tmp_path)


def write(file: Path, password: str) -> Credentials:
    file.write_text(json.dumps({"username": "u", "password": password}))
    return Credentials("u", password)


def test_read_once_and_again_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "relay.json"
    secrets = SecretFiles()
    first = write(file, "one")
    assert secrets.get(str(file)) == first
    second = write(file, "two")
    assert secrets.get(file) == first
    assert secrets.reload(file) == second
    third = write(file, "three")
    secrets.forget()
    assert secrets.get(file) == third


def test_the_last_good_value_stays_in_force(tmp_path: Path) -> None:
    file = tmp_path / "relay.json"
    secrets = SecretFiles()
    good = write(file, "one")
    assert secrets.get(file) == good
    file.write_text("{")
    assert secrets.reload(file) == good
    file.unlink()
    secrets.forget()
    assert secrets.get(file) == good


def test_credentials_are_never_shown() -> None:
    assert SECRET not in repr(Credentials("u", SECRET))
    assert SECRET not in str(Credentials("u", SECRET))


def renew(file: Path, token: str) -> Credentials:
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"username": "u", "access_token": token}))
    new.rename(file)
    return Credentials("u", token, token=True)


def test_a_renewed_token_is_read_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "relay.json"
    secrets = SecretFiles()
    first = renew(file, "one")
    assert secrets.get(file) == first
    assert "one" not in repr(first)
    second = renew(file, "two")
    assert secrets.get(file) == second
    file.unlink()
    assert secrets.get(file) == second
    file.write_text('{"username": "u", "acc')
    assert secrets.get(file) == second
    third = renew(file, "three")
    assert secrets.get(file) == third
