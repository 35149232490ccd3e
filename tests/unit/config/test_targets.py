"""What an action needs that no file can show: boto3."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepost.config import load
from gatepost.config.check import check
from gatepost.errors import ConfigError
from tests.unit.config.conftest import put

ROLE = "arn:aws:iam::111122223333:role/mail"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:mail"
ACTIONS: list[dict[str, Any]] = [
    {"WriteToS3": {"S3Bucket": "mail", "RoleArn": ROLE}},
    {"PublishToSns": {"TopicArn": TOPIC, "RoleArn": ROLE}},
    {
        "InvokeLambda": {
            "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
            "InvocationType": "EVENT",
            "RoleArn": ROLE,
        }
    },
]


@pytest.mark.parametrize("action", ACTIONS, ids=[name for each in ACTIONS for name in each])
def test_boto3_must_be_installed(
    good: dict[str, Any],
    written: Callable[[Any], Path],
    action: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(good, "rule_sets.0.Rules.0.Actions", [action])
    put(good, "aws.region", "eu-west-1")
    config = load(written(good))
    check(config)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "boto3" else find(name)
    )
    with pytest.raises(ConfigError) as raised:
        check(config)
    (name,) = action
    assert raised.value.path == f"rule_sets[0].Rules[0].Actions[0].{name}"
    assert raised.value.reason == "needs boto3: install gatepost[aws]"
