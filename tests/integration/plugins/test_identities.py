"""Identities, from nothing to nothing again: DKIM of both kinds, MAIL FROM, records in Route 53."""

import json
import re

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MODULE = "sesv2_email_identity"
IN_ROUTE53 = {"domain": "mail.example.com", "publish_dns": "route53"}
BOUNCE = {"mail_from_domain": "bounce.mail.example.com"}


@pytest.fixture
def ses(aws):
    return boto3.client("sesv2")


@pytest.fixture
def zone(aws):
    made = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    return Zone(made["HostedZone"]["Id"])


@pytest.fixture(scope="module")
def private():
    return (
        rsa.generate_private_key(65537, 2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


class Zone:
    """The hosted zone, as its owner sees it."""

    def __init__(self, identifier):
        self._client = boto3.client("route53")
        self._id = identifier

    def records(self):
        found = self._client.list_resource_record_sets(HostedZoneId=self._id)
        return {
            (each["Type"], each["Name"].rstrip(".")): [r["Value"] for r in each["ResourceRecords"]]
            for each in found["ResourceRecordSets"]
            if each["Type"] not in ("NS", "SOA")
        }

    def put(self, kind, name, *values, ttl=60):
        record = {"Name": name, "Type": kind, "TTL": ttl}
        record["ResourceRecords"] = [{"Value": value} for value in values]
        change = {"Action": "UPSERT", "ResourceRecordSet": record}
        self._client.change_resource_record_sets(
            HostedZoneId=self._id, ChangeBatch={"Changes": [change]}
        )


def test_life(aws, zone):
    made = aws.apply(MODULE, **IN_ROUTE53, wait=True, tags={"a": "b"})["identity"]
    assert made["verified"] is True
    assert len(made["dkim_records"]) == 3
    assert made["dns_records"] == made["dkim_records"]
    assert aws.run("sesv2_email_identity_info")["identities"][0]["verified"] is True
    aws.apply(MODULE, **IN_ROUTE53, tags={})
    aws.apply(MODULE, **IN_ROUTE53, dkim_key_length="RSA_1024_BIT")
    aws.apply(MODULE, **IN_ROUTE53, dkim_signing_enabled=False)
    aws.apply(MODULE, **IN_ROUTE53, state="absent")
    assert zone.records() == {}


def test_mail_from(aws, zone):
    made = aws.apply(MODULE, **IN_ROUTE53, **BOUNCE, wait=True)["identity"]
    assert made["mail_from_status"] == "SUCCESS"
    assert [each["type"] for each in made["dns_records"]] == ["CNAME"] * 3 + ["MX", "TXT"]
    name = BOUNCE["mail_from_domain"]
    assert zone.records()["MX", name] == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    assert zone.records()["TXT", name] == ['"v=spf1 include:amazonses.com ~all"']
    behavior = {"mail_from_behavior_on_mx_failure": "REJECT_MESSAGE"}
    changed = aws.apply(MODULE, **IN_ROUTE53, **behavior)["identity"]
    assert changed["mail_from_domain"] == name
    assert changed["mail_from_behavior_on_mx_failure"] == "REJECT_MESSAGE"
    aws.apply(MODULE, **IN_ROUTE53, mail_from_domain="other.mail.example.com")
    gone = aws.apply(MODULE, **IN_ROUTE53, mail_from_domain="")["identity"]
    assert gone["mail_from_domain"] is None
    assert gone["mail_from_status"] is None


def test_a_key_of_ones_own(aws, zone, private):
    own = {"dkim_selector": "own", "dkim_private_key": private}
    made = aws.apply(MODULE, **IN_ROUTE53, **own, wait=True)["identity"]
    assert made["verified"] is True
    assert [each["type"] for each in made["dns_records"]] == ["TXT"]
    assert list(zone.records()) == [("TXT", "own._domainkey.mail.example.com")]
    assert not aws.apply(MODULE, domain="mail.example.com", dkim_selector="own")["changed"]
    always = aws.run(MODULE, **IN_ROUTE53, **own, update_dkim_private_key="always")
    assert always["changed"]
    back = aws.apply(MODULE, **IN_ROUTE53, dkim_key_length="RSA_2048_BIT", wait=True)["identity"]
    assert back["dkim_origin"] == "AWS_SES"
    assert len(back["dkim_records"]) == 3
    assert back["verified"] is True
    again = aws.apply(MODULE, **IN_ROUTE53, **own)["identity"]
    assert again["dkim_origin"] == "EXTERNAL"
    aws.apply(MODULE, **IN_ROUTE53, **own, state="absent")


def test_no_output_holds_the_key(aws, zone, private):
    options = {**IN_ROUTE53, "dkim_selector": "own", "dkim_private_key": private}
    outputs = [
        aws.run(MODULE, check=True, **options),
        aws.run(MODULE, **options),
        aws.run(MODULE, **options, update_dkim_private_key="always"),
        aws.run("sesv2_email_identity_info"),
    ]
    aws.fault(
        service="sesv2",
        operation="PutEmailIdentityDkimSigningAttributes",
        code="AccessDeniedException",
        status=403,
    )
    outputs.append(aws.run(MODULE, **options | {"dkim_selector": "other"}))
    assert outputs[-1]["failed"]
    body = re.sub(r"-----.*?-----|\s", "", private)
    for output in outputs:
        printed = json.dumps(output)
        assert body[:40] not in printed
        assert body[-40:] not in printed
        assert private.splitlines()[5] not in printed


def test_configuration_sets(aws, ses):
    named = {"domain": "example.net", "configuration_set_name": "main"}
    assert aws.run(MODULE, check=True, **named)["changed"]
    assert aws.refuse(MODULE, **named) == (
        "configuration_set_name: there is no configuration set main"
    )
    assert ses.list_email_identities()["EmailIdentities"] == []
    ses.create_configuration_set(ConfigurationSetName="main")
    assert aws.apply(MODULE, **named)["identity"]["configuration_set_name"] == "main"
    aws.apply(MODULE, domain="example.net", configuration_set_name="")
    aws.apply(MODULE, **named)


def test_foreign_records_stay(aws, zone, ses):
    name = BOUNCE["mail_from_domain"]
    zone.put("MX", name, "10 mx.example.net")
    aws.forget_calls()
    refusal = aws.refuse(MODULE, **IN_ROUTE53, **BOUNCE)
    assert refusal.startswith(f"publish_dns: MX {name} is 10 mx.example.net, which is not ours")
    assert aws.writes() == {}
    changed = aws.apply(MODULE, **IN_ROUTE53, **BOUNCE, overwrite_dns=True)
    assert changed["diff"]["after"]["published"][f"MX {name}"] == [
        "10 feedback-smtp.eu-west-1.amazonses.com"
    ]
    # Texts of others stay beside ours, and after it.
    zone.put("TXT", name, '"google-site-verification=x"')
    aws.apply(MODULE, **IN_ROUTE53, **BOUNCE)
    assert len(zone.records()["TXT", name]) == 2
    aws.apply(MODULE, **IN_ROUTE53, state="absent")
    assert zone.records() == {("TXT", name): ['"google-site-verification=x"']}


def test_records_of_another_ttl_are_removed_as_they_stand(aws, zone):
    made = aws.apply(MODULE, **IN_ROUTE53)["identity"]
    for record in made["dns_records"]:
        zone.put(record["type"], record["name"], record["value"] + ".", ttl=7)
    assert not aws.apply(MODULE, **IN_ROUTE53)["changed"]
    aws.apply(MODULE, **IN_ROUTE53, state="absent")
    assert zone.records() == {}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sesv2", "PutEmailIdentityMailFromAttributes"),
        ("route53", "ChangeResourceRecordSets"),
    ],
)
def test_a_creation_that_is_cut_off_goes_on(aws, zone, service, operation):
    aws.fault(service=service, operation=operation, code="AccessDeniedException", status=403)
    options = IN_ROUTE53 | BOUNCE
    assert operation in aws.refuse(MODULE, **options)
    made = aws.apply(MODULE, **options, wait=True)["identity"]
    assert made["verified"] is True
    assert made["mail_from_status"] == "SUCCESS"


