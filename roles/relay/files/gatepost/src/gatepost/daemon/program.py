"""From plans to steps: the programs of a message's recipients as the spool stores them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gatepost.policy.values import Effect, Plan
from gatepost.spool.interface import Step

BOUNCE: str = "bounce:"


class Unrunnable(Exception):
    """An effect that this version of the daemon cannot run; `check` refuses its document."""


def steps(
    plans: Sequence[Plan], targets: Mapping[str, str], send_relay: str | None
) -> tuple[Step, ...]:
    """The external effects of every plan, in order. targets: spellings of relays to their names.
    Raises Unrunnable."""
    return tuple(
        _step(number, effect, targets, send_relay)
        for number, each in enumerate(plans)
        for effect in external(each)
    )


def external(each: Plan) -> Iterable[Effect]:
    """What happens outside: not what only shaped the later effects."""
    return (effect for effect in each.effects if effect.action in ("Relay", "Send", "Bounce"))


def _step(number: int, effect: Effect, targets: Mapping[str, str], send_relay: str | None) -> Step:
    return Step(
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


def _destination(effect: Effect, targets: Mapping[str, str], send_relay: str | None) -> str:
    match effect.action:
        case "Relay":
            # A target that is gone is a configuration failure, found and judged at delivery.
            target = effect.target or ""
            return f"relay:{targets.get(target, target)}"
        case "Send" if send_relay is not None:
            return f"relay:{send_relay}"
        case "Send":
            return f"mx:{effect.recipient.rpartition('@')[2].lower()}"
        case "Bounce":
            return BOUNCE
        case other:
            raise Unrunnable(other)
