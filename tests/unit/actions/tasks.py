"""Tasks to carry out."""

from __future__ import annotations

from typing import Any

from gatepost.actions.values import Task
from gatepost.spool.interface import Message, Recipient, Step

RECEIVED_AT = 1_764_000_000.0  # 2025-11-24T16:00:00Z
ROLE = "arn:aws:iam::111122223333:role/mail"
WIRE = b"From: ann@gmail.com\r\nSubject: hello\r\n\r\n..a dot\r\nend\r\n"
PLAIN = b"From: ann@gmail.com\r\nSubject: hello\r\n\r\n.a dot\r\nend\r\n"


def task(
    action: str = "Archive",
    destination: str = "archive:legal",
    *recipients: str,
    body: bytes = WIRE,
    retried: bool = False,
    numbers: tuple[int, ...] | None = None,
    id: str = "0A1B2C3D4E5F6G7H8J9K",
    mail_from: str = "ann@gmail.com",
    **changes: Any,
) -> Task:
    """A step for each recipient, bob@example.com without any; numbers: of those in the task, all
    without any. changes: members of the steps."""
    named = recipients or ("bob@example.com",)
    steps = tuple(
        Step(
            program=number,
            action=action,
            destination=destination,
            recipient=recipient,
            mail_from=mail_from,
            rule="keep",
            **changes,
        )
        for number, recipient in enumerate(named)
    )
    message = Message(
        id=id,
        received_at=RECEIVED_AT,
        mail_from=mail_from,
        recipients=tuple(map(Recipient, named)),
        steps=steps,
        body_size=len(body),
        attributes={"ingress": "edge", "source_ip": "192.0.2.1"},
    )
    return Task(message, tuple(range(len(named))) if numbers is None else numbers, body, retried)
