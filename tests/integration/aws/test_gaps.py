"""What moto alone would let pass: keys, secrets and records that the services refuse."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.aws.cloud import Cloud, policy


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    found: str = caught.value.response["Error"]["Code"]
    return found


def test_keys(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for days in (6, 31):
        refused = code(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
        assert refused == "ValidationException"
    assert code(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=key) == (
        "NotAuthorizedException"
    )
    tags = [{"TagKey": "aws:mine", "TagValue": "x"}]
    assert code(kms.tag_resource, KeyId=key, Tags=tags) == "TagException"


class TestSecrets:
    def test_are_named_well_and_once(self, cloud: Cloud) -> None:
        manager = cloud.client("secretsmanager")
        assert code(manager.create_secret, Name="a b", SecretString="x") == (
            "InvalidParameterException"
        )
        manager.create_secret(Name="s", SecretString="x")
        assert code(manager.create_secret, Name="s", SecretString="x") == "ResourceExistsException"
        manager.delete_secret(SecretId="s")
        assert code(manager.create_secret, Name="s", SecretString="x") == "InvalidRequestException"
        tags = [{"Key": "aws:mine", "Value": "x"}]
        assert code(manager.create_secret, Name="t", Tags=tags) == "InvalidParameterException"

    def test_need_their_key(self, cloud: Cloud) -> None:
        kms, manager = cloud.client("kms"), cloud.client("secretsmanager")
        missing = "alias/none"
        assert code(manager.create_secret, Name="s", SecretString="x", KmsKeyId=missing) == (
            "EncryptionFailure"
        )
        key = kms.create_key()["KeyMetadata"]["Arn"]
        manager.create_secret(Name="s", SecretString="x", KmsKeyId=key)
        kms.disable_key(KeyId=key)
        assert code(manager.get_secret_value, SecretId="s") == "DecryptionFailure"
        assert code(manager.put_secret_value, SecretId="s", SecretString="y") == (
            "EncryptionFailure"
        )
        manager.update_secret(SecretId="s", Description="needs no key")
        kms.enable_key(KeyId=key)
        assert manager.get_secret_value(SecretId="s")["SecretString"] == "x"

    def test_are_not_made_public(self, cloud: Cloud) -> None:
        manager = cloud.client("secretsmanager")
        manager.create_secret(Name="s", SecretString="x")
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
        put = manager.put_resource_policy
        assert code(
            put, SecretId="s", ResourcePolicy=policy(statement), BlockPublicPolicy=True
        ) == ("PublicPolicyException")
        narrow = statement | {"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}
        put(SecretId="s", ResourcePolicy=policy(narrow), BlockPublicPolicy=True)


def change(zone: str, action: str, name: str, kind: str, *values: str) -> dict[str, Any]:
    record = {
        "Name": name,
        "Type": kind,
        "TTL": 60,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    return {"HostedZoneId": zone, "ChangeBatch": batch}


@pytest.fixture
def route53(cloud: Cloud) -> Any:
    return cloud.client("route53")


@pytest.fixture
def zone(route53: Any) -> str:
    made = route53.create_hosted_zone(Name="example.com", CallerReference="1")
    identifier: str = made["HostedZone"]["Id"]
    route53.change_resource_record_sets(
        **change(identifier, "CREATE", "a.example.com", "CNAME", "x.example.net")
    )
    return identifier


LONG = "a" * 255


@pytest.mark.parametrize(
    ("action", "name", "kind", "values"),
    [
        ("CREATE", "t.example.com", "TXT", ['"one" "two"']),
        ("CREATE", "t.example.com", "TXT", [f'"{LONG}" "{LONG}"']),
        ("CREATE", "m.example.com", "MX", ["10 mx.example.net", "20 mx.example.org"]),
        ("UPSERT", "a.example.com", "CNAME", ["y.example.net"]),
        ("DELETE", "a.example.com.", "CNAME", ["x.example.net"]),
    ],
)
def test_records_are_taken(
    route53: Any, zone: str, action: str, name: str, kind: str, values: list[str]
) -> None:
    route53.change_resource_record_sets(**change(zone, action, name, kind, *values))


@pytest.mark.parametrize(
    ("action", "name", "kind", "values"),
    [
        ("CREATE", "t.example.com", "TXT", ["bare"]),
        ("CREATE", "t.example.com", "TXT", [f'"{LONG}a"']),
        ("CREATE", "m.example.com", "MX", ["mx.example.net"]),
        ("CREATE", "c.example.com", "CNAME", ["x.example.net", "y.example.net"]),
        ("CREATE", "a.example.com", "MX", ["10 mx.example.net"]),
        ("CREATE", "a.example.com", "CNAME", ["x.example.net"]),
        ("CREATE", "a.example.net", "TXT", ['"outside"']),
        ("DELETE", "a.example.com", "CNAME", ["y.example.net"]),
        ("DELETE", "b.example.com", "CNAME", ["x.example.net"]),
    ],
)
def test_records_are_refused(
    route53: Any, zone: str, action: str, name: str, kind: str, values: list[str]
) -> None:
    batch = change(zone, action, name, kind, *values)
    assert code(route53.change_resource_record_sets, **batch) == "InvalidChangeBatch"
