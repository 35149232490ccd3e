"""The policies of the SES developer guide, and how they join what is there."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms_key, policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Scope

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
    return kms_key.wanted(base | options)


def sids(policy):
    return [statement["Sid"] for statement in policy["Statement"]]


def test_a_new_key_keeps_the_account_in_charge():
    assert sids(kms_key.desired_policy(wanted(), HERE, None)) == [policies.ROOT_SID, OURS["Sid"]]


def test_administrators_and_users_come_and_go():
    role = "arn:aws:iam::123456789012:role/Keys"
    both = kms_key.desired_policy(wanted(administrators=[role], users=[role]), HERE, None)
    assert sids(both)[2:] == [policies.ADMINISTRATORS_SID, policies.USERS_SID]
    left = kms_key.desired_policy(wanted(), HERE, both)
    assert sids(left) == sids(both)
    less = kms_key.desired_policy(wanted(administrators=[], users=[]), HERE, both)
    assert sids(less) == [policies.ROOT_SID, OURS["Sid"]]
