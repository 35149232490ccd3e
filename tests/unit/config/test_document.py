"""What workers are told of the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatepost.config import document, load
from gatepost.errors import ConfigError
from tests.unit.config.conftest import GOOD

FILE = Path("/etc/gatepost.yml")


def plain(text: str) -> object:
    return document.plain(FILE, document.parse(FILE, text))


def test_what_json_has_is_told_as_it_is() -> None:
    told = plain('a: [1, 1.5, yes, null, x]\nb: {c: "\u00e4"}\n')
    assert told == {"a": [1, 1.5, True, None, "x"], "b": {"c": "\u00e4"}}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("member", ["2026-01-01", "2026-01-01T10:00:00Z", "!!binary aGFsbG8="])
def test_what_json_has_not_is_a_string(member: str) -> None:
    told = plain(f"created_timestamp: {member}")
    assert isinstance(told, dict)
    assert isinstance(told["created_timestamp"], str)


def test_a_value_that_holds_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be told to a worker"):
        plain("a: &a [*a]")


def test_a_worker_makes_the_same_of_it() -> None:
    before = load(FILE, GOOD)
    after = load(FILE, document.plain(FILE, GOOD))
    assert (after.hostname, after.spool, after.limits) == (
        before.hostname,
        before.spool,
        before.limits,
    )
    assert after.rule_sets["main"].document == before.rule_sets["main"].document
