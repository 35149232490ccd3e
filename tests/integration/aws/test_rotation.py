"""Rotation of secrets, and what is refused while a secret or key is being deleted."""

import json
import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.aws.cloud import ACCOUNT, ROOT, Cloud, policy

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate"
DAY = 86400


@pytest.fixture
def manager(cloud: Cloud) -> Any:
    cloud.control("POST", "/aws/rotation", {"functions": [FUNCTION]})
    client = cloud.client("secretsmanager")
    client.create_secret(Name="s", SecretString='{"username": "relay", "password": "first"}')
    return client


def value(manager: Any, stage: str = "AWSCURRENT") -> dict[str, str]:
    text = manager.get_secret_value(SecretId="s", VersionStage=stage)["SecretString"]
    found: dict[str, str] = json.loads(text)
    return found


def rotate(manager: Any, **more: Any) -> None:
    manager.rotate_secret(SecretId="s", RotationLambdaARN=FUNCTION, **more)


class TestRotation:
    def test_makes_a_new_password(self, manager: Any) -> None:
        rotate(manager, RotationRules={"AutomaticallyAfterDays": 30, "Duration": "3h"})
        assert value(manager)["username"] == "relay"
        assert value(manager)["password"] != "first"
        assert value(manager, "AWSPREVIOUS")["password"] == "first"
        described = manager.describe_secret(SecretId="s")
        assert described["RotationEnabled"] is True
        assert described["RotationLambdaARN"] == FUNCTION
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 30, "Duration": "3h"}
        assert sorted(described["VersionIdsToStages"].values()) == [
            ["AWSCURRENT"],
            ["AWSPREVIOUS"],
        ]

    def test_takes_its_time(self, cloud: Cloud, manager: Any) -> None:
        cloud.control("POST", "/aws/rotation", {"seconds": 60})
        rotate(manager)
        assert value(manager)["password"] == "first"
        pending = value(manager, "AWSPENDING")
        with pytest.raises(ClientError, match="InvalidRequestException"):
            rotate(manager)
        cloud.control("POST", "/clock", {"advance": 61})
        assert value(manager) == pending
        assert value(manager, "AWSPREVIOUS")["password"] == "first"
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            value(manager, "AWSPENDING")

    def test_only_sets_up(self, manager: Any) -> None:
        rules = {"ScheduleExpression": "cron(0 4 1 * ? *)"}
        rotate(manager, RotateImmediately=False, RotationRules=rules)
        assert value(manager)["password"] == "first"
        described = manager.describe_secret(SecretId="s")
        assert (described["RotationRules"], described["RotationEnabled"]) == (rules, True)
        assert list(described["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
        manager.cancel_rotate_secret(SecretId="s")
        assert manager.describe_secret(SecretId="s")["RotationEnabled"] is False

    @pytest.mark.parametrize(
        "rules", [{"AutomaticallyAfterDays": 2}, {"ScheduleExpression": "rate(2 days)"}]
    )
    def test_runs_by_the_clock(self, cloud: Cloud, manager: Any, rules: dict[str, Any]) -> None:
        rotate(manager, RotateImmediately=False, RotationRules=rules)
        cloud.control("POST", "/clock", {"advance": DAY})
        assert value(manager)["password"] == "first"
        cloud.control("POST", "/clock", {"advance": DAY + 1})
        assert value(manager, "AWSPREVIOUS")["password"] == "first"

    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            ({"RotationLambdaARN": FUNCTION + "-gone"}, "ResourceNotFoundException"),
            ({}, "InvalidRequestException"),
            (
                {"RotationLambdaARN": FUNCTION, "RotationRules": {"ScheduleExpression": "soon"}},
                "InvalidParameterException",
            ),
            (
                {
                    "RotationLambdaARN": FUNCTION,
                    "RotationRules": {
                        "ScheduleExpression": "rate(2 days)",
                        "AutomaticallyAfterDays": 2,
                    },
                },
                "InvalidParameterException",
            ),
        ],
    )
    def test_refuses(self, manager: Any, request_: dict[str, Any], code: str) -> None:
        with pytest.raises(ClientError, match=code):
            manager.rotate_secret(SecretId="s", **request_)
        with pytest.raises(ClientError, match="InvalidRequestException"):
            manager.cancel_rotate_secret(SecretId="s")
        assert value(manager)["password"] == "first"

    @pytest.mark.parametrize(
        "body", [{"functions": "x"}, {"functions": ["x"]}, {"seconds": -1}, {"second": 1}, []]
    )
    def test_the_side_door_is_strict(self, cloud: Cloud, body: Any) -> None:
        with pytest.raises(urllib.error.HTTPError):
            cloud.control("POST", "/aws/rotation", body)


