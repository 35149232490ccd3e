"""The wheelhouse's lock names the wheels that are made of sources, by their own hashes."""

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
