"""Policies and service principals: one statement, changed in one way a case."""

import json
from typing import Any

import pytest

from emulators.aws.access import Request, decide

REQUEST = Request(
    service="ses.amazonaws.com",
    action="kms:Decrypt",
    resource="arn:aws:kms:us-east-1:111122223333:key/k",
    context={
        "aws:SourceAccount": "111122223333",
        "aws:SourceArn": "arn:aws:ses:us-east-1:111122223333:mailmanager-smtp-relay/r-1",
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
    },
)

ALLOW = {
    "Sid": "S",
    "Effect": "Allow",
    "Principal": {"Service": "ses.amazonaws.com"},
    "Action": ["kms:Decrypt", "kms:DescribeKey"],
    "Resource": "*",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ses:us-east-1:111122223333:mailmanager-smtp-relay/*"},
    },
}
ACCOUNT_ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["a.amazonaws.com", "ses.amazonaws.com"]}}, True),
        ({"Principal": ACCOUNT_ROOT}, False),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Action": "kms:*"}, True),
        ({"Action": "KMS:decrypt"}, True),
        ({"Action": "kms:Encrypt"}, False),
        ({"Action": "*"}, True),
        ({"Resource": "arn:aws:kms:us-east-1:111122223333:key/other"}, False),
        ({"Resource": "arn:aws:kms:us-east-1:111122223333:key/?"}, True),
        (when("StringEquals", "aws:SourceAccount", ["1", "111122223333"]), True),
        (when("StringEquals", "AWS:sourceaccount", "111122223333"), True),
        (when("StringEquals", "aws:SourceAccount", "1"), False),
        (when("StringNotEquals", "aws:SourceAccount", ["1", "111122223333"]), False),
        (when("StringNotEquals", "aws:SourceAccount", ["1", "2"]), True),
        (when("StringLike", "aws:SourceAccount", "1111*"), True),
        (when("ArnLike", "aws:SourceArn", "arn:aws:ses:*:111122223333:mailmanager-*"), True),
        (when("ArnLike", "aws:SourceArn", "arn:aws:*"), False),
        (when("ArnLike", "aws:SourceArn", "arn:aws:ses:eu-west-1:111122223333:*"), False),
        (when("StringEquals", "aws:SourceVpc", "v"), False),
        (when("StringEqualsIfExists", "aws:SourceVpc", "v"), True),
        (when("StringNotEquals", "aws:SourceVpc", "v"), True),
        (when("Null", "aws:SourceVpc", "true"), True),
        (when("Null", "aws:SourceArn", "true"), False),
        (when("NumericEquals", "aws:SourceAccount", "111122223333"), False),
    ],
)
def test_one_statement(changes: dict[str, Any], allowed: bool) -> None:
    decision = decide(json.dumps({"Statement": [ALLOW | changes]}), REQUEST)
    assert decision.allowed is allowed, decision.reason


def test_not_action_takes_in_the_rest() -> None:
    statement = {key: value for key, value in ALLOW.items() if key != "Action"}
    policy = json.dumps({"Statement": statement | {"NotAction": "kms:Encrypt"}})
    assert decide(policy, REQUEST).allowed


def test_deny_wins_wherever_it_stands() -> None:
    deny = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:D*", "Resource": "*"}
    for statements in ([ALLOW, deny], [deny, ALLOW]):
        decision = decide(json.dumps({"Statement": statements}), REQUEST)
        assert not decision.allowed
        assert "statement No" in decision.reason


def test_the_reason_names_statement_and_condition() -> None:
    spoiled = ALLOW | when("StringEquals", "aws:SourceAccount", "1")
    reason = decide(json.dumps({"Statement": [spoiled]}), REQUEST).reason
    assert "statement S" in reason
    assert "StringEquals aws:SourceAccount" in reason


@pytest.mark.parametrize("policy", [None, "", "no JSON", "[]", "{}", '{"Statement": ["x"]}'])
def test_no_policy_lets_nobody_in(policy: str | None) -> None:
    assert not decide(policy, REQUEST).allowed
