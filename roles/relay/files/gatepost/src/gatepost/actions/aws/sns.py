"""The PublishToSns action: a notification to a topic, of the header fields or of all.

At least once, as SNS itself delivers: a crash between the call and its settlement publishes again,
with the same deduplicationId.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gatepost.actions import content
from gatepost.actions.aws import judgement
from gatepost.actions.aws.clients import Clients, region_of
from gatepost.actions.aws.notification import (
    HEADERS_ALONE,
    HEADERS_WITH_CONTENT,
    as_json,
    encoded,
    notification,
)
from gatepost.actions.values import Task
from gatepost.delivery.values import Outcome

LIMIT: Final = 256 * 1024  # octets of a message (API reference of SNS, Publish)
SUBJECT: Final = "Gatepost: a message was received"


class PublishToSns:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def __call__(self, task: Task) -> Sequence[Outcome]:
        topic = task.parameters["TopicArn"]

        def publish() -> Outcome:
            client = self._clients.client("sns", task.parameters, region_of(topic))
            answer = client.publish(TopicArn=topic, Subject=SUBJECT, Message=message(task))
            return judgement.done(f"published as {answer['MessageId']}")

        return judgement.attempt(f"sns:{topic}", len(task.numbers), publish)


def message(task: Task) -> str:
    """Content that SNS has no room for is left out, and contentOmitted says so; so are header
    fields, which take more room in JSON than their octets, and headersTruncated."""
    parameters = task.parameters
    whole = parameters.get("PayloadType", "CONTENT") == "CONTENT"
    headers = HEADERS_WITH_CONTENT if whole else HEADERS_ALONE
    document = notification(task, headers)
    if whole:
        document["contentOmitted"] = False
        encoding = parameters.get("Encoding", "UTF-8")
        made = as_json({**document, "content": encoded(content.plain(task), encoding)})
        if len(made) <= LIMIT:
            return made.decode()
        document["contentOmitted"] = True
    made = as_json(document)
    while len(made) > LIMIT and headers:
        headers //= 2
        document["mail"] = notification(task, headers)["mail"]
        made = as_json(document)
    return made.decode()
