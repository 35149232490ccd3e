"""From plans to steps: the programs of a message's recipients as the spool stores them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from gatepost.policy.values import Effect, Plan
from gatepost.spool.interface import Step

# The queue of DSNs to be made; no next hop.
BOUNCE: Final = "bounce:"
# The kind of site where an action ends that is not SMTP; after the colon stands its target.
SITES: Final = {
    "Archive": "archive",
    "DeliverToMailbox": "mailbox",
    "DeliverToQBusiness": "application",
    "WriteToS3": "s3",
    "PublishToSns": "sns",
    "InvokeLambda": "lambda",
}


class Unrunnable(Exception):
    """An effect that no runner is known for."""


def steps(
    plans: Sequence[Plan],
    send_relay: str | None,
    replaced: Callable[[str], str] = lambda sender: sender,
) -> tuple[Step, ...]:
    """The effects of every plan, in order; the program's number is the plan's. replaced: what
    MailFrom REPLACE makes of a sender. Raises Unrunnable."""
    made = [
        Step(
            program=number,
            action=effect.action,
            destination=_destination(effect, send_relay),
            recipient=effect.recipient,
            mail_from=(
                replaced(effect.mail_from)
                if effect.parameters.get("MailFrom") == "REPLACE"
                else effect.mail_from
            ),
            rule=effect.rule,
            headers=effect.headers,
            parameters=effect.parameters,
            on_failure=effect.on_failure,
        )
        for number, each in enumerate(plans)
        for effect in each.effects
    ]
    return tuple(made)


def _destination(effect: Effect, send_relay: str | None) -> str:
    match effect.action:
        case "Relay":
            # A target that is gone is a configuration failure, found and judged at delivery.
            return f"relay:{effect.target}"
        case "Send":
            domain = effect.recipient.rpartition("@")[2].lower()
            return f"mx:{domain}" if send_relay is None else f"relay:{send_relay}"
        case "Bounce":
            return BOUNCE
        case action if action in SITES:
            return f"{SITES[action]}:{effect.target}"
        case other:
            raise Unrunnable(other)
