"""What becomes of a log's lines, and the reasons of waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatepost.cli import history

NOW = 1_700_000_000.0
ID = "01M868Z9P6Z9ZHDVQ0Y1"


def line(event: str, second: int, **fields: Any) -> str:
    return json.dumps({"time": f"2026-11-24T07:00:{second:02}.000+00:00", "event": event, **fields})


def test_the_events_of_one_message_in_order() -> None:
    lines = [
        line("Delivery", 9, id=ID, text="250 ok"),
        line("Reception", 1, id=ID),
        line("Reception", 1, id=ID),
        line("Reception", 2, id="another", mail_from=ID),
        "Nov 24 07:00:03 mx gatepostd[1]: " + line("Match", 3, id=ID, rule="all"),
        line("Requeue", 4, id="older", new_id=ID),
        line("Notice", 5, id="failed", notice=ID, about="failure"),
        f"no JSON {ID}",
        f'{{"broken": "{ID}"',
        f'["{ID}"]',
    ]
    assert [event["event"] for event in history.of(ID, lines)] == [
        "Reception",
        "Match",
        "Requeue",
        "Notice",
        "Delivery",
    ]


def step(**changes: Any) -> dict[str, Any]:
    return {
        "step": 0,
        "action": "Relay",
        "destination": "relay:next",
        "recipient": "bob@example.com",
        "state": "pending",
        "due_at": NOW - 1,
        "attempts": 1,
        "last_error": "450 4.2.1 busy",
        **changes,
    }


STATE: dict[str, Any] = {"suspended": [], "refused_credentials": {}, "queues": []}
RESTING = {"destination": "relay:next", "paused_until": NOW + 30, "reason": "refused"}


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"state": "held"}, STATE, "an operator holds it"),
        ({}, {}, "no daemon runs"),
        ({}, STATE | {"suspended": ["relay:next"]}, "an operator has suspended relay:next"),
        (
            {},
            STATE | {"refused_credentials": {"next": "535 no"}},
            "relay:next refused its credentials: 535 no",
        ),
        (
            {"destination": "mx:next"},
            STATE | {"refused_credentials": {"mx:next": "535 no"}},
            "it runs, or is next",
        ),
        ({"due_at": NOW + 90}, STATE, "it is tried again in 1m30s: 450 4.2.1 busy"),
        (
            {},
            STATE | {"queues": [RESTING]},
            "relay:next rests after failures: 450 4.2.1 busy",
        ),
        (
            {"last_error": ""},
            STATE | {"queues": [RESTING]},
            "relay:next rests after failures: refused",
        ),
        ({}, STATE | {"queues": [RESTING | {"paused_until": NOW - 1}]}, "it runs, or is next"),
    ],
)
def test_why_it_waits(changes: dict[str, Any], state: dict[str, Any], reason: str) -> None:
    assert history.why(step(**changes), state, NOW) == reason


def test_what_people_see() -> None:
    events = history.of(
        ID,
        [
            line("Reception", 1, id=ID, mail_from="ann@gmail.com", size=7, helo="evil\x1b[2Jname"),
            line("TransientFailure", 2, id=ID, code=450, peer="p:25", text="p:25 said: 450 busy"),
        ],
    )
    text = history.as_text(events, [{**step(due_at=NOW + 60), "why": "it is tried again"}], NOW)
    assert "\x1b" not in text
    first, second, third, *waits = text.splitlines()
    assert first == "2026-11-24"
    assert second == "  07:00:01.000  Reception         size=7 helo=evil�[2Jname"
    assert third == "  07:00:02.000  TransientFailure  : p:25 said: 450 busy".replace("  : ", "  ")
    assert "step 0, Relay to relay:next for bob@example.com, 1 attempts" in waits[0]
    assert waits[1].strip() == "it is tried again (at 2023-11-14T22:14:20+00:00)"
    assert history.as_text(events, [], NOW).endswith("nothing of it waits")
