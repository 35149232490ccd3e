"""Identities, from nothing to nothing again."""

import boto3


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
