"""The policies of the SES developer guide, and how they join what is there."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    kms_key_options,
    kms_key_policy,
    policies,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms import Caller
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Scope
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

HERE = Scope("aws", "123456789012", "eu-west-1")
GOV = Scope("aws-us-gov", "123456789012", "us-gov-west-1")
FOREIGN = {"Sid": "Other", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
SOURCE = "arn:aws:ses:eu-west-1:123456789012:mailmanager-"


def test_key_statement_of_a_relay():
    assert policies.key_statement("relay", HERE) == {
        "Sid": "AllowMailManagerRelay",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
                "aws:SourceAccount": "123456789012",
            },
            "ArnLike": {"aws:SourceArn": SOURCE + "smtp-relay/*"},
        },
    }


def test_secret_statement_of_a_relay():
    assert policies.secret_statement("relay", HERE) == {
        "Sid": "AllowMailManagerRelay",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": SOURCE + "smtp-relay/*"},
        },
    }


def test_ingress_point_takes_less():
    assert policies.key_statement("ingress_point", HERE)["Action"] == ["kms:Decrypt"]
    statement = policies.secret_statement("ingress_point", HERE)
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": SOURCE + "ingress-point/*"}


def test_trust_store_is_not_read_through_secrets_manager():
    statement = policies.key_statement("trust_store", HERE)
    assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_the_partition_is_the_account_s_own():
    arn = policies.key_statement("relay", GOV)["Condition"]["ArnLike"]["aws:SourceArn"]
    assert arn.startswith("arn:aws-us-gov:ses:us-gov-west-1:")
    root = policies.root_statement(GOV)["Principal"]["AWS"]
    assert root == "arn:aws-us-gov:iam::123456789012:root"


OURS = policies.key_statement("relay", HERE)
MERGES = [
    # current statements, expected statements
    ([], [OURS]),
    ([FOREIGN], [FOREIGN, OURS]),
    (FOREIGN, [FOREIGN, OURS]),
    ([{**OURS, "Action": "kms:Decrypt"}, FOREIGN], [OURS, FOREIGN]),
    ([FOREIGN, OURS], [FOREIGN, OURS]),
    # The same, spelled in another way, stays as it is spelled.
    (
        [{**OURS, "Action": ["kms:DescribeKey", "kms:Decrypt"]}],
        [{**OURS, "Action": ["kms:DescribeKey", "kms:Decrypt"]}],
    ),
]


@pytest.mark.parametrize(("current", "expected"), MERGES)
def test_merging(current, expected):
    policy = {"Version": "2012-10-17", "Statement": current}
    merged = policies.merged(policy, [OURS])
    assert merged["Statement"] == expected
    assert policies.same(merged, policies.merged(merged, [OURS]))


def wanted(**options):
    base = {
        "alias": "x",
        "state": "present",
        "purpose": "relay",
        "purge_tags": True,
        "force": False,
        "pending_window_in_days": 30,
    }
    return kms_key_options.wanted(base | options)


def sids(policy):
    return [statement["Sid"] for statement in policy["Statement"]]


def test_a_new_key_keeps_the_account_in_charge():
    assert sids(kms_key_policy.desired_policy(wanted(), HERE, None)) == [
        policies.ROOT_SID,
        OURS["Sid"],
    ]


def test_administrators_and_users_come_and_go():
    role = "arn:aws:iam::123456789012:role/Keys"
    both = kms_key_policy.desired_policy(wanted(administrators=[role], users=[role]), HERE, None)
    assert sids(both)[2:] == [policies.ADMINISTRATORS_SID, policies.USERS_SID]
    left = kms_key_policy.desired_policy(wanted(), HERE, both)
    assert sids(left) == sids(both)
    less = kms_key_policy.desired_policy(wanted(administrators=[], users=[]), HERE, both)
    assert sids(less) == [policies.ROOT_SID, OURS["Sid"]]


ADMIN = "arn:aws:iam::123456789012:role/Admin"
OTHER = "arn:aws:iam::123456789012:role/Other"
SESSION = "arn:aws:sts::123456789012:assumed-role/Admin/me"
ROOT = policies.root_statement(HERE)
ADMINISTERED = policies.administrators_statement([ADMIN])
LOCKS = [
    # statements now, options, whether the caller would lose the key
    ([ROOT], {"administrators": [OTHER]}, False),
    ([ROOT, ADMINISTERED], {"administrators": []}, False),
    ([ADMINISTERED], {"administrators": []}, True),
    ([ADMINISTERED], {"administrators": [OTHER]}, True),
    ([ADMINISTERED], {"administrators": [OTHER, ADMIN]}, False),
    ([ADMINISTERED], {"users": [OTHER]}, False),
    ([{**ADMINISTERED, "Sid": "Mine"}], {"administrators": []}, False),
    # Who could not change it before is told by KMS, not by us.
    ([policies.administrators_statement([OTHER])], {"administrators": []}, False),
    (None, {"administrators": []}, False),
]


@pytest.mark.parametrize(("statements", "options", "locked"), LOCKS)
def test_nobody_locks_themselves_out(statements, options, locked):
    now = None if statements is None else {"Version": "2012-10-17", "Statement": statements}
    caller = Caller(SESSION, HERE)
    after = kms_key_policy.desired_policy(wanted(**options), HERE, now)
    if locked:
        with pytest.raises(BadOption, match=r"^administrators: .* could no longer change"):
            kms_key_policy.refuse_lockout(now, after, caller, "key")
    else:
        kms_key_policy.refuse_lockout(now, after, caller, "key")


REFUSED = [
    ({"alias": "a b"}, "alias: must be 1 to 250"),
    ({"alias": "alias/aws/ses"}, "alias: alias/aws/ is for AWS"),
    ({"pending_window_in_days": 31}, "pending_window_in_days: must be from 7 to 30"),
    ({"purpose": None}, "purpose: is needed"),
    ({"users": ["me"]}, "users[0]: must be the ARN"),
    ({"administrators": [ADMIN, "*"]}, "administrators[1]: must be the ARN"),
    ({"description": "x" * 8193}, "description: must have at most 8192"),
    ({"tags": {"aws:a": "1"}}, "tags: the key 'aws:a'"),
    ({"tags": {"a": "x" * 257}}, "tags.a: must have at most 256"),
]


@pytest.mark.parametrize(("options", "begins"), REFUSED)
def test_refused_options(options, begins):
    with pytest.raises(BadOption) as raised:
        wanted(**options)
    assert str(raised.value).startswith(begins)