def test_without_published_records(aws):
    made = aws.apply(MODULE, domain="example.net")["identity"]
    assert made["verified"] is False
    assert made["dkim_records"][0]["name"].endswith("._domainkey.example.net")
    assert "published" not in made
    refusal = aws.refuse(MODULE, domain="example.net", wait=True, wait_timeout=0)
    assert "verified (are its DKIM records in the DNS?)" in refusal


def test_no_zone_no_change(aws):
    refusal = aws.refuse(MODULE, domain="example.org", publish_dns="route53")
    assert refusal == "publish_dns: there is no public hosted zone for example.org"
    assert aws.run("sesv2_email_identity_info")["identities"] == []


def test_what_was_just_made_may_not_be_seen_at_once(aws, zone, private):
    aws.control("POST", "/aws/consistency", {"reads": 1, "lists": 1})
    aws.run(MODULE, **IN_ROUTE53, **BOUNCE)
    kinds = [kind for kind, _name in zone.records()]
    assert sorted(kinds) == ["CNAME"] * 3 + ["MX", "TXT"]
    own = {"dkim_selector": "own", "dkim_private_key": private}
    aws.run(MODULE, **IN_ROUTE53, **own, wait=True)
    assert ("TXT", "own._domainkey.mail.example.com") in zone.records()
