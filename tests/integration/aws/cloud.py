"""The emulated AWS as tests see it: clients, control, and what a relay's secret needs."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Cloud:
    """The emulators' announcement, and the shortest way to clients and control."""

    info: dict[str, Any]

    def client(
        self,
        service: str,
        region: str = "us-east-1",
        retries: int = 1,
        keys: tuple[str, str] = ("test", "test"),
    ) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.info["aws"],
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            config=Config(retries={"total_max_attempts": retries, "mode": "standard"}),
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


def mail_manager_statement(kind: str, actions: list[str], **conditions: str) -> dict[str, Any]:
    """The documented statement that lets Mail Manager in on behalf of a kind of resource."""
    return {
        "Sid": "MailManager",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": actions,
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT, **conditions},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ses:us-east-1:{ACCOUNT}:{kind}/*"},
        },
    }


ROOT = {
    "Sid": "Root",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


KEY_STATEMENT = mail_manager_statement(
    "mailmanager-smtp-relay",
    ["kms:Decrypt", "kms:DescribeKey"],
    **{"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"},
)
SECRET_STATEMENT = mail_manager_statement(
    "mailmanager-smtp-relay",
    ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
)


def make_secret(
    cloud: Cloud,
    content: str = '{"username": "relay", "password": "s3cret-value"}',
    key_policy: str | None = None,
    secret_policy: str | None = None,
    own_key: bool = True,
) -> str:
    """A secret that a relay may use, unless an argument spoils it. Returns its ARN."""
    extra = {}
    if own_key:
        text = key_policy or policy(ROOT, KEY_STATEMENT)
        extra["KmsKeyId"] = cloud.client("kms").create_key(Policy=text)["KeyMetadata"]["Arn"]
    client = cloud.client("secretsmanager")
    arn: str = client.create_secret(Name="relay-secret", SecretString=content, **extra)["ARN"]
    text = secret_policy or policy(SECRET_STATEMENT)
    client.put_resource_policy(SecretId=arn, ResourcePolicy=text)
    return arn


def refused(code: str, status: int) -> Any:
    return pytest.raises(ClientError, check=lambda error: _is(error, code, status))


def _is(error: ClientError, code: str, status: int) -> bool:
    metadata = error.response["ResponseMetadata"]
    assert (error.response["Error"]["Code"], metadata["HTTPStatusCode"]) == (code, status), error
    return True


def archive(mm: Any, name: str = "held", **values: Any) -> str:
    created: str = mm.create_archive(ArchiveName=name, **values)["ArchiveId"]
    return created


def send(cloud: Cloud, archive: str, message: str, **more: Any) -> str:
    """Put a message into an archive, and return its id."""
    body = {"ArchiveId": archive, "Message": message, **more}
    sent: str = cloud.control("POST", "/aws/archived_messages", body)["ArchivedMessageId"]
    return sent
