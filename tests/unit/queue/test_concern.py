"""How long a step is tried, and whether its failure is the sender's concern."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.queue.concern import concerns_sender, delivers_alone, policy_of
from gatepost.queue.retry import RetryPolicy
from gatepost.spool.interface import Message, Recipient, Step


def step(action: str, program: int = 0, **parameters: Any) -> Step:
    return Step(program, action, "any:where", "b@example.com", "", parameters=parameters)


@pytest.mark.parametrize(("minutes", "seconds"), [(None, 1000), (5, 300), (0, 0), (99, 1000)])
def test_how_long_a_step_is_tried(minutes: int | None, seconds: float) -> None:
    parameters = {} if minutes is None else {"RetryTimeMinutes": minutes}
    policy = policy_of(step("InvokeLambda", **parameters), RetryPolicy(first=7, expire_after=1000))
    assert policy == RetryPolicy(first=7, expire_after=seconds)


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (["Relay"], [True]),
        (["Send", "DeliverToMailbox"], [True, True]),
        (["Archive", "Relay"], [False, True]),
        (["Relay", "WriteToS3"], [True, False]),
        (["Archive", "WriteToS3"], [True, True]),
        (["Archive", "Bounce"], [False, False]),
        (["DeliverToQBusiness", "DeliverToMailbox"], [False, True]),
        (["DeliverToQBusiness", "PublishToSns"], [True, False]),
        (["PublishToSns"], [False]),
        (["InvokeLambda", "Archive"], [False, True]),
    ],
)
def test_whom_a_failure_concerns(actions: list[str], told: list[bool]) -> None:
    # What another recipient's program does is of no account.
    steps = (*map(step, actions), step("Relay", program=1))
    recipients = (Recipient("b@example.com"), Recipient("c@example.com"))
    message = Message("1", 0.0, "a@example.org", recipients, steps, 1)
    assert [concerns_sender(message, number) for number in range(len(actions))] == told


@pytest.mark.parametrize(
    ("actions", "alone"),
    [
        (["Relay"], [True]),
        (["PublishToSns"], [False]),
        (["Archive", "PublishToSns"], [True, False]),
        (["Archive", "WriteToS3"], [False, False]),
        (["InvokeLambda", "Bounce"], [False, True]),
    ],
)
def test_what_leaves_a_program_empty(actions: list[str], alone: list[bool]) -> None:
    steps = (*map(step, actions), step("Relay", program=1))
    recipients = (Recipient("b@example.com"), Recipient("c@example.com"))
    message = Message("1", 0.0, "a@example.org", recipients, steps, 1)
    assert [delivers_alone(message, number) for number in range(len(actions))] == alone
