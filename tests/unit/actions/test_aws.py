"""What AWS is asked: objects, notifications, invocations; and by whose credentials."""

from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gatepost.actions import content
from gatepost.actions.aws import s3, sns
from gatepost.actions.aws.clients import Clients, region_of
from gatepost.actions.aws.functions import InvokeLambda
from gatepost.actions.aws.notification import HEADERS_ALONE, LIMIT, notification
from gatepost.actions.values import AwsSettings, Task
from gatepost.delivery.values import Verdict
from tests.unit.actions.tasks import PLAIN, ROLE, WIRE, task

TOPIC = "arn:aws:sns:eu-west-1:111122223333:mail"


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        (None, "0A1B2C3D4E5F6G7H8J9K"),
        ("mail", "mail/0A1B2C3D4E5F6G7H8J9K"),
        ("mail/in/", "mail/in/0A1B2C3D4E5F6G7H8J9K"),
        ("/", "/0A1B2C3D4E5F6G7H8J9K"),
    ],
)
def test_the_key_of_an_object(prefix: str | None, key: str) -> None:
    parameters = {"S3Bucket": "bucket", **({"S3Prefix": prefix} if prefix else {})}
    assert s3.key(task("WriteToS3", "s3:bucket", parameters=parameters)) == key


def test_an_object_encrypted_by_a_key() -> None:
    made = task("WriteToS3", "s3:bucket", parameters={"S3Bucket": "bucket", "S3SseKmsKeyId": "k"})
    assert s3.request(made) == {
        "Bucket": "bucket",
        "Key": "0A1B2C3D4E5F6G7H8J9K",
        "Body": PLAIN,
        "ContentType": "message/rfc822",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "k",
    }


def published(body: bytes = WIRE, **parameters: str) -> dict[str, Any]:
    made = task("PublishToSns", f"sns:{TOPIC}", body=body, parameters=parameters)
    text = sns.message(made)
    assert len(text.encode()) <= LIMIT
    document: dict[str, Any] = json.loads(text)
    return document


def test_a_notification_of_all() -> None:
    assert published() == {
        "notificationType": "Received",
        "mail": {
            "timestamp": "2025-11-24T16:00:00.000+00:00",
            "messageId": "0A1B2C3D4E5F6G7H8J9K",
            "source": "ann@gmail.com",
            "destination": ["bob@example.com"],
            "headersTruncated": False,
            "headers": [
                {"name": "From", "value": "ann@gmail.com"},
                {"name": "Subject", "value": "hello"},
            ],
        },
        "receipt": {
            "recipients": ["bob@example.com"],
            "rule": "keep",
            "deduplicationId": "0A1B2C3D4E5F6G7H8J9K-0",
        },
        "contentOmitted": False,
        "content": PLAIN.decode(),
    }


def test_a_notification_of_the_header_alone() -> None:
    found = published(PayloadType="HEADERS")
    assert "content" not in found
    assert "contentOmitted" not in found
    assert [each["name"] for each in found["mail"]["headers"]] == ["From", "Subject"]


def test_encodings() -> None:
    body = b"A: b\r\n\r\n\xff\x00\r\n"
    assert base64.b64decode(published(body, Encoding="BASE64")["content"]) == body
    assert published(body, Encoding="UTF-8")["content"] == "A: b\r\n\r\n\ufffd\x00\r\n"


@pytest.mark.parametrize("octets", [250_000, 262_144, 5_000_000])
def test_content_that_sns_has_no_room_for(octets: int) -> None:
    found = published(b"A: b\r\n\r\n" + b"x" * octets + b"\r\n")
    assert found["contentOmitted"] is (octets > 260_000)
    assert ("content" in found) is (octets < 260_000)


def test_content_without_room_is_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """To decode 40 MB holds the interpreter, and with it the event loop, for seconds."""
    monkeypatch.setattr(sns, "encoded", lambda *_arguments: pytest.fail("was encoded"))
    found = published(b"A: b\r\n\r\n" + b"\xff" * LIMIT + b"\r\n")
    assert found["contentOmitted"]


# In JSON a field takes three times its octets here: a notification has no room for 100,000.
@pytest.mark.parametrize(("payload", "limit"), [("CONTENT", 20_000), ("HEADERS", 50_000)])
def test_many_headers(payload: str, limit: int) -> None:
    found = published(b"X-Field: 789\r\n" * 20_000 + b"\r\n", PayloadType=payload)
    assert found["mail"]["headersTruncated"]
    assert len(found["mail"]["headers"]) == limit // 12


