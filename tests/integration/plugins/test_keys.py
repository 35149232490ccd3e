"""Keys, from nothing to nothing again: policy by Sid, pending deletion, and no orphan."""

import json

import boto3
import pytest

ROLE = "arn:aws:iam::123456789012:role/Keys"
RELAY = {"alias": "gp", "purpose": "relay"}
LOGIN = {"username": "relay-user", "password": "Open-Sesame-42"}


@pytest.fixture
def kms(aws):
    return boto3.client("kms")


@pytest.fixture
def key(aws):
    return aws.run("mailmanager_kms_key", **RELAY)["key"]


def sids(policy):
    return [statement["Sid"] for statement in policy["Statement"]]


def put(kms, key, *statements):
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    kms.put_key_policy(KeyId=key["id"], PolicyName="default", Policy=json.dumps(policy))


def test_life(aws):
    made = aws.apply("mailmanager_kms_key", **RELAY, description="d")["key"]
    assert sids(made["policy"]) == ["Enable IAM User Permissions", "AllowMailManagerRelay"]
    assert made["tags"] == {}
    aws.apply("mailmanager_kms_key", **RELAY, description="e", tags={"a": "b"})
    more = aws.apply("mailmanager_kms_key", **RELAY, administrators=[ROLE], users=[ROLE])
    assert len(sids(more["key"]["policy"])) == 4
    both = aws.apply("mailmanager_kms_key", alias="gp", purpose="trust_store")["key"]
    assert sids(both["policy"])[-1] == "AllowMailManagerTrustStore"
    assert "AllowMailManagerRelay" in sids(both["policy"])
    assert aws.apply("mailmanager_kms_key", alias="gp", state="absent")["changed"]
    back = aws.apply("mailmanager_kms_key", **RELAY)
    assert back["diff"]["before"]["key_state"] == "PendingDeletion"
    assert back["key"]["key_state"] == "Enabled"
    assert back["key"]["id"] == made["id"]


def test_foreign_statements_stay(aws, key, kms):
    foreign = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": "kms:Encrypt",
        "Resource": "*",
    }
    root = key["policy"]["Statement"][0]
    put(kms, key, root, foreign)
    mended = aws.apply("mailmanager_kms_key", **RELAY)["key"]["policy"]
    assert sids(mended) == [*sids(key["policy"])[:1], "Theirs", "AllowMailManagerRelay"]
    assert foreign in mended["Statement"]


def test_the_caller_is_not_locked_out(aws, key, kms):
    me = boto3.client("sts").get_caller_identity()["Arn"]
    own = {
        "Sid": "Allow access for Key Administrators",
        "Effect": "Allow",
        "Principal": {"AWS": me},
        "Action": "kms:*",
        "Resource": "*",
    }
    put(kms, key, own)
    refusal = aws.refuse("mailmanager_kms_key", **RELAY, administrators=[ROLE])
    assert refusal.startswith("administrators: with this list")
    aws.forget_calls()
    assert refusal == aws.refuse("mailmanager_kms_key", check=True, **RELAY, administrators=[])
    assert aws.writes() == {}
    aws.apply("mailmanager_kms_key", **RELAY, administrators=[ROLE, me])


@pytest.mark.parametrize("operation", ["CreateAlias", "UntagResource"])
def test_a_creation_that_is_cut_off_leaves_no_orphan(aws, kms, operation):
    aws.fault(service="kms", operation=operation, code="AccessDeniedException")
    assert operation in aws.refuse("mailmanager_kms_key", **RELAY, tags={"a": "b"})
    made = aws.apply("mailmanager_kms_key", **RELAY, tags={"a": "b"})["key"]
    assert [each["KeyId"] for each in kms.list_keys()["Keys"]] == [made["id"]]
    assert made["tags"] == {"a": "b"}


def test_an_unnamed_key_can_be_deleted_too(aws, kms):
    aws.fault(service="kms", operation="CreateAlias", code="AccessDeniedException")
    aws.refuse("mailmanager_kms_key", **RELAY)
    assert aws.apply("mailmanager_kms_key", alias="gp", state="absent")["changed"]
    (left,) = kms.list_keys()["Keys"]
    assert kms.describe_key(KeyId=left["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_keys_of_others_are_not_taken_for_unnamed_ones(aws, kms):
    kms.create_key(Tags=[{"TagKey": "gatepost:unnamed", "TagValue": "alias/another"}])
    aws.fault(service="kms", operation="ListResourceTags", code="AccessDeniedException")
    assert aws.run("mailmanager_kms_key", **RELAY)["changed"]
    assert len(kms.list_keys()["Keys"]) == 2


def test_a_key_in_use_stays(aws, key):
    aws.run("mailmanager_secret", name="gp/out", purpose="relay", kms_key_id="alias/gp", **LOGIN)
    refusal = aws.refuse("mailmanager_kms_key", alias="gp", state="absent")
    assert "key alias/gp is used by secret gp/out" in refusal
    assert aws.apply("mailmanager_kms_key", alias="gp", state="absent", force=True)["changed"]


def test_info(aws, key):
    aws.run("mailmanager_kms_key", alias="stores", purpose="trust_store")
    aws.run("mailmanager_secret", name="gp/out", purpose="relay", kms_key_id=key["arn"], **LOGIN)
    found = {each["alias"]: each for each in aws.run("mailmanager_kms_key_info")["keys"]}
    assert found["alias/gp"]["purposes"] == ["relay"]
    assert found["alias/gp"]["used_by"] == ["secret gp/out"]
    # Its statement asks for no way through Secrets Manager, so that it lets both in.
    assert found["alias/stores"]["purposes"] == ["ingress_point", "trust_store"]
    assert found["alias/stores"]["used_by"] == []
    (one,) = aws.run("mailmanager_kms_key_info", alias="gp")["keys"]
    assert one == found["alias/gp"]
    assert aws.run("mailmanager_kms_key_info", alias="none")["keys"] == []


def test_what_was_just_made_may_not_be_seen_at_once(aws, kms):
    for operation in ("CreateAlias", "UntagResource"):
        aws.fault(service="kms", operation=operation, code="NotFoundException", count=2)
    made = aws.run("mailmanager_kms_key", **RELAY)
    assert [each["KeyId"] for each in kms.list_keys()["Keys"]] == [made["key"]["id"]]


def test_archives_and_trust_stores_use_keys_too(aws, key):
    archive = {"name": "kept", "retention": {"retention_period": "THREE_MONTHS"}}
    aws.run("mailmanager_archive", **archive, kms_key_arn=key["arn"])
    refusal = aws.refuse("mailmanager_kms_key", alias="gp", state="absent")
    assert "key alias/gp is used by archive kept" in refusal
    aws.run("mailmanager_archive", name="kept", state="absent")
    assert aws.apply("mailmanager_kms_key", alias="gp", state="absent")["changed"]
