"""Keys, secrets and identities, from nothing to nothing again."""

import json

import boto3
import pytest

ROLE = "arn:aws:iam::123456789012:role/Keys"
LOGIN = {"username": "relay-user", "password": "Open-Sesame-42"}


@pytest.fixture
def key(aws):
    return aws.run("mailmanager_kms_key", alias="gp", purpose="relay")["key"]


@pytest.fixture
def secret(aws, key):
    options = {"name": "gp/out", "purpose": "relay", "kms_key_id": "alias/gp", **LOGIN}
    aws.run("mailmanager_secret", **options)
    return options


def sids(policy):
    return [statement["Sid"] for statement in policy["Statement"]]


def test_key_life(aws):
    made = aws.apply("mailmanager_kms_key", alias="gp", purpose="relay", description="d")["key"]
    assert sids(made["policy"]) == ["Enable IAM User Permissions", "AllowMailManagerRelay"]
    options = {"alias": "gp", "purpose": "relay"}
    aws.apply("mailmanager_kms_key", **options, description="e", tags={"a": "b"})
    more = aws.apply("mailmanager_kms_key", **options, administrators=[ROLE], users=[ROLE])
    assert len(sids(more["key"]["policy"])) == 4
    both = aws.apply("mailmanager_kms_key", alias="gp", purpose="trust_store")["key"]
    assert sids(both["policy"])[-1] == "AllowMailManagerTrustStore"
    assert "AllowMailManagerRelay" in sids(both["policy"])
    assert aws.apply("mailmanager_kms_key", alias="gp", state="absent")["changed"]
    back = aws.apply("mailmanager_kms_key", **options)
    assert back["diff"]["before"]["key_state"] == "PendingDeletion"
    assert back["key"]["key_state"] == "Enabled"
    assert back["key"]["id"] == made["id"]


def test_foreign_statements_stay(aws, key):
    kms = boto3.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key["id"], PolicyName="default")["Policy"])
    foreign = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": "kms:Encrypt",
        "Resource": "*",
    }
    policy["Statement"] = [policy["Statement"][0], foreign]
    kms.put_key_policy(KeyId=key["id"], PolicyName="default", Policy=json.dumps(policy))
    mended = aws.apply("mailmanager_kms_key", alias="gp", purpose="relay")["key"]["policy"]
    assert mended["Statement"][1] == foreign
    assert sids(mended)[-1] == "AllowMailManagerRelay"


def test_secret_life(aws, key):
    options = {"name": "gp/out", "purpose": "relay", "kms_key_id": "alias/gp"}
    made = aws.apply("mailmanager_secret", **options, **LOGIN, tags={"a": "b"})
    assert made["secret"]["kms_key_id"] == key["arn"]
    manager = boto3.client("secretsmanager")
    assert json.loads(manager.get_secret_value(SecretId="gp/out")["SecretString"]) == LOGIN
    changed = aws.apply("mailmanager_secret", **options, **LOGIN | {"password": "Sesame-43"})
    assert changed["diff"]["after"]["value"] != changed["diff"]["before"]["value"]
    aws.apply("mailmanager_secret", **options, description="new", tags={})
    aws.run("mailmanager_kms_key", alias="other", purpose="relay")
    aws.apply("mailmanager_secret", **options | {"kms_key_id": "alias/other"})
    assert "is used by secret gp/out" in aws.refuse(
        "mailmanager_kms_key", alias="other", state="absent"
    )
    assert aws.apply("mailmanager_secret", name="gp/out", state="absent")["changed"]
    restored = aws.run("mailmanager_secret", **options, **LOGIN)
    assert restored["changed"]
    assert json.loads(manager.get_secret_value(SecretId="gp/out")["SecretString"]) == LOGIN
    assert not aws.run("mailmanager_secret", **options, **LOGIN)["changed"]


def test_a_third_member_is_replaced(aws, secret):
    manager = boto3.client("secretsmanager")
    manager.put_secret_value(SecretId="gp/out", SecretString=json.dumps(LOGIN | {"token": "x"}))
    assert aws.apply("mailmanager_secret", **secret)["changed"]
    assert json.loads(manager.get_secret_value(SecretId="gp/out")["SecretString"]) == LOGIN


def test_on_create_leaves_the_value_alone(aws, secret):
    other = secret | {"password": "another-one", "update_password": "on_create"}
    aws.forget_calls()
    assert not aws.run("mailmanager_secret", **other)["changed"]
    assert "secretsmanager:GetSecretValue" not in aws.calls()


def test_a_used_secret_stays(aws, secret):
    relay = {"name": "out", "server_name": "exchange.example.com", "server_port": 587}
    aws.apply("mailmanager_relay", **relay, authentication={"secret_arn": "gp/out"})
    refusal = aws.refuse("mailmanager_secret", name="gp/out", state="absent")
    assert "is used by relay out" in refusal


def test_no_output_holds_the_secret(aws, key):
    options = {"name": "gp/out", "purpose": "relay", "kms_key_id": "alias/gp", **LOGIN}
    outputs = [
        aws.run("mailmanager_secret", check=True, **options),
        aws.run("mailmanager_secret", **options),
        aws.run("mailmanager_secret", **options | {"password": LOGIN["password"] + "x"}),
    ]
    aws.fault(service="secretsmanager", operation="PutSecretValue", code="AccessDeniedException")
    outputs.append(aws.run("mailmanager_secret", **options))
    assert outputs[-1]["failed"]
    for output in outputs:
        assert LOGIN["password"] not in json.dumps(output)


def test_a_key_of_aws_is_refused(aws, key):
    options = {"name": "s", "purpose": "relay", **LOGIN}
    refusal = aws.refuse("mailmanager_secret", **options, kms_key_id="alias/none")
    assert refusal == "kms_key_id: there is no key alias/none"


def test_identity_life(aws):
    zone = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    options = {"domain": "mail.example.com", "publish_dns": "route53"}
    made = aws.apply("sesv2_email_identity", **options, wait=True, tags={"a": "b"})["identity"]
    assert made["verified"] is True
    assert len(made["dkim_records"]) == 3
    assert aws.run("sesv2_email_identity_info")["identities"][0]["verified"] is True
    aws.apply("sesv2_email_identity", **options, tags={})
    aws.apply("sesv2_email_identity", **options, state="absent")
    left = boto3.client("route53").list_resource_record_sets(HostedZoneId=zone["HostedZone"]["Id"])[
        "ResourceRecordSets"
    ]
    assert not [each for each in left if each["Type"] == "CNAME"]


def test_identity_without_published_records(aws):
    made = aws.apply("sesv2_email_identity", domain="example.net")["identity"]
    assert made["verified"] is False
    assert made["dkim_records"][0]["name"].endswith("._domainkey.example.net")
    refusal = aws.refuse("sesv2_email_identity", domain="example.net", wait=True, wait_timeout=0)
    assert "verified (are its DKIM records in the DNS?)" in refusal


def test_no_zone_no_change(aws):
    refusal = aws.refuse("sesv2_email_identity", domain="example.org", publish_dns="route53")
    assert refusal == "publish_dns: there is no public hosted zone for example.org"
    assert aws.run("sesv2_email_identity_info")["identities"] == []
