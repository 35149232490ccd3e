"""The cases of tests/policy/cases, on the engine and on the reference.

Promises: each case says what must come out, and both must yield it; every kind of condition, every
operator and every action of the schema stands in some case.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.policy import schema
from gatepost.policy.documents import normalize
from gatepost.policy.message import Message
from gatepost.policy.values import Session, Verdicts
from tests.policy import comparing, reference

# What the schema says, by shape.
SHAPES: dict[str, Any] = {**schema.SHAPES}

CASES = Path(__file__).parent / "cases"


def load(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8"))
    return found


def ids(case: dict[str, Any]) -> str:
    return str(case["case"])


def session_of(given: dict[str, Any]) -> Session:
    certificate = given.get("certificate", {})
    return Session(
        given.get("source_ip", "192.0.2.1"),
        given.get("helo", "mail.example.org"),
        given.get("tls"),
        certificate and {name: tuple(values) for name, values in certificate.items()},
    )


def message_of(given: dict[str, Any]) -> Message:
    header = "".join(f"{line}\r\n" for line in given.get("header", ["Subject: none"]))
    body = f"{header}\r\n".encode()
    body += b"x" * (given.get("size", 0) - len(body))
    return Message(body, given.get("mail_from", "sender@example.org"))


def verdicts_of(given: dict[str, Any]) -> Verdicts:
    analysis = {("arn:a", field): value for field, value in given.get("analysis", {}).items()}
    return Verdicts(given.get("spf"), given.get("dkim"), given.get("dmarc"), analysis)


def planned(rules: list[Any], given: dict[str, Any]) -> reference.Planned:
    made, expected = comparing.plans(
        {"RuleSetName": "main", "Rules": rules},
        session_of(given),
        message_of(given),
        given.get("recipient", "a@example.com"),
        verdicts_of(given),
        given.get("lists", {}),
    )
    assert made == expected
    return made


@pytest.mark.parametrize("case", load("conditions"), ids=ids)
def test_conditions(case: dict[str, Any]) -> None:
    looked = 0
    for outcome, truth in {"holds": True, "fails": False, "unknown": None}.items():
        for given in case.get(outcome, []):
            made = planned([{"conditions": [case["condition"]], "actions": [{"drop": {}}]}], given)
            assert made.trace[0].matched is truth, given
            unless = planned([{"unless": [case["condition"]], "actions": [{"drop": {}}]}], given)
            assert unless.trace[0].matched is reference.negation(truth), given
            looked += 1
    assert looked


@pytest.mark.parametrize("case", load("plans"), ids=ids)
def test_plans(case: dict[str, Any]) -> None:
    made = planned(case["rules"], case.get("given", {}))
    words = {True: "true", False: "false", None: "null"}
    assert [f"{e.place} {words[e.matched]} {e.recipient}" for e in made.trace] == case["trace"]
    assert list(map(line, made.effects)) == case["effects"]
    assert made.final == case["final"]
    assert made.undecided == set(case.get("undecided", []))


def line(effect: reference.Done) -> str:
    start = f"{effect.place} {effect.action} {effect.recipient} {effect.target or '-'}"
    return " ".join([start, *(f"{name}={value}" for name, value in effect.headers)])


@pytest.mark.parametrize("case", load("admissions"), ids=ids)
def test_admissions(case: dict[str, Any]) -> None:
    policy = policy_of(case)
    domains = case.get("verified_domains")
    looked = 0
    for outcome, admitted in {"admits": True, "refuses": False, "unknown": None}.items():
        for given in case.get(outcome, []):
            made, expected = comparing.admissions(
                policy,
                session_of(given),
                given.get("recipient", "a@example.com"),
                verdicts_of(given),
                given.get("lists", {}),
                case.get("tls_policy", "OPTIONAL"),
                None if domains is None else frozenset(domains),
            )
            assert made == expected
            assert made.admitted is admitted, given
            assert made.by == given.get("by", made.by)
            looked += 1
    assert looked


def policy_of(case: dict[str, Any]) -> dict[str, Any] | None:
    if "condition" in case:
        statement = {"Action": "ALLOW", "Conditions": [case["condition"]]}
        rest = {"PolicyStatements": [statement], "DefaultAction": "DENY"}
        return {"TrafficPolicyName": "edge", **rest}
    return {"traffic_policy_name": "edge", **case["policy"]} if "policy" in case else None


def test_everything_stands_in_some_case() -> None:
    rules = [{"conditions": [each["condition"]], "actions": [{"drop": {}}]} for each in CONDITIONS]
    rules += [rule for each in load("plans") for rule in each["rules"]]
    sets = [normalize("RuleSet", {"rule_set_name": "main", "rules": [rule]}) for rule in rules]
    policies = [
        normalize("TrafficPolicy", policy_of(each) or NOTHING) for each in load("admissions")
    ]
    used = {part for each in (*sets, *policies) for part in parts(each)}
    for shape in ("RuleCondition", "PolicyCondition", "RuleAction"):
        assert set(SHAPES[shape]["members"]) <= used
    for shape, described in SHAPES.items():
        if shape.startswith("Rule") and shape.endswith(("Operator", "EmailAttribute")):
            assert set(described["enum"]) <= used, shape
    assert {"MINIMUM_TLS_VERSION", "IS", "SENDER_IP", "SENDER_IPV6"} <= used


CONDITIONS = load("conditions")
NOTHING = {"TrafficPolicyName": "edge", "PolicyStatements": [], "DefaultAction": "ALLOW"}


def parts(value: Any) -> Iterator[str]:
    """Every key and every string in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from parts(each)
