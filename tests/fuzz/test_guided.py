"""The targets of the fuzzing that is guided by coverage, on the inputs where it begins and on what
it has found."""

from __future__ import annotations

import warnings

import pytest
from hypothesis.errors import HypothesisDeprecationWarning

from tests.fuzz.guided.seeds import SEEDS, words
from tests.fuzz.guided.targets import TARGETS


@pytest.mark.parametrize("target", SEEDS)
def test_every_seed_is_good(target: str) -> None:
    assert words(target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        for seed in SEEDS[target]():
            TARGETS[target](seed)


def test_every_target_has_seeds() -> None:
    assert list(TARGETS) == list(SEEDS)


def test_a_target_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(line: bytes) -> None:
        raise IndexError(line)

    monkeypatch.setattr("tests.fuzz.test_smtp.parse", wrong)
    with pytest.raises(IndexError):
        TARGETS["commands"](b"NOOP\r\n")
