"""The workers' queues as one, and the picture of it."""

from __future__ import annotations

from typing import Any

from gatepost.cli.top import as_text, look

NOW = 1_700_000_000.0
ANSWER: dict[str, Any] = {
    "status": "ok",
    "hostname": "mx.example.net",
    "started_at": NOW - 3700,
    "pid": 1,
    "workers": [
        {"worker": 0, "ready": True, "restarts": 0},
        {"worker": 1, "ready": True, "restarts": 2},
    ],
    "steps": 7,
    "sessions": 1,
    "suspended": ["relay:stopped"],
    "refused_credentials": {"locked": "535 5.7.8 no"},
    "counts": {"gatepost_received_messages": 20.0, "gatepost_delivered": 12.0},
    "queues": [
        {"destination": "relay:a", "pending": 2, "held": 1, "leased": 1, "oldest": NOW - 50}
        | {"running": 1, "window": 5},
        {"destination": "relay:a", "pending": 3, "held": 0, "leased": 0, "oldest": NOW - 90}
        | {"running": 0, "window": 4, "paused_until": NOW + 30, "reason": "connection refused"},
        {"destination": "relay:locked", "pending": 1, "held": 0, "leased": 0, "oldest": NOW - 5},
        {"destination": "mx:b.example", "pending": 1, "held": 0, "leased": 0, "oldest": NOW - 5}
        | {"running": 1, "window": 5},
    ],
    "clients": [
        {
            "ingress": "edge",
            "source_ip": "192.0.2.1",
            "helo": "evil\x1b]0;name\x07",
            "tls_version": None,
            "state": "data",
            "seconds": 12.3,
            "messages": 4,
        }
    ],
}


def test_each_destination_once() -> None:
    seen = look(ANSWER, NOW)
    first, *others = seen["queues"]
    assert first == {
        "destination": "relay:a",
        "pending": 5,
        "held": 1,
        "leased": 1,
        "running": 1,
        "window": 9,
        "oldest": NOW - 90,
        "paused_until": NOW + 30,
        "reason": "connection refused",
    }
    states = {queue["destination"]: queue.get("suspended") for queue in others}
    assert states == {
        "mx:b.example": None,
        "relay:locked": "credentials refused: 535 5.7.8 no",
        "relay:stopped": "by an operator",
    }


def test_what_people_see() -> None:
    before = look(ANSWER, NOW)
    counts = {"gatepost_received_messages": 40.0, "gatepost_delivered": 13.0}
    text = as_text(look(ANSWER | {"counts": counts}, NOW + 2), before)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == (
        "mx.example.net: ok, up 1h1m, 2 workers (2 restarts), 7 steps queued, 1 sessions"
    )
    rates = next(line for line in lines if line.startswith("a second"))
    assert rates.split() == ["a", "second", "10.0", "0.0", "0.5", "0.0", "0.0", "0.0", "0.0"]
    queue = next(line for line in lines if line.startswith("relay:a"))
    assert queue.split(maxsplit=6) == [
        *("relay:a", "5", "1", "1", "9", "1m32s"),
        "rests for 28s: connection refused",
    ]
    assert any("suspended by an operator" in line for line in lines)
    assert any(line.startswith("192.0.2.1") and "evil�" in line for line in lines)


def test_an_idle_relay() -> None:
    idle = {"steps": 0, "sessions": 0, "suspended": [], "refused_credentials": {}, "queues": []}
    text = as_text(look(ANSWER | idle | {"clients": [], "counts": {}}, NOW), None)
    assert "The queue is empty." in text
    assert "a second" not in text