SECRET_CALLS = {
    "get_secret_value": {},
    "put_secret_value": {"SecretString": "x"},
    "update_secret": {"Description": "x"},
    "get_resource_policy": {},
    "put_resource_policy": {"ResourcePolicy": policy(ROOT)},
    "delete_resource_policy": {},
    "tag_resource": {"Tags": [{"Key": "a", "Value": "b"}]},
    "untag_resource": {"TagKeys": ["a"]},
    "rotate_secret": {"RotationLambdaARN": FUNCTION},
    "delete_secret": {},
}


@pytest.mark.parametrize("operation", SECRET_CALLS)
def test_a_deleted_secret_is_restored_first(manager: Any, operation: str) -> None:
    manager.delete_secret(SecretId="s")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        getattr(manager, operation)(SecretId="s", **SECRET_CALLS[operation])
    assert "DeletedDate" in manager.describe_secret(SecretId="s")
    manager.restore_secret(SecretId="s")
    getattr(manager, operation)(SecretId="s", **SECRET_CALLS[operation])


def test_a_deletion_takes_place(cloud: Cloud, manager: Any) -> None:
    cloud.control("POST", "/clock", {"advance": 100 * DAY})
    manager.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    cloud.control("POST", "/clock", {"advance": 6 * DAY})
    manager.describe_secret(SecretId="s")
    cloud.control("POST", "/clock", {"advance": 2 * DAY})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        manager.describe_secret(SecretId="s")
    manager.create_secret(Name="s", SecretString="anew")


KEY_CALLS = {
    "create_alias": {"AliasName": "alias/a", "TargetKeyId": ""},
    "tag_resource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "untag_resource": {"TagKeys": ["a"]},
    "update_key_description": {"Description": "x"},
    "enable_key": {},
    "disable_key": {},
    "encrypt": {"Plaintext": b"x"},
    "schedule_key_deletion": {},
}


@pytest.mark.parametrize("operation", KEY_CALLS)
def test_a_deleted_key_is_cancelled_first(cloud: Cloud, operation: str) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    arguments = dict(KEY_CALLS[operation])
    arguments["TargetKeyId" if "TargetKeyId" in arguments else "KeyId"] = key
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        kms.cancel_key_deletion(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        getattr(kms, operation)(**arguments)
    # The documented table of key states lets policies be read and written.
    kms.put_key_policy(KeyId=key, Policy=policy(ROOT))
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key)
    getattr(kms, operation)(**arguments)


def test_a_key_goes(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    cloud.control("POST", "/clock", {"advance": 100 * DAY})
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    cloud.control("POST", "/clock", {"advance": 6 * DAY})
    kms.describe_key(KeyId=key)
    cloud.control("POST", "/clock", {"advance": 2 * DAY})
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.describe_key(KeyId=key)


OTHER = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/somebody-else"},
    "Action": "kms:*",
    "Resource": "*",
}
DENY = {
    "Effect": "Deny",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:PutKeyPolicy",
    "Resource": "*",
}


@pytest.mark.parametrize("statements", [[OTHER], [ROOT, DENY]])
def test_a_policy_may_not_lock_its_writer_out(
    cloud: Cloud, statements: list[dict[str, Any]]
) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    text = policy(*statements)
    with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy=text)
    kms.put_key_policy(KeyId=key, Policy=text, BypassPolicyLockoutSafetyCheck=True)


def test_the_writer_may_be_the_only_administrator(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    user = iam.create_user(UserName="admin")["User"]["Arn"]
    made = iam.create_access_key(UserName="admin")["AccessKey"]
    statement = OTHER | {"Principal": {"AWS": user}}
    kms = cloud.client("kms", keys=(made["AccessKeyId"], made["SecretAccessKey"]))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key, Policy=policy(statement))
    with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
        cloud.client("kms").put_key_policy(KeyId=key, Policy=policy(statement))
