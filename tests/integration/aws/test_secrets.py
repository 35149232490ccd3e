"""A relay's secret: what must be so before Mail Manager can use it, and what a refusal says."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.aws.cloud import (
    ACCOUNT,
    KEY_STATEMENT,
    ROOT,
    SECRET_STATEMENT,
    Cloud,
    make_secret,
    policy,
)


def changed(statement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return statement | changes


def create(cloud: Cloud, secret: str) -> str:
    created: str = cloud.client("mailmanager").create_relay(
        RelayName="out",
        ServerName="smtp.example.net",
        ServerPort=587,
        Authentication={"SecretArn": secret},
    )["RelayId"]
    return created


def test_is_taken_when_all_is_right(cloud: Cloud) -> None:
    secret = make_secret(cloud)
    identifier = create(cloud, secret)
    got = cloud.client("mailmanager").get_relay(RelayId=identifier)
    assert got["Authentication"] == {"SecretArn": secret}


OTHER_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": "999999999999"},
    "ArnLike": SECRET_STATEMENT["Condition"]["ArnLike"],
}
OTHER_REGION = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:ses:eu-west-1:{ACCOUNT}:mailmanager-smtp-relay/*"}
}
DENY = changed(SECRET_STATEMENT, Effect="Deny", Sid="No")


@pytest.mark.parametrize(
    ("spoiled", "says"),
    [
        ({"own_key": False}, "customer managed key"),
        ({"content": "no JSON"}, "not JSON"),
        ({"content": '{"username": "a"}'}, "exactly password and username"),
        ({"content": '{"username": "a", "password": "b", "host": "c"}'}, "exactly"),
        ({"content": '{"username": "a", "password": ""}'}, "non-empty"),
        ({"content": '{"username": "a", "password": 1}'}, "non-empty"),
        ({"key_policy": policy(ROOT)}, "key policy"),
        ({"key_policy": policy(ROOT, changed(KEY_STATEMENT, Action="kms:Decrypt"))}, "DescribeKey"),
        ({"secret_policy": policy(changed(SECRET_STATEMENT, Condition=OTHER_ACCOUNT))}, "Account"),
        ({"secret_policy": policy(changed(SECRET_STATEMENT, Condition=OTHER_REGION))}, "SourceArn"),
        ({"secret_policy": policy(SECRET_STATEMENT, DENY)}, "No denies"),
        (
            {"secret_policy": policy(changed(SECRET_STATEMENT, Principal={"Service": "x.aws"}))},
            "principal",
        ),
    ],
)
def test_says_what_is_wrong(cloud: Cloud, spoiled: dict[str, Any], says: str) -> None:
    secret = make_secret(cloud, **spoiled)
    with pytest.raises(ClientError) as caught:
        create(cloud, secret)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert says in error["Message"]
    assert "s3cret-value" not in error["Message"]


def test_a_key_that_goes_takes_the_relay_with_it(cloud: Cloud) -> None:
    secret = make_secret(cloud)
    key = cloud.client("secretsmanager").describe_secret(SecretId=secret)["KmsKeyId"]
    cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match="PendingDeletion"):
        create(cloud, secret)


def test_a_deleted_secret_is_refused(cloud: Cloud) -> None:
    secret = make_secret(cloud)
    cloud.client("secretsmanager").delete_secret(SecretId=secret)
    with pytest.raises(ClientError, match="scheduled for deletion"):
        create(cloud, secret)


def test_an_update_is_judged_as_well(cloud: Cloud) -> None:
    mm = cloud.client("mailmanager")
    identifier = create(cloud, make_secret(cloud))
    missing = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:gone-AbCdEf"
    with pytest.raises(ClientError, match="there is no secret"):
        mm.update_relay(RelayId=identifier, Authentication={"SecretArn": missing})
    assert mm.get_relay(RelayId=identifier)["Authentication"]["SecretArn"] != missing


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"Statement": [{"Effect": "Allow"}]}'])
def test_malformed_policies(cloud: Cloud, text: str) -> None:
    secret = make_secret(cloud)
    manager = cloud.client("secretsmanager")
    key = manager.describe_secret(SecretId=secret)["KmsKeyId"]
    with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
        manager.put_resource_policy(SecretId=secret, ResourcePolicy=text)
    with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
        cloud.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=text)


def test_a_key_policy_that_locks_everyone_out(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="update the key policy in the future"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(KEY_STATEMENT))
    kms.put_key_policy(KeyId=key, Policy=policy(ROOT, KEY_STATEMENT))
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"][1] == KEY_STATEMENT
