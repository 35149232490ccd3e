"""From plans to steps."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.daemon.program import Unrunnable, steps
from gatepost.policy.values import Effect, Plan
from gatepost.spool.interface import Step


def planned(*effects: Effect) -> Plan:
    return Plan(recipient="b@example.com", trace=(), effects=effects, final="relay")


def effect(action: str = "Relay", **changes: Any) -> Effect:
    values: dict[str, Any] = {
        "rule": "all",
        "index": 0,
        "action_index": 0,
        "action": action,
        "recipient": "b@Example.com",
        "target": "next" if action == "Relay" else None,
        "mail_from": "a@example.org",
    }
    return Effect(**(values | changes))


@pytest.mark.parametrize(
    ("made", "send_relay", "destination"),
    [
        (effect(), None, "relay:next"),
        (effect(target="gone"), None, "relay:gone"),
        (effect("Send"), None, "mx:example.com"),
        (effect("Send"), "smart", "relay:smart"),
        (effect("Bounce"), None, "bounce:"),
        (effect("Archive", target="legal"), None, "archive:legal"),
        (effect("DeliverToMailbox", target="m-1"), "smart", "mailbox:m-1"),
        (effect("DeliverToQBusiness", target="q-1"), None, "application:q-1"),
        (effect("WriteToS3", target="bucket"), None, "s3:bucket"),
        (effect("PublishToSns", target="arn:aws:sns:x:1:t"), None, "sns:arn:aws:sns:x:1:t"),
        (
            effect("InvokeLambda", target="arn:aws:lambda:x:1:f"),
            None,
            "lambda:arn:aws:lambda:x:1:f",
        ),
    ],
)
def test_where_a_step_goes(made: Effect, send_relay: str | None, destination: str) -> None:
    (step,) = steps([planned(made)], send_relay)
    assert step.destination == destination
    assert step.action == made.action


def test_a_step_carries_its_effect_and_its_program() -> None:
    made = effect(headers=(("X-A", "1"),), on_failure="DROP", parameters={"Relay": "next"})
    first, second = steps([planned(), planned(made, effect())], None)
    assert first == Step(
        program=1,
        action="Relay",
        destination="relay:next",
        recipient="b@Example.com",
        mail_from="a@example.org",
        rule="all",
        headers=(("X-A", "1"),),
        parameters={"Relay": "next"},
        on_failure="DROP",
    )
    assert second.program == 1


def test_what_cannot_run_is_never_skipped() -> None:
    with pytest.raises(Unrunnable, match="Teleport"):
        steps([planned(effect(), effect("Teleport"))], None)
