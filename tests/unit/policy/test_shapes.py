"""Documents that are right in both spellings, and what is said of wrong ones."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.policy.documents import DocumentError, normalize
from gatepost.policy.quotas import excesses
from gatepost.policy.schema import SHAPES
from gatepost.policy.shapes import normalize as walk
from gatepost.policy.shapes import to_snake

CASES = yaml.safe_load((Path(__file__).parent / "shapes.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["right"], ids=lambda case: case["case"])
def test_right(case: dict[str, Any]) -> None:
    given = copy.deepcopy(case["given"])
    assert normalize(case["kind"], given) == case["made"]
    assert given == case["given"]


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["case"])
def test_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(DocumentError) as caught:
        normalize(case["kind"], case["given"])
    assert caught.value.path == case["path"]
    assert case["reason"] in caught.value.reason


def test_a_path_may_have_a_beginning() -> None:
    with pytest.raises(DocumentError) as caught:
        walk(SHAPES, "Rules", [{"actions": []}], "rules")
    assert caught.value.path == "rules[0].actions"


@pytest.mark.parametrize("value", [12345678, "short"])
def test_a_secret_is_never_in_an_error(value: object) -> None:
    with pytest.raises(DocumentError) as caught:
        walk(SHAPES, "IngressPointConfiguration", {"SmtpPassword": value})
    assert str(value) not in str(caught.value)


def test_a_response_in_snake_case_keeps_its_tags() -> None:
    response = {
        "ResponseMetadata": {"RequestId": "1"},
        "Tags": [{"Key": "CostCenter", "Value": "RuleSetName"}],
    }
    made = to_snake(SHAPES, "ListTagsForResourceResponse", response)
    assert made == {"tags": [{"Key": "CostCenter", "Value": "RuleSetName"}]}


def test_snake_case_and_back() -> None:
    for case in CASES["right"]:
        made = case["made"]
        assert normalize(case["kind"], to_snake(SHAPES, case["kind"], made)) == made


def test_quotas() -> None:
    relay = {"Relay": {"Relay": "r"}}
    document = {"Rules": [{"Actions": [relay] * 6}, {"Actions": [relay] * 5}]}
    assert [path for path, _ in excesses("RuleSet", document)] == ["Rules[1].Actions[4]"]
    assert excesses("RuleSet", {"Rules": [{"Actions": [relay] * 10}]}) == ()
    statements = {"PolicyStatements": [{"Conditions": [0] * 11}] * 21}
    assert [path for path, _ in excesses("TrafficPolicy", statements)][:2] == [
        "PolicyStatements",
        "PolicyStatements[0].Conditions",
    ]
