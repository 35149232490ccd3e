"""What a secret lacks for Mail Manager, and how to mend it: each thing spoiled by itself."""

import json

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws import secret_judgement as judgement
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Scope
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_judgement import Facts

HERE = Scope("aws", "123456789012", "eu-west-1")
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:out-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def good(purpose="relay", scope=HERE):
    return Facts(
        arn=SECRET.replace("eu-west-1", scope.region).replace(":aws:", f":{scope.partition}:"),
        key_id="alias/k",
        key_arn=KEY,
        key_manager="CUSTOMER",
        key_state="Enabled",
        key_policy=policy(policies.root_statement(scope), policies.key_statement(purpose, scope)),
        secret_policy=policy(policies.secret_statement(purpose, scope)),
    )


@pytest.mark.parametrize("purpose", ["relay", "ingress_point"])
@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_what_gatepost_makes_is_right(purpose, partition):
    scope = Scope(partition, "123456789012", "eu-west-1")
    assert judgement.judge(good(purpose, scope), purpose, scope) == ()


OURS = policies.secret_statement("relay", HERE)
KEYS = policies.key_statement("relay", HERE)
ROOT = policies.root_statement(HERE)
BROAD = {"Condition": {}}
ORGANIZATION = {"Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}
OTHER = policies.secret_statement("ingress_point", HERE)
DENY = {**OURS, "Sid": "Stop", "Effect": "Deny", "Action": "secretsmanager:*"}
CASES = [
    # changed facts, subject, level, a part of the sentence
    ({"deleted": True}, "secret", "error", "scheduled for deletion; restore it"),
    ({"value": "the secret has no text value"}, "value", "error", "exactly username and password"),
    ({"value": judgement.UNDECIPHERABLE}, "value", "error", "store it anew"),
    (
        {"value": judgement.UNDECIPHERABLE, "key_state": "Disabled"},
        "key",
        "error",
        f"its key {KEY} is Disabled",
    ),
    ({"key_id": "", "key_arn": "", "key_manager": ""}, "key", "error", "under aws/secretsmanager"),
    ({"key_id": "alias/aws/secretsmanager", "key_manager": "AWS"}, "key", "error", "no policy can"),
    ({"key_state": "Disabled"}, "key", "error", f"its key {KEY} is Disabled"),
    ({"key_state": "PendingDeletion"}, "key", "error", "mailmanager_kms_key with state=present"),
    ({"key_state": judgement.GONE}, "key", "error", "its key alias/k does not exist; give it"),
    ({"key_policy": policy(ROOT)}, "key_policy", "error", "purpose=relay does"),
    (
        {"key_policy": policy(ROOT, KEYS | {"Action": "kms:Decrypt"})},
        "key_policy",
        "error",
        "its actions leave out kms:DescribeKey",
    ),
    ({"key_policy": policy(ROOT, KEYS | BROAD)}, "key_policy", "warning", "for every account"),
    ({"secret_policy": None}, "secret_policy", "error", "there is no policy"),
    ({"secret_policy": policy(OTHER)}, "secret_policy", "error", "add the statement"),
    ({"secret_policy": policy(OURS, DENY)}, "secret_policy", "error", "statement Stop denies"),
    ({"secret_policy": policy(OURS | BROAD)}, "secret_policy", "warning", "for every account"),
    ({"secret_policy": policy(OURS | ORGANIZATION)}, "secret_policy", "warning", "may not let"),
    ({"unread": {"value": "AccessDenied"}}, "value", "warning", "could not be judged"),
    ({"unread": {"key_policy": "no"}, "key_policy": None}, "key_policy", "warning", "yourself"),
]


@pytest.mark.parametrize(("changed", "subject", "level", "part"), CASES)
def test_each_thing_spoiled(changed, subject, level, part):
    found = judgement.judge(good()._replace(**changed), "relay", HERE)
    assert [(each.subject, each.level) for each in found] == [(subject, level)]
    assert part in str(found[0])
    verdict = judgement.Judgement(SECRET, "relay", found)
    assert verdict.usable is (level == "warning")
    assert len(verdict.errors) + len(verdict.warnings) == 1


def test_another_region():
    facts = Facts("arn:aws:secretsmanager:us-east-1:123456789012:secret:out-AbCdEf")
    (found,) = judgement.judge(facts, "relay", HERE)
    assert "is in us-east-1, where Mail Manager in eu-west-1 cannot read it" in str(found)


def test_all_that_is_wrong_is_said_at_once():
    facts = good()._replace(
        value="the secret has no text value", key_policy=None, secret_policy=None
    )
    found = judgement.judge(facts, "relay", HERE)
    assert [each.subject for each in found] == ["value", "key_policy", "secret_policy"]


LOGIN = {"username": "u", "password": "hunter2"}
VALUES = [
    # text, purpose, problem
    (json.dumps(LOGIN), "relay", ""),
    (json.dumps(LOGIN), "ingress_point", "the secret has 1 member beside password"),
    ('{"password": "hunter2"}', "ingress_point", ""),
    ('{"password": "hunter2"}', "relay", "the secret has no member username"),
    ("{}", "relay", "the secret has no member username and no member password"),
    (json.dumps(LOGIN | {"hunter2": 1, "b": 2}), "relay", "the secret has 2 members beside"),
    (json.dumps(LOGIN | {"password": ""}), "relay", "member password is not a string of at least"),
    (json.dumps(LOGIN | {"username": 7}), "relay", "member username is not a string"),
    ('"hunter2"', "relay", "not a JSON object"),
    ("hunter2", "relay", "not a JSON object"),
    ('{"password": "hunter2"', "relay", "not a JSON object"),
    (None, "relay", "no text value"),
]


@pytest.mark.parametrize(("text", "purpose", "problem"), VALUES)
def test_values(text, purpose, problem):
    found = judgement.value_problem(text, purpose)
    assert problem in found
    assert bool(found) is bool(problem)
    assert "hunter2" not in found
