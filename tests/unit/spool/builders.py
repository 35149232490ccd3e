"""Messages for the spool's tests."""

from __future__ import annotations

from gatepost.spool.interface import Message, Recipient, Step

NOW = 1_700_000_000.0


def step(destination: str = "relay:a", program: int = 0, **more: object) -> Step:
    return Step(program, "Relay", destination, f"r{program}@example.com", "s@example.net", **more)


def message(name: str, *steps: Step, received_at: float = NOW, size: int = 0, **more) -> Message:
    steps = steps or (step(),)
    programs = 1 + max((it.program for it in steps), default=0)
    recipients = tuple(Recipient(f"r{number}@example.com") for number in range(programs))
    return Message(name, received_at, "s@example.net", recipients, steps, size, **more)
