"""Who may do what by a policy: each feature of the language as a case."""

import random

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import access

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1"
SOURCE = "arn:aws:ses:eu-west-1:123456789012:mailmanager-smtp-relay/r-1"
CONTEXT = {"aws:sourceaccount": "123456789012", "aws:sourcearn": SOURCE}
BASE = {
    "Effect": "Allow",
    "Principal": {"Service": "ses.amazonaws.com"},
    "Action": "kms:Decrypt",
    "Resource": "*",
}


def ask(*statements, action="kms:Decrypt"):
    who = access.service("ses.amazonaws.com")
    request = access.Request(who, action, ARN, CONTEXT, lambda key: key == "aws:principalorgid")
    return access.decide({"Statement": list(statements)}, request)


def given(**condition):
    return BASE | {
        "Condition": {name.replace("__", ":"): block for name, block in condition.items()}
    }


def without(element, **more):
    return {name: value for name, value in BASE.items() if name != element} | more


CASES = [
    # allowed (None: nobody can know), statements
    (True, [BASE]),
    (False, []),
    (False, [BASE | {"Principal": {"Service": "sns.amazonaws.com"}}]),
    (True, [BASE | {"Principal": {"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]}}]),
    (True, [BASE | {"Principal": "*"}]),
    (True, [BASE | {"Principal": {"AWS": "*"}}]),
    (False, [BASE | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]),
    (False, [without("Principal", NotPrincipal={"Service": "ses.amazonaws.com"})]),
    (True, [without("Principal", NotPrincipal={"Service": "sns.amazonaws.com"})]),
    (True, [BASE | {"Action": "kms:*"}]),
    (True, [BASE | {"Action": "KMS:decr?pt"}]),
    (False, [BASE | {"Action": ["kms:Encrypt", "kms:DescribeKey"]}]),
    (False, [BASE | {"Action": "kms:[D]ecrypt"}]),
    (False, [without("Action", NotAction="kms:*")]),
    (True, [without("Action", NotAction=["kms:Encrypt"])]),
    (True, [without("Resource")]),
    (True, [BASE | {"Resource": "arn:aws:kms:eu-west-1:123456789012:key/*"}]),
    (False, [BASE | {"Resource": "arn:aws:kms:eu-west-1:123456789012:KEY/1"}]),
    (False, [without("Resource", NotResource="*")]),
    (True, [given(StringEquals={"aws:SourceAccount": "123456789012"})]),
    (True, [given(StringEquals={"AWS:sourceaccount": ["1", "123456789012"]})]),
    (False, [given(StringEquals={"aws:SourceAccount": "1"})]),
    (True, [given(ArnLike={"aws:SourceArn": SOURCE.replace("r-1", "*")})]),
    (False, [given(ArnLike={"aws:SourceArn": "arn:aws:ses:*:mailmanager-smtp-relay/*"})]),
    (True, [given(StringLike={"aws:SourceArn": "arn:aws:ses:*:mailmanager-smtp-relay/*"})]),
    (False, [given(StringNotEquals={"aws:SourceAccount": "123456789012"})]),
    (True, [given(StringNotLike={"aws:SourceAccount": "9*"})]),
    (True, [given(StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"})]),
    (False, [given(StringEquals={"aws:PrincipalOrgID": "o-1"})]),
    (True, [given(StringNotEquals={"aws:PrincipalOrgID": "o-1"})]),
    (True, [given(Null={"aws:PrincipalOrgID": "true"})]),
    (False, [given(Null={"aws:SourceAccount": ["true"]})]),
    (None, [given(StringEquals={"aws:SourceOrgID": "o-1"})]),
    (None, [given(IpAddress={"aws:SourceAccount": "10.0.0.0/8"})]),
    (None, [given(StringEquals={"aws:SourceAccount": "${aws:PrincipalAccount}"})]),
    # What certainly fails decides before what is not known.
    (False, [given(IpAddress={"aws:SourceIp": "10.0.0.0/8"}, Null={"aws:SourceArn": "true"})]),
    (True, [given(StringEquals={"aws:SourceOrgID": "o-1"}), BASE]),
    (False, [BASE, BASE | {"Effect": "Deny"}]),
    (True, [BASE, BASE | {"Effect": "Deny", "Action": "kms:Encrypt"}]),
    (None, [BASE, given(StringEquals={"aws:SourceOrgID": "o-1"}) | {"Effect": "Deny"}]),
    (False, [given(StringEquals={"aws:SourceOrgID": "o-1"}) | {"Effect": "Deny"}]),
]


@pytest.mark.parametrize(("allowed", "statements"), CASES)
def test_decisions(allowed, statements):
    decision = ask(*statements)
    assert decision.allowed is allowed
    assert bool(decision.reason) is (allowed is not True)


def test_one_statement_need_not_be_a_list():
    request = access.Request(access.service("ses.amazonaws.com"), "kms:Decrypt", ARN)
    assert access.decide({"Statement": BASE}, request).allowed
    assert access.decide(None, request) == (False, "there is no policy")


def test_the_reason_names_the_statement():
    assert (
        ask(BASE | {"Effect": "Deny", "Sid": "Stop"}, BASE).reason
        == "statement Stop denies kms:Decrypt"
    )
    assert ask(BASE, action="kms:DescribeKey").reason == (
        "no statement allows kms:DescribeKey (statement 0: its actions leave out kms:DescribeKey)"
    )


ACCOUNT = "arn:aws:iam::123456789012:"
SESSION = "arn:aws:sts::123456789012:assumed-role/Admin/me"
CALLERS = [
    # who calls, whom the statement names, whether it is the caller
    (ACCOUNT + "user/me", ACCOUNT + "root", True),
    (ACCOUNT + "user/me", "123456789012", True),
    (ACCOUNT + "user/me", ACCOUNT + "user/me", True),
    (ACCOUNT + "user/me", ACCOUNT + "user/you", False),
    (ACCOUNT + "user/me", "arn:aws:iam::210987654321:root", False),
    (SESSION, ACCOUNT + "role/Admin", True),
    (SESSION, ACCOUNT + "role/a/path/Admin", True),
    (SESSION, ACCOUNT + "role/NoAdmin", False),
    (SESSION, "arn:aws:iam::210987654321:role/Admin", False),
    (SESSION, SESSION, True),
    (ACCOUNT + "root", ACCOUNT + "root", True),
]


@pytest.mark.parametrize(("arn", "named", "expected"), CALLERS)
def test_callers(arn, named, expected):
    who = access.caller(arn)
    assert who({"AWS": named}) is expected
    assert who({"AWS": ["arn:aws:iam::999999999999:root", named]}) is expected
    assert who("*") is True
    assert who({"Service": named}) is False


def test_patterns_agree_with_a_naive_matcher():
    def naive(value, pattern):
        if not pattern:
            return not value
        if pattern[0] == "*":
            return any(naive(value[i:], pattern[1:]) for i in range(len(value) + 1))
        return bool(value) and pattern[0] in ("?", value[0]) and naive(value[1:], pattern[1:])

    choose = random.Random(1)
    for _round in range(3000):
        value = "".join(choose.choices("ab[.\n", k=choose.randrange(6)))
        pattern = "".join(choose.choices("ab[.*?\n", k=choose.randrange(6)))
        assert access.like(value, pattern) is naive(value, pattern), (value, pattern)
