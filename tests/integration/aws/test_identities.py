"""Email identities through boto3: verified by the emulated DNS and by nothing else."""

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def change(cloud: Any, zone: str, action: str, name: str, kind: str, value: str) -> None:
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


@pytest.fixture
def ses(cloud: Any) -> Any:
    return cloud.client("sesv2")


@pytest.fixture
def zone(cloud: Any) -> str:
    made = cloud.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    identifier: str = made["HostedZone"]["Id"]
    return identifier


def test_all_three_records_verify(cloud: Any, ses: Any, zone: str) -> None:
    made = ses.create_email_identity(EmailIdentity="example.com")
    assert made["VerifiedForSendingStatus"] is False
    tokens = made["DkimAttributes"]["Tokens"]
    assert len(set(tokens)) == 3
    for token in tokens:
        got = ses.get_email_identity(EmailIdentity="example.com")
        assert got["VerificationStatus"] == got["DkimAttributes"]["Status"] == "PENDING"
        name, target = f"{token}._domainkey.example.com", f"{token}.dkim.amazonses.com"
        change(cloud, zone, "CREATE", name, "CNAME", target)
    got = ses.get_email_identity(EmailIdentity="example.com")
    assert got["VerificationStatus"] == got["DkimAttributes"]["Status"] == "SUCCESS"
    assert got["VerifiedForSendingStatus"] is True
    change(cloud, zone, "UPSERT", name, "CNAME", "wrong.dkim.amazonses.com")
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "PENDING"


def test_refusals(ses: Any) -> None:
    ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity="Example.COM")
    with pytest.raises(ses.exceptions.NotFoundException) as caught:
        ses.get_email_identity(EmailIdentity="example.net")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_email_identity(EmailIdentity="no domain")
    ses.delete_email_identity(EmailIdentity="example.com")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.delete_email_identity(EmailIdentity="example.com")


def test_settings_and_tags(ses: Any) -> None:
    name = "example.com"
    ses.create_email_identity(EmailIdentity=name, Tags=[{"Key": "a", "Value": "1"}])
    ses.put_email_identity_dkim_attributes(EmailIdentity=name, SigningEnabled=False)
    ses.put_email_identity_feedback_attributes(EmailIdentity=name, EmailForwardingEnabled=False)
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity=name, MailFromDomain="bounce.example.com"
    )
    with pytest.raises(ClientError, match="subdomain"):
        ses.put_email_identity_mail_from_attributes(EmailIdentity=name, MailFromDomain="x.org")
    ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity=name,
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
    )
    arn = f"arn:aws:ses:us-east-1:123456789012:identity/{name}"
    ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    ses.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    got = ses.get_email_identity(EmailIdentity=name)
    assert got["DkimAttributes"]["SigningEnabled"] is False
    assert got["DkimAttributes"]["NextSigningKeyLength"] == "RSA_1024_BIT"
    assert got["FeedbackForwardingStatus"] is False
    assert got["MailFromAttributes"] == {
        "MailFromDomain": "bounce.example.com",
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }
    assert got["Tags"] == [{"Key": "b", "Value": "2"}]


def test_lists_in_pages(ses: Any) -> None:
    names = [f"{letter}.example.com" for letter in "abc"]
    for name in names:
        ses.create_email_identity(EmailIdentity=name)
    first = ses.list_email_identities(PageSize=2)
    second = ses.list_email_identities(NextToken=first["NextToken"])
    listed = first["EmailIdentities"] + second["EmailIdentities"]
    assert [one["IdentityName"] for one in listed] == names
    assert "NextToken" not in second


def test_a_key_of_ones_own_verifies_by_its_public_half(cloud: Any, ses: Any, zone: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    attributes = {
        "DomainSigningSelector": "own",
        "DomainSigningPrivateKey": base64.b64encode(private).decode(),
    }
    made = ses.create_email_identity(EmailIdentity="example.com", DkimSigningAttributes=attributes)
    assert made["DkimAttributes"]["SigningAttributesOrigin"] == "EXTERNAL"
    assert made["DkimAttributes"]["Status"] == "PENDING"
    text = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    value = f'"{text[:200]}" "{text[200:]}"'
    change(cloud, zone, "CREATE", "own._domainkey.example.com", "TXT", value)
    assert ses.get_email_identity(EmailIdentity="example.com")["VerifiedForSendingStatus"]
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_email_identity(
            EmailIdentity="example.net",
            DkimSigningAttributes=attributes | {"DomainSigningPrivateKey": "bm8ga2V5"},
        )
