"""The WriteToS3 action: a message as an object.

The key is PREFIX/NAME, NAME as `content.name` gives it: every step that stores the same content
writes the same object, however often it is tried. The service's own scheme is not documented.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatepost.actions import content
from gatepost.actions.aws import judgement
from gatepost.actions.aws.clients import Clients
from gatepost.actions.values import Task, done
from gatepost.delivery.values import Outcome


class WriteToS3:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def __call__(self, task: Task) -> Sequence[Outcome]:
        bucket = task.parameters["S3Bucket"]
        where = f"s3://{bucket}/{key(task)}"

        def put() -> Outcome:
            client = self._clients.client("s3", task.parameters)
            client.put_object(**request(task))
            return done(f"written to {where}")

        return judgement.attempt(f"s3:{bucket}", len(task.numbers), put)


def key(task: Task) -> str:
    prefix = task.parameters.get("S3Prefix", "")
    slash = "/" if prefix and not prefix.endswith("/") else ""
    return f"{prefix}{slash}{content.name(task)}"


def request(task: Task) -> dict[str, Any]:
    """The members of PutObject."""
    made = {
        "Bucket": task.parameters["S3Bucket"],
        "Key": key(task),
        "Body": content.plain(task),
        "ContentType": "message/rfc822",
    }
    if "S3SseKmsKeyId" in task.parameters:
        made["ServerSideEncryption"] = "aws:kms"
        made["SSEKMSKeyId"] = task.parameters["S3SseKmsKeyId"]
    return made
