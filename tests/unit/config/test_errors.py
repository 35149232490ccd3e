"""Every wrong file is refused with its file, path and reason (errors.yaml)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import ConfigError, load
from tests.unit.config.conftest import put

CASES = yaml.safe_load((Path(__file__).parent / "errors.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_wrong_file(
    case: dict[str, Any], good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    if "text" not in case:
        good.update(case.get("also", {}))
        put(good, case["at"], case.get("put"))
    file = written(case.get("text", good))
    with pytest.raises(ConfigError) as raised:
        load(file)
    assert raised.value.file == str(file)
    assert raised.value.path == case["path"]
    assert case["reason"] in raised.value.reason
    assert "\n" not in str(raised.value)


def test_the_file_that_the_cases_change_is_good(
    good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    load(written(good))


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"\xff", "is not UTF-8 (octet 0)")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "gatepost.yml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"gatepost\.yml") as raised:
        load(file)
    assert reason in raised.value.reason
