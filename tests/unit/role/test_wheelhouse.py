"""The wheelhouse's lock names the wheels that are made of sources, by their own hashes; what makes
them is locked too."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[3] / "roles/relay/files/wheelhouse.py"


@pytest.fixture(scope="module")
def wheelhouse() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wheelhouse", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_what_was_built_gets_another_hash(wheelhouse: ModuleType) -> None:
    lock = (
        "pyspf==2.0 ; python_version < '4' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "    # via gatepost\nspf==1 \\\n    --hash=sha256:cc\n    # via gatepost\n"
    )
    assert wheelhouse.with_hashes(lock, {"pyspf": "dd"}) == (
        "pyspf==2.0 ; python_version < '4' \\\n    --hash=sha256:dd\n"
        "    # via gatepost\nspf==1 \\\n    --hash=sha256:cc\n    # via gatepost\n"
    )


@pytest.mark.parametrize("extra", ["", "aws"])
def test_the_lock_has_what_is_built(wheelhouse: ModuleType, extra: str) -> None:
    built = dict.fromkeys(wheelhouse.SOURCE_ONLY, "0" * 64)
    made = wheelhouse.with_hashes(wheelhouse.REQUIREMENTS[extra].read_text("utf-8"), built)
    assert made.count("sha256:" + "0" * 64) == len(built)
    with pytest.raises(ValueError, match="does not have other"):
        wheelhouse.with_hashes(made, {"other": ""})


def test_an_extra_adds_to_what_every_host_has(wheelhouse: ModuleType) -> None:
    alone, aws = (
        set(re.findall(r"^[\w.-]+==\S+", wheelhouse.REQUIREMENTS[extra].read_text("utf-8"), re.M))
        for extra in ("", "aws")
    )
    assert alone < aws
    assert {each.partition("==")[0] for each in aws - alone} >= {"boto3", "botocore"}
    names = {wheelhouse.release_name(each) for each in wheelhouse.REQUIREMENTS.values()}
    assert len(names) == 2


def test_what_makes_wheels_is_locked(wheelhouse: ModuleType) -> None:
    lock = wheelhouse.BUILD_REQUIREMENTS.read_text("utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert {each.partition("==")[0] for each in entries} >= {"hatchling", "setuptools"}
    assert all("--hash=sha256:" in each for each in entries)
    tested = (FILE.parents[3] / "requirements/dev.txt").read_text()
    (hatchling,) = re.findall(r"^hatchling==\S+", lock, re.MULTILINE)
    assert f"\n{hatchling} " in tested


def test_nothing_is_fetched_or_built_without_a_lock(
    wheelhouse: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[tuple[str, ...], Path | None]] = []

    def pip(command: str, *arguments: str, path: Path | None = None) -> None:
        calls.append(((command, *arguments), path))
        if command == "download":
            for name in wheelhouse.SOURCE_ONLY:
                (tmp_path / f"{name}-1.tar.gz").touch()
        elif command == "wheel":
            name = Path(arguments[-1]).name.partition("-")[0]
            (tmp_path / f"{name}-1-py3-none-any.whl").touch()

    monkeypatch.setattr(wheelhouse, "pip", pip)
    wheelhouse.build(tmp_path, "3.11", "x86_64", wheelhouse.REQUIREMENTS[""])
    (install, _none), *rest = calls
    assert install[0] == "install"
    assert f"--requirement={wheelhouse.BUILD_REQUIREMENTS}" in install
    assert [call[0] for call, _path in rest] == ["wheel", "download", "wheel", "wheel"]
    (tools,) = {path for _call, path in rest}
    assert f"--target={tools}" in install
    for call, _path in calls:
        fetches = call[0] != "wheel"
        assert {"--require-hashes", "--no-deps"} <= {*call} if fetches else "--no-index" in call
        assert call is install or "--no-build-isolation" in call
