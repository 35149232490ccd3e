"""Bindings of analyzers: the examples of docs/verdicts.md, and by what spelling they are found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import analyzers, load
from gatepost.config.check import check, warnings
from gatepost.errors import ConfigError
from tests.unit.config.conftest import put

DOCS = Path(__file__).parents[3] / "docs" / "verdicts.md"
ARN = "arn:aws:ses:eu-west-1:111122223333:addon-instance/"


def examples() -> list[Any]:
    found = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    return [yaml.safe_load(each) for each in found]


def analysis(arn: str, field: str) -> dict[str, Any]:
    evaluate = {"Analysis": {"Analyzer": arn, "ResultField": field}}
    return {"VerdictExpression": {"Evaluate": evaluate, "Operator": "EQUALS", "Values": ["PASS"]}}


def test_the_examples_of_the_documentation(
    good: dict[str, Any], written: Callable[[Any], Path], tmp_path: Path
) -> None:
    rules, bindings = examples()
    good.update(rules)
    good["bindings"].update(bindings["bindings"])
    config = load(written(good))
    assert config.rule_sets["main"].needs == {"spf", "dkim", "dmarc"}
    rspamd, http = config.analyzers.values()
    assert (rspamd.kind, rspamd.url) == ("rspamd", "http://127.0.0.1:11333/checkv2")
    assert http.secret_file == tmp_path / "av.json"
    # Named by nobody, so that nothing of them is read.
    assert analyzers.targets(config) == {}


@pytest.mark.parametrize("key", ["ai-1", f"{ARN}ai-1"])
def test_by_id_and_by_arn(good: dict[str, Any], written: Callable[[Any], Path], key: str) -> None:
    binding = {"type": "rspamd", "url": "http://127.0.0.1:11333/scan"}
    put(good, "bindings.analyzers", {key: binding})
    put(good, "rule_sets.0.Rules.0.Conditions", [analysis(f"{ARN}ai-1", "GTUBE")])
    config = load(written(good))
    check(config)
    (target,) = analyzers.targets(config).values()
    assert target.url == "http://127.0.0.1:11333/scan"


@pytest.mark.parametrize("password", ["top secret\n", " top secret", "top\0secret", "\x7fsecret"])
def test_a_password_that_no_header_field_can_carry(
    good: dict[str, Any], written: Callable[[Any], Path], tmp_path: Path, password: str
) -> None:
    (tmp_path / "av.json").write_text(json.dumps({"password": password}))
    binding = {"type": "http", "url": "http://127.0.0.1:1", "secret_file": "av.json"}
    put(good, "bindings.analyzers", {"ai-1": binding})
    put(good, "rule_sets.0.Rules.0.Conditions", [analysis(f"{ARN}ai-1", "x")])
    with pytest.raises(ConfigError, match="HTTP cannot carry") as raised:
        check(load(written(good)))
    assert raised.value.path == "bindings.analyzers.ai-1.secret_file"
    assert "secret" not in raised.value.reason.replace("secret_file", "")


def test_another_key_is_another_analyzer(
    good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    put(good, "bindings.analyzers", {"ai-2": {"type": "http", "url": "http://127.0.0.1:1"}})
    put(good, "rule_sets.0.Rules.0.Unless", [analysis(f"{ARN}ai-1", "x")])
    with pytest.raises(ConfigError, match="is not bound") as raised:
        check(load(written(good)))
    assert raised.value.path == (
        "rule_sets[0].Rules[0].Unless[0].VerdictExpression.Evaluate.Analysis.Analyzer"
    )


def test_what_goes_over_a_network_in_the_clear_is_said(
    good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    near = ("http://127.0.0.1:1", "http://[::1]:1/x", "http://localhost:1", "https://a.example")
    bound = {f"near-{n}": {"type": "http", "url": url} for n, url in enumerate(near)}
    far = {"far": {"type": "rspamd", "url": "http://spam.example:11333"}}
    put(good, "bindings.analyzers", bound | far)
    put(
        good,
        "bindings.mailboxes",
        {
            "m-1": {"lmtp": "unix:/run/lmtp"},
            "m-2": {"lmtp": "127.0.0.1:24"},
            "m-3": {"lmtp": "10.0.0.1:24"},
        },
    )
    put(good, "bindings.applications", {"app": {"lmtp": "mail.example:24"}})
    endpoints = {"s3": "http://s3.example", "sns": "https://sns.example", "sts": "http://127.0.0.1"}
    put(good, "aws", {"region": "eu-west-1", "endpoints": endpoints})
    said = [line for line in warnings(load(written(good))) if "in the clear" in line]
    assert said == [
        "bindings.analyzers.far.url: messages go to spam.example in the clear",
        "aws.endpoints.s3: messages go to s3.example in the clear",
        "bindings.mailboxes.m-3.lmtp: messages go to 10.0.0.1 in the clear",
        "bindings.applications.app.lmtp: messages go to mail.example in the clear",
    ]