def test_header_fields_as_they_are() -> None:
    body = (
        b"A: one\r\n two\r\nno field\r\n: none\r\nB:\t=?utf-8?q?=C3=BC?=\r\nC: \xfc\r\n\r\nD: e\r\n"
    )
    found = notification(task(body=body, headers=(("X-A", "1"),)), HEADERS_ALONE)["mail"]
    assert [(each["name"], each["value"]) for each in found["headers"]] == [
        ("X-A", "1"),
        ("A", "one two"),
        ("B", "=?utf-8?q?=C3=BC?="),
        ("C", "\ufffd"),
    ]


def test_the_original_recipient_is_the_destination() -> None:
    made = task("InvokeLambda", "lambda:f", "a@example.com", "b@example.com")
    found = notification(Task(made.message, (1,), made.body), HEADERS_ALONE)
    assert found["mail"]["destination"] == ["b@example.com"]
    assert found["receipt"]["deduplicationId"] == f"{content.name(made)}-1"


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (TOPIC, "eu-west-1"),
        ("arn:aws:lambda:us-east-1:1:function:f", "us-east-1"),
        ("arn:aws:s3:::b", None),
        ("a-function-by-its-name", None),
        ("arn:", None),
    ],
)
def test_regions(arn: str, region: str | None) -> None:
    assert region_of(arn) == region


class Sts:
    """A client of STS that counts."""

    def __init__(self, expires: float) -> None:
        self.roles: list[str] = []
        self.expires = expires

    def assume_role(self, RoleArn: str, RoleSessionName: str) -> Any:  # noqa: N803
        assert RoleSessionName == "gatepostd"
        self.roles.append(RoleArn)
        return {
            "Credentials": {
                "AccessKeyId": f"key-{len(self.roles)}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime.fromtimestamp(self.expires, UTC),
            }
        }


def test_roles_are_assumed_only_if_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    now, made, sts = [0.0], [], Sts(3600.0)

    def make(_self: Clients, service: str, region: str | None, credentials: Any) -> Any:
        made.append((service, region, credentials.get("aws_access_key_id")))
        return sts if service == "sts" else object()

    monkeypatch.setattr(Clients, "_make", make)
    parameters = {"RoleArn": ROLE}
    host = Clients(AwsSettings(region="eu-west-1"), 1, lambda: now[0])
    assert host.client("s3", parameters) is host.client("s3", parameters)
    assert made == [("s3", "eu-west-1", None)]
    made.clear()
    clients = Clients(AwsSettings(region="eu-west-1", assume_roles=True), 1, lambda: now[0])
    first = clients.client("s3", parameters)
    now[0] = 3299.0
    assert clients.client("s3", parameters) is first
    now[0] = 3300.0
    assert clients.client("s3", parameters) is not first
    assert sts.roles == [ROLE, ROLE]
    assert made == [
        ("sts", "eu-west-1", None),
        ("s3", "eu-west-1", "key-1"),
        ("s3", "eu-west-1", "key-2"),
    ]
    clients.refresh(AwsSettings(region="eu-west-1", assume_roles=True))
    clients.client("s3", parameters)
    assert len(sts.roles) == 3


class Functions:
    """A client of Lambda that keeps what it was called with."""

    payload = b""

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        assert (FunctionName, InvocationType) == ("f", "Event")
        self.payload = Payload
        return {"Payload": io.BytesIO(), "StatusCode": 202}


def test_no_header_keeps_a_function_from_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In JSON these fields take fourteen times their octets, and an event may have 256 KiB."""
    functions = Functions()
    monkeypatch.setattr(Clients, "_make", lambda *_arguments: functions)
    parameters = {"FunctionArn": "f", "InvocationType": "EVENT", "RoleArn": ROLE}
    made = task(
        "InvokeLambda", "lambda:f", body=b"a:\r\n" * 60_000 + b"\r\n", parameters=parameters
    )
    invoke = InvokeLambda(Clients(AwsSettings(region="eu-west-1"), 1))
    assert [each.verdict for each in invoke(made)] == [Verdict.DELIVERED]
    assert len(functions.payload) <= LIMIT
    assert json.loads(functions.payload)["mail"]["headersTruncated"]
