"""From outcomes to what is settled, noticed and recorded. No I/O but the Record.

A failure of the step or the end of its time is told to the sender by a DSN that the same settle
accepts; a first delay beyond the policy's too. A configuration failure is neither: the step's
on_failure decides (SEMANTICS, Evaluation, 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gatepost.delivery.outcome import expired
from gatepost.delivery.values import ConfigurationFailure, Outcome, Verdict
from gatepost.events import Record
from gatepost.queue.concern import DELIVERIES, concerns_sender, delivers_alone, policy_of
from gatepost.queue.retry import RetryPolicy, delay_notice_is_due, expires_at, next_attempt
from gatepost.spool.interface import Accepted, Defer, Done, End, Lease, Message, Settlement, Step

Reports = Sequence[tuple[int, Outcome]]
Case = tuple[Lease, Outcome]


class Notices(Protocol):
    """Makes DSNs; None where the sender wants or can have none. Reports are (step, outcome)."""

    def failed(
        self, message: Message, reports: Reports, body: bytes, now: float
    ) -> Accepted | None: ...

    def delayed(
        self, message: Message, reports: Reports, body: bytes, now: float, until: float
    ) -> Accepted | None: ...

    def relayed(
        self, message: Message, reports: Reports, body: bytes, now: float
    ) -> Accepted | None: ...

    def bounced(self, message: Message, step: int, body: bytes, now: float) -> Accepted | None: ...


@dataclass(slots=True)
class Result:
    """What one settle call takes."""

    settlements: list[Settlement] = field(default_factory=list)
    produced: list[Accepted] = field(default_factory=list)


def settle(
    cases: Sequence[Case],
    body: bytes,
    *,
    policy: RetryPolicy,
    notices: Notices,
    record: Record,
    now: float,
    random: float,
) -> Result:
    """cases: of one message."""
    result = Result()
    message = cases[0][0].entry.message
    failed: list[tuple[int, Outcome]] = []
    delayed: list[tuple[int, Outcome]] = []
    relayed: list[tuple[int, Outcome]] = []
    for lease, outcome in cases:
        entry = lease.entry
        if outcome.verdict is Verdict.DELIVERED:
            result.settlements.append(Done(lease))
            note(record, "Delivery", lease, outcome, now)
            asked = message.steps[entry.step].action in DELIVERIES
            if asked and not outcome.dsn and _wants(message, entry.step, "SUCCESS"):
                relayed.append((entry.step, outcome))
            continue
        heard = concerns_sender(message, entry.step)
        if outcome.verdict is Verdict.FAILED:
            result.settlements.append(Done(lease))
            note(record, "Bounce", lease, outcome, now)
            if heard:
                failed.append((entry.step, outcome))
            continue
        own = policy_of(message.steps[entry.step], policy)
        due = next_attempt(own, message.received_at, entry.attempts + 1, now, random)
        if due is None:
            result.settlements.append(Done(lease))
            note(record, "Expiration", lease, outcome, now)
            if heard:
                failed.append((entry.step, expired(outcome)))
            continue
        late = delay_notice_is_due(policy, message.received_at, now)
        tell = heard and late and not entry.delay_notified
        if tell:
            delayed.append((entry.step, outcome))
        error = line_of(outcome)
        result.settlements.append(
            Defer(lease, due, error, delay_notified=entry.delay_notified or tell)
        )
        note(record, "TransientFailure", lease, outcome, now, due)
    if not (failed or delayed or relayed):
        return result
    until = expires_at(policy, message.received_at)
    try:
        made = [
            notices.failed(message, failed, body, now) if failed else None,
            notices.delayed(message, delayed, body, now, until) if delayed else None,
            notices.relayed(message, relayed, body, now) if relayed else None,
        ]
    except Exception as error:
        # No failure is kept from the sender by a fault of ours: those steps wait. What was
        # delivered stays settled.
        reason = _unmade(record, message, error)
        untold = {step for step, _outcome in failed}
        result.settlements = [
            Defer(it.lease, now + policy.cap, reason) if it.lease.entry.step in untold else it
            for it in result.settlements
        ]
        return result
    for notice, about in zip(made, ("failure", "delay", "relaying"), strict=True):
        if notice is not None:
            result.produced.append(notice)
            record("Notice", id=message.id, notice=notice[0].id, about=about)
    return result


def bounce(
    leases: Sequence[Lease],
    body: bytes,
    *,
    policy: RetryPolicy,
    notices: Notices,
    record: Record,
    now: float,
) -> Result:
    """The Bounce action: its effect is the DSN."""
    result = Result()
    for lease in leases:
        entry = lease.entry
        step = entry.message.steps[entry.step]
        try:
            notice = notices.bounced(entry.message, entry.step, body, now)
        except Exception as error:
            reason = _unmade(record, entry.message, error)
            result.settlements.append(Defer(lease, now + policy.cap, reason))
            continue
        result.settlements.append(Done(lease))
        record("Bounce", **_common(lease, step, now))
        if notice is not None:
            result.produced.append(notice)
            record("Notice", id=entry.message.id, notice=notice[0].id, about="bounce")
    return result


def misconfigured(
    leases: Sequence[Lease], *, failure: ConfigurationFailure, record: Record
) -> Result:
    """The step's on_failure decides: CONTINUE passes on to the next step, DROP ends the program."""
    result = Result()
    for lease in leases:
        entry = lease.entry
        step = entry.message.steps[entry.step]
        named: dict[str, str | int | None] = {
            "id": entry.message.id,
            "recipient": step.recipient,
            "destination": step.destination,
            "rule": step.rule,
            "reason": str(failure),
        }
        record("Fault", where="configuration", **named)
        if step.on_failure == "DROP":
            result.settlements.append(End(lease))
            record("Drop", **named)
        else:
            result.settlements.append(Done(lease))
            if delivers_alone(entry.message, entry.step):
                record("Unrouted", **named)
    return result


def note(
    record: Record, event: str, lease: Lease, outcome: Outcome, now: float, due: float | None = None
) -> None:
    step = lease.entry.message.steps[lease.entry.step]
    more: dict[str, float] = {} if due is None else {"due_at": due}
    record(
        event,
        **_common(lease, step, now),
        code=None if outcome.reply is None else outcome.reply.code,
        status=outcome.status,
        text=outcome.text,
        peer=outcome.peer,
        tls=outcome.tls,
        **more,
    )


def _common(lease: Lease, step: Step, now: float) -> dict[str, str | int | float | bool | None]:
    """seconds: since the message was received."""
    entry = lease.entry
    return {
        "id": entry.message.id,
        "mail_from": step.mail_from,
        "recipient": step.recipient,
        "destination": step.destination,
        "rule": step.rule,
        "attempts": entry.attempts + 1,
        "seconds": round(now - entry.message.received_at, 3),
    }


def _unmade(record: Record, message: Message, error: Exception) -> str:
    """Records the fault; the reason that the steps wait for."""
    reason = f"a notice cannot be made: {type(error).__name__}"
    record("Fault", where="notice", id=message.id, reason=f"{reason}: {error}")
    return reason


def line_of(outcome: Outcome) -> str:
    """The reply, or what stands in its place."""
    text = str(outcome.reply) if outcome.reply is not None else outcome.text
    return " ".join(text.split())


def _wants(message: Message, step: int, condition: str) -> bool:
    program = message.steps[step].program
    return program < len(message.recipients) and condition in message.recipients[program].notify
