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
    LIMIT,
    as_json,
    encoded,
    fitting,
    notification,
)
from gatepost.actions.values import Task, done
from gatepost.delivery.values import Outcome

SUBJECT: Final = "Gatepost: a message was received"


class PublishToSns:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def __call__(self, task: Task) -> Sequence[Outcome]:
        topic = task.parameters["TopicArn"]

        def publish() -> Outcome:
            client = self._clients.client("sns", task.parameters, region_of(topic))
            answer = client.publish(TopicArn=topic, Subject=SUBJECT, Message=message(task))
            return done(f"published as {answer['MessageId']}")

        return judgement.attempt(f"sns:{topic}", len(task.numbers), publish)


def message(task: Task) -> str:
    """Content that SNS has no room for is left out, and contentOmitted says so."""
    parameters = task.parameters
    if parameters.get("PayloadType", "CONTENT") != "CONTENT":
        return fitting(task, HEADERS_ALONE).decode()
    plain = content.plain(task)
    if len(plain) <= LIMIT:  # encoded it is no shorter
        text = encoded(plain, parameters.get("Encoding", "UTF-8"))
        document = notification(task, HEADERS_WITH_CONTENT)
        made = as_json({**document, "contentOmitted": False, "content": text})
        if len(made) <= LIMIT:
            return made.decode()
    return fitting(task, HEADERS_WITH_CONTENT, contentOmitted=True).decode()
