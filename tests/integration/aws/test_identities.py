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
    got = ses.get_email_identity(EmailIdentity="example.com")
    assert (got["VerificationStatus"], got["VerifiedForSendingStatus"]) == (
        "TEMPORARY_FAILURE",
        False,
    )


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


def test_the_search_for_records_ends(cloud: Any, ses: Any) -> None:
    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity="example.com", MailFromDomain="bounce.example.com"
    )
    cloud.control("POST", "/clock", {"advance": 71 * 3600})
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "PENDING"
    cloud.control("POST", "/clock", {"advance": 2 * 3600})
    got = ses.get_email_identity(EmailIdentity="example.com")
    assert got["DkimAttributes"]["Status"] == got["VerificationStatus"] == "FAILED"
    assert got["MailFromAttributes"]["MailFromDomainStatus"] == "FAILED"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (["10 feedback-smtp.us-east-1.amazonses.com"], "SUCCESS"),
        (["10 Feedback-SMTP.us-east-1.amazonses.com."], "SUCCESS"),
        (["20 feedback-smtp.us-east-1.amazonses.com"], "PENDING"),
        (["10 feedback-smtp.eu-west-1.amazonses.com"], "PENDING"),
        (["10 feedback-smtp.us-east-1.amazonses.com", "20 mx.example.com"], "PENDING"),
    ],
)
def test_mail_from_needs_its_one_mx(
    cloud: Any, ses: Any, zone: str, values: list[str], status: str
) -> None:
    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity="example.com",
        MailFromDomain="bounce.example.com",
        BehaviorOnMxFailure="REJECT_MESSAGE",
    )
    record = {
        "Name": "bounce.example.com",
        "Type": "MX",
        "TTL": 60,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    assert ses.get_email_identity(EmailIdentity="example.com")["MailFromAttributes"] == {
        "MailFromDomain": "bounce.example.com",
        "MailFromDomainStatus": status,
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    }
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com")
    assert "MailFromAttributes" not in ses.get_email_identity(EmailIdentity="example.com")


def test_key_lengths_change_once_a_day(cloud: Any, ses: Any) -> None:
    made = ses.create_email_identity(EmailIdentity="example.com")

    def change_to(length: str) -> None:
        ses.put_email_identity_dkim_signing_attributes(
            EmailIdentity="example.com",
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes={"NextSigningKeyLength": length},
        )

    change_to("RSA_1024_BIT")
    change_to("RSA_1024_BIT")
    with pytest.raises(ses.exceptions.BadRequestException):
        change_to("RSA_2048_BIT")
    got = ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]
    assert got["NextSigningKeyLength"] == got["CurrentSigningKeyLength"] == "RSA_1024_BIT"
    assert got["Tokens"] == made["DkimAttributes"]["Tokens"]
    cloud.control("POST", "/clock", {"advance": 86401})
    change_to("RSA_2048_BIT")


def private_key(size: int) -> str:
    der = rsa.generate_private_key(65537, size).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return base64.b64encode(der).decode()


def test_there_and_back_from_a_key_of_ones_own(ses: Any) -> None:
    made = ses.create_email_identity(EmailIdentity="example.com")["DkimAttributes"]
    own = {"DomainSigningSelector": "own", "DomainSigningPrivateKey": private_key(1024)}
    for attributes in (
        own | {"DomainSigningPrivateKey": private_key(3072)},
        own | {"NextSigningKeyLength": "RSA_2048_BIT"},
        {"DomainSigningSelector": "own"},
        {},
    ):
        with pytest.raises(ses.exceptions.BadRequestException):
            ses.put_email_identity_dkim_signing_attributes(
                EmailIdentity="example.com",
                SigningAttributesOrigin="EXTERNAL",
                SigningAttributes=attributes,
            )
    put = ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity="example.com", SigningAttributesOrigin="EXTERNAL", SigningAttributes=own
    )
    assert (put["DkimStatus"], put["DkimTokens"]) == ("PENDING", ["own"])
    got = ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]
    assert got["SigningAttributesOrigin"] == "EXTERNAL"
    assert "NextSigningKeyLength" not in got
    ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity="example.com", SigningAttributesOrigin="AWS_SES"
    )
    got = ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]
    assert (got["SigningAttributesOrigin"], got["Tokens"]) == ("AWS_SES", made["Tokens"])


def test_a_configuration_set_must_exist(ses: Any) -> None:
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.create_email_identity(EmailIdentity="example.com", ConfigurationSetName="mail")
    ses.create_email_identity(EmailIdentity="example.com")
    put = ses.put_email_identity_configuration_set_attributes
    with pytest.raises(ses.exceptions.NotFoundException):
        put(EmailIdentity="example.com", ConfigurationSetName="mail")
    ses.create_configuration_set(ConfigurationSetName="mail")
    assert ses.get_configuration_set(ConfigurationSetName="mail")["ConfigurationSetName"] == "mail"
    put(EmailIdentity="example.com", ConfigurationSetName="mail")
    got = ses.get_email_identity(EmailIdentity="example.com")
    assert got["ConfigurationSetName"] == "mail"
    put(EmailIdentity="example.com")
    assert "ConfigurationSetName" not in ses.get_email_identity(EmailIdentity="example.com")
