"""Faults in every protocol, before and after the call takes effect; and throttling."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.aws.cloud import Cloud

# service, a write, how many there are
WRITES = [
    (
        "mailmanager",
        lambda c: c.create_archive(ArchiveName="held"),
        lambda c: len(c.list_archives()["Archives"]),
    ),
    (
        "sesv2",
        lambda c: c.create_email_identity(EmailIdentity="example.com"),
        lambda c: len(c.list_email_identities()["EmailIdentities"]),
    ),
    ("kms", lambda c: c.create_key(), lambda c: len(c.list_keys()["Keys"])),
    (
        "secretsmanager",
        lambda c: c.create_secret(Name="s", SecretString="v"),
        lambda c: len(c.list_secrets()["SecretList"]),
    ),
    ("s3", lambda c: c.create_bucket(Bucket="mail"), lambda c: len(c.list_buckets()["Buckets"])),
    (
        "route53",
        lambda c: c.create_hosted_zone(Name="example.com", CallerReference="1"),
        lambda c: len(c.list_hosted_zones()["HostedZones"]),
    ),
    ("iam", lambda c: c.create_user(UserName="u"), lambda c: len(c.list_users()["Users"])),
    ("sns", lambda c: c.create_topic(Name="t"), lambda c: len(c.list_topics()["Topics"])),
]


@pytest.mark.parametrize(("service", "write", "count"), WRITES, ids=[one[0] for one in WRITES])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("how", [{"reset": True}, {"code": "InternalFailure"}])
def test_the_nth_call_fails(
    cloud: Cloud, service: str, write: Any, count: Any, after: bool, how: dict[str, Any]
) -> None:
    client = cloud.client(service)
    cloud.control("POST", "/faults", how | {"nth": 3, "after": after})
    assert (count(client), count(client)) == (0, 0)
    with pytest.raises((ClientError, ConnectionClosedError)) as caught:
        write(client)
    if "code" in how:
        assert isinstance(caught.value, ClientError)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    else:
        assert isinstance(caught.value, ConnectionClosedError)
    assert count(client) == (1 if after else 0)
    assert cloud.control("GET", "/faults")["faults"] == []


def test_the_running_number_counts_over_all_services(cloud: Cloud) -> None:
    cloud.control("POST", "/faults", {"nth": 3, "reset": True})
    cloud.client("kms").list_keys()
    cloud.client("mailmanager").list_relays()
    with pytest.raises(ConnectionClosedError):
        cloud.client("s3").list_buckets()
    cloud.client("s3").list_buckets()


def test_a_client_that_dies(cloud: Cloud) -> None:
    """The second call is applied, and neither it nor any later one is answered."""
    faults = [
        {"nth": 2, "after": True, "reset": True},
        {"nth": 3, "count": 1000, "reset": True},
    ]
    cloud.control("POST", "/faults", faults)
    mm = cloud.client("mailmanager", retries=3)
    mm.list_archives()
    for _ in range(2):
        with pytest.raises(ConnectionClosedError):
            mm.create_archive(ArchiveName="held")
    cloud.control("DELETE", "/faults")
    assert len(mm.list_archives()["Archives"]) == 1


def test_a_retried_create_is_one(cloud: Cloud) -> None:
    cloud.control("POST", "/faults", {"reset": True, "after": True})
    mm = cloud.client("mailmanager", retries=3)
    identifier = mm.create_archive(ArchiveName="held")["ArchiveId"]
    assert mm.list_archives()["Archives"][0]["ArchiveId"] == identifier


THROTTLED = {
    "mailmanager": ("list_relays", "ThrottlingException", 429),
    "sesv2": ("list_email_identities", "TooManyRequestsException", 429),
    "kms": ("list_keys", "ThrottlingException", 400),
    "secretsmanager": ("list_secrets", "ThrottlingException", 400),
    "s3": ("list_buckets", "SlowDown", 503),
    "route53": ("list_hosted_zones", "Throttling", 400),
}


@pytest.mark.parametrize("service", THROTTLED)
def test_throttles(cloud: Cloud, service: str) -> None:
    operation, code, status = THROTTLED[service]
    client = cloud.client(service)
    cloud.control("POST", "/aws/throttling", {"rate": 0.01, "burst": 2, "services": [service]})
    for _ in range(2):
        getattr(client, operation)()
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    cloud.client("sts").get_caller_identity()
    getattr(cloud.client(service, "eu-west-1"), operation)()
    cloud.control("POST", "/clock", {"advance": 101})
    getattr(client, operation)()


def test_a_client_gets_through_at_one_request_a_second(cloud: Cloud) -> None:
    cloud.control("POST", "/aws/throttling", {"rate": 1})
    mm = cloud.client("mailmanager", retries=6)
    for number in range(3):
        mm.create_archive(ArchiveName=f"a{number}")
    assert cloud.control("GET", "/aws/throttling")["rate"] == 1
    cloud.control("POST", "/aws/throttling", {"rate": 0})
    assert len(mm.list_archives()["Archives"]) == 3
