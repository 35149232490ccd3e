"""From plans to steps."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.daemon.program import Unrunnable, steps, within
from gatepost.policy.admission import is_verified
from gatepost.policy.values import Effect, Plan
from gatepost.spool.interface import Step

TARGETS = {"next": "next", "r-1": "next"}


def planned(*effects: Effect) -> Plan:
    return Plan(recipient="b@example.com", trace=(), effects=effects, final="relay")


def effect(action: str = "Relay", **changes: Any) -> Effect:
    values: dict[str, Any] = {
        "rule": "all",
        "index": 0,
        "action_index": 0,
        "action": action,
        "recipient": "b@Example.com",
        "target": "r-1" if action == "Relay" else None,
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
    ],
)
def test_where_a_step_goes(made: Effect, send_relay: str | None, destination: str) -> None:
    (step,) = steps([planned(made)], TARGETS, send_relay)
    assert step.destination == destination
    assert step.action == made.action


def test_a_step_carries_its_effect_and_its_program() -> None:
    made = effect(headers=(("X-A", "1"),), on_failure="DROP", parameters={"Relay": "r-1"})
    first, second = steps([planned(), planned(made, effect())], TARGETS, None)
    assert first == Step(
        program=1,
        action="Relay",
        destination="relay:next",
        recipient="b@Example.com",
        mail_from="a@example.org",
        rule="all",
        headers=(("X-A", "1"),),
        parameters={"Relay": "r-1"},
        on_failure="DROP",
    )
    assert second.program == 1


def test_what_cannot_run_is_never_skipped() -> None:
    with pytest.raises(Unrunnable, match="Archive"):
        steps([planned(effect(), effect("Archive"))], TARGETS, None)


@pytest.mark.parametrize(
    ("address", "verified"),
    [
        ("a@example.com", True),
        ("a@EXAMPLE.com", True),
        ("a@mail.example.com", True),
        ("a@example.com.", True),
        ("a@notexample.com", False),
        ("a@example.org", False),
        ("a@com", False),
        ('"x@example.com"@example.org', False),
    ],
)
def test_a_domain_is_verified_by_itself_or_one_above(address: str, verified: bool) -> None:
    assert is_verified(address, {"example.com"}) is verified


def test_unverified_replacements_are_answered_by_a_dsn() -> None:
    program = steps(
        [planned(effect(), effect(recipient="c@elsewhere.net"), effect("Bounce"))], TARGETS, None
    )
    judged, kept = within(program, {"example.com"})
    assert kept
    assert judged[0] is program[0]
    assert judged[2] is program[2]
    assert (judged[1].action, judged[1].destination) == ("Bounce", "bounce:")
    assert judged[1].recipient == "c@elsewhere.net"
    assert judged[1].parameters["StatusCode"] == "5.7.1"


def test_all_unverified_leaves_nothing_and_no_steps_offend_nobody() -> None:
    program = steps([planned(effect(recipient="c@elsewhere.net"))], TARGETS, None)
    assert within(program, {"example.com"})[1] is False
    assert within((), {"example.com"}) == ((), True)
