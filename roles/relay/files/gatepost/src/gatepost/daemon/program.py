"""From plans to steps: the programs of a message's recipients as the spool stores them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence, Set
from typing import Final

from gatepost.policy.admission import is_verified
from gatepost.policy.values import Effect, Plan
from gatepost.spool.interface import Step

# The queue of DSNs to be made; no next hop.
BOUNCE: Final = "bounce:"
_UNVERIFIED: Final = {
    "SmtpReplyCode": "550",
    "StatusCode": "5.7.1",
    "DiagnosticMessage": "Mail for this domain is not accepted here",
}


class Unrunnable(Exception):
    """An effect that this version does not run; `config.check` refuses its document."""


def steps(
    plans: Sequence[Plan], targets: Mapping[str, str], send_relay: str | None
) -> tuple[Step, ...]:
    """The effects of every plan, in order; the program's number is the plan's. targets: spellings
    of relays to their names. Raises Unrunnable."""
    return tuple(
        Step(
            program=number,
            action=effect.action,
            destination=_destination(effect, targets, send_relay),
            recipient=effect.recipient,
            mail_from=effect.mail_from,
            rule=effect.rule,
            headers=effect.headers,
            parameters=effect.parameters,
            on_failure=effect.on_failure,
        )
        for number, each in enumerate(plans)
        for effect in each.effects
    )


def _destination(effect: Effect, targets: Mapping[str, str], send_relay: str | None) -> str:
    match effect.action:
        case "Relay":
            # A target that is gone is a configuration failure, found and judged at delivery.
            target = effect.target or ""
            return f"relay:{targets.get(target, target)}"
        case "Send":
            domain = effect.recipient.rpartition("@")[2].lower()
            return f"mx:{domain}" if send_relay is None else f"relay:{send_relay}"
        case "Bounce":
            return BOUNCE
        case other:
            raise Unrunnable(other)


def within(program: Sequence[Step], domains: Set[str]) -> tuple[tuple[Step, ...], bool]:
    """The law of verified domains on a program whose recipients rules may have replaced: a step to
    an unverified domain becomes a DSN to the sender. And whether any step is left that delivers; a
    message without steps has nothing that could offend."""
    judged = tuple(
        step if step.action == "Bounce" or is_verified(step.recipient, domains) else _refused(step)
        for step in program
    )
    kept = any(new is old for new, old in zip(judged, program, strict=True))
    return judged, kept or not program


def _refused(step: Step) -> Step:
    return dataclasses.replace(
        step, action="Bounce", destination=BOUNCE, parameters=_UNVERIFIED, headers=()
    )
