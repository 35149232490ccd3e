"""How the documents of a file find each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepost.config import load
from gatepost.config.check import warnings
from tests.unit.config.conftest import put

ARN = "arn:aws:ses:eu-west-1:123456789012:mailmanager-smtp-relay/r-0123456789"


@pytest.mark.parametrize("spelling", ["next", "r-0123456789", ARN])
def test_a_relay_is_called_by_its_name_however_a_rule_spells_it(
    good: dict[str, Any], written: Callable[[Any], Path], spelling: str
) -> None:
    put(good, "relays.0.RelayId", "r-0123456789")
    put(good, "rule_sets.0.Rules.0.Actions.0.Relay.Relay", spelling)
    (rule,) = load(written(good)).rule_sets["main"].rules
    (action,) = rule.actions
    assert action.target == "next"
    assert action.parameters["Relay"] == "next"


def test_rules_that_together_take_everything_are_no_reason_to_warn(
    good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    (rule,) = good["rule_sets"][0]["Rules"]
    expected = "rule_sets[0].Rules: mail that no rule delivers is accepted and goes nowhere"
    assert warnings(load(written(good))) == (expected,)
    good["rule_sets"][0]["Rules"].append({"Unless": rule["Conditions"], "Actions": rule["Actions"]})
    assert warnings(load(written(good))) == ()
