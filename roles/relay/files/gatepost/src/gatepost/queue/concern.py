"""What the queue asks of a step's action: how long it is tried, and whom its failure concerns.

The laws, ours: the sender hears of mail that did not reach a recipient. Relay, Send and
DeliverToMailbox bring it there; Archive, WriteToS3 and DeliverToQBusiness keep a copy, whose loss
concerns the sender only where the recipient's program has nothing else that would have kept or
returned the message; PublishToSns and InvokeLambda tell others of it, and concern the host alone.
Pure.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from gatepost.queue.retry import RetryPolicy
from gatepost.spool.interface import Message, Step

DELIVERIES: Final = frozenset({"Relay", "Send", "DeliverToMailbox"})
_COPIES: Final = frozenset({"Archive", "WriteToS3", "DeliverToQBusiness"})


def policy_of(step: Step, policy: RetryPolicy) -> RetryPolicy:
    """RetryTimeMinutes, which InvokeLambda may have, shortens the time until expiry."""
    minutes = step.parameters.get("RetryTimeMinutes")
    if minutes is None:
        return policy
    return dataclasses.replace(policy, expire_after=min(policy.expire_after, 60.0 * minutes))


def delivers_alone(message: Message, number: int) -> bool:
    """Whether a step is the only one of its program that gives the message a place to be, or tells
    its sender."""
    step = message.steps[number]
    places = [
        other
        for other, it in enumerate(message.steps)
        if it.program == step.program and it.action in DELIVERIES | _COPIES | {"Bounce"}
    ]
    return places == [number]


def concerns_sender(message: Message, number: int) -> bool:
    """Whether the failure, or the delay, of a step is told to the sender."""
    step = message.steps[number]
    if step.action not in _COPIES:
        return step.action in DELIVERIES
    others = {it.action for it in message.steps if it.program == step.program}
    return not others & (DELIVERIES | {"Bounce"})
