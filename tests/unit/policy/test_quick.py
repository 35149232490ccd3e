"""Quick values are what dataclasses are."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass, field

import pytest

from gatepost.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Made:
    first: int
    second: str = "b"
    third: list[int] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True)
class Key:
    first: int
    second: str = "b"


def test_a_quick_value_is_a_dataclass() -> None:
    one = Made(1)
    assert repr(one) == "Made(first=1, second='b', third=[])"
    assert one == Made(1, "b", []) != Made(2)
    assert one.third is not Made(1).third
    assert dataclasses.asdict(one) == {"first": 1, "second": "b", "third": []}
    assert dataclasses.replace(one, first=2) == Made(2)
    assert pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(one, "__dict__")


def test_its_hash_is_that_of_its_fields() -> None:
    assert len({Key(1), Key(1), Key(2)}) == 2


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match=r"Made\.__init__\(\) missing .*'first'"):
        Made()  # type: ignore[call-arg]
