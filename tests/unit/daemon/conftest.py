"""A Receiver of one ingress point, with a spool in memory and a DNS of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import load
from gatepost.daemon.flow import Flow
from gatepost.daemon.reception import Reception
from gatepost.delivery.values import Outcome, Scope, Verdict
from gatepost.policy.values import Empty, Session
from gatepost.reply import Reply
from gatepost.smtp.receiver import Transaction
from gatepost.spool.interface import Lease, Message, Recipient, SpoolFull
from gatepost.verdicts.stage import Stage
from tests.unit.verdicts.world import Zone

NOW = 1_700_000_000.0
SESSION = Session("192.0.2.1", "mail.example.org")
BODY = b"From: <ann@gmail.com>\r\nTo: bob@example.com\r\n\r\n..dot\r\n"
GMAIL = {
    "StringExpression": {
        "Evaluate": {"Attribute": "FROM"},
        "Operator": "CONTAINS",
        "Values": ["gmail.com"],
    }
}


@dataclass
class Kept:
    """The part of a Spool that takes mail."""

    messages: list[tuple[Message, bytes]] = field(default_factory=list)
    full: bool = False

    async def accept(self, message: Message, body: bytes) -> None:
        if self.full:
            raise SpoolFull("no space")
        self.messages.append((message, body))


class Idle:
    """A runner whose sites take everything."""

    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]:
        return [Outcome(Verdict.DELIVERED, Scope.RECIPIENT, "taken", "2.0.0")] * len(batch)


@dataclass
class Bench:
    reception: Reception
    kept: Kept
    events: list[tuple[str, dict[str, Any]]]
    stage: Stage
    flow: Flow

    def named(self, name: str) -> list[dict[str, Any]]:
        return [fields for event, fields in self.events if event == name]

    async def receive(
        self,
        *recipients: str,
        body: bytes = BODY,
        session: Session = SESSION,
        **changes: Any,
    ) -> Reply:
        """RCPT for each, then DATA with those that were accepted."""
        transaction = Transaction("ann@gmail.com", **changes)
        for address in recipients:
            recipient = Recipient(address)
            reply = self.reception.recipient(session, transaction, recipient)
            if isinstance(reply, Awaitable):
                reply = await reply
            if reply is None:
                transaction.recipients.append(recipient)
            elif len(recipients) == 1:
                return reply
        return await self.reception.data(session, transaction, body)


Make = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path) -> Make:
    def made(
        *rules: dict[str, Any],
        statements: tuple[dict[str, Any], ...] = (),
        verified: Any = "any",
        zone: Zone | None = None,
        analyzers: Mapping[str, Any] = Empty,
        bounce: Mapping[str, str] = Empty,
        clock: Callable[[], float] = lambda: NOW,
        **policy: Any,
    ) -> Bench:
        file = tmp_path / "gatepost.yml"
        document = {
            "version": 1,
            "hostname": "mx.example.net",
            "spool": {"path": "spool"},
            "ingress_points": [
                {
                    "name": "edge",
                    "listen": ["127.0.0.1:2525"],
                    "traffic_policy": "edge",
                    "rule_set": "main",
                }
            ],
            "traffic_policies": [
                {
                    "TrafficPolicyName": "edge",
                    "DefaultAction": "ALLOW",
                    "PolicyStatements": list(statements),
                    **policy,
                }
            ],
            "rule_sets": [{"RuleSetName": "main", "Rules": list(rules)}],
            "relays": [
                {
                    "RelayName": "next",
                    "ServerName": "next.example.net",
                    "ServerPort": 25,
                    "Authentication": {"NoAuthentication": {}},
                }
            ],
            "verified_domains": verified,
            "bounce": dict(bounce),
        }
        file.write_text(yaml.safe_dump(document))
        config = load(file)
        kept = Kept()
        events: list[tuple[str, dict[str, Any]]] = []
        numbers = iter(range(1, 100))

        def record(event: str, /, **fields: Any) -> None:
            events.append((event, fields))

        stage = Stage(record)
        stage.seconds = 5
        stage.resolver = zone or Zone({})  # type: ignore[assignment]
        stage.analyzers = analyzers
        flow = Flow(Idle())
        reception = Reception(
            config,
            config.ingress_points[0],
            kept,  # type: ignore[arg-type]
            lambda _now: f"id-{next(numbers)}",
            record,
            stage,
            flow,
            clock=clock,
        )
        return Bench(reception, kept, events, stage, flow)

    return made


def rule(*actions: dict[str, Any], name: str = "all", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Actions": list(actions), **more}


RELAY = {"Relay": {"Relay": "next"}}
DROP: dict[str, Any] = {"Drop": {}}


def to(*addresses: str) -> dict[str, Any]:
    return {"ReplaceRecipient": {"ReplaceWith": list(addresses)}}
