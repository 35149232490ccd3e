"""Keys and identities, from nothing to nothing again."""

import json

import boto3
import pytest

ROLE = "arn:aws:iam::123456789012:role/Keys"


@pytest.fixture
def key(aws):
    return aws.run("mailmanager_kms_key", alias="gp", purpose="relay")["key"]


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
