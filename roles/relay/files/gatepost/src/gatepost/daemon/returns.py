"""Senders that MailFrom REPLACE rewrites, and the mail that comes back to them.

A return is mail to an SRS address under bounce.domain that our keys made and whose time is not
over. It is accepted from anybody who may connect, whatever the verified domains and the default
action say (TLS policy and DENY statements hold), is judged by no rule, and goes to the original
sender: by bounce.relay, else as Send does. Every other SRS address of that domain is refused at
RCPT, so that nothing is accepted to be thrown away.
"""

from __future__ import annotations

from typing import Final

from gatepost.config.secrets import srs_keys
from gatepost.config.values import Config
from gatepost.delivery.srs import Expired, Srs, SrsError
from gatepost.events import Record
from gatepost.policy.values import Effect, Plan
from gatepost.reply import Reply

EXPIRED: Final = Reply(550, "5.1.1", "This return address has expired")
_FORGED: Final = Reply(550, "5.7.1", "This return address was not made here")


class Returns:
    """One reading of the file's bounce section."""

    def __init__(self, config: Config, record: Record) -> None:
        """Raises ConfigError when the secret cannot be read."""
        bounce = config.bounce
        self._relay = bounce.relay
        self._record = record
        self._srs: Srs | None = None
        if bounce.domain is not None and bounce.secret_file is not None:
            keys = srs_keys(config.file, "bounce.secret_file", bounce.secret_file)
            self._srs = Srs(bounce.domain, keys)

    def sender(self, mail_from: str, message_id: str, now: float) -> str:
        """What MailFrom REPLACE makes of a sender. One that is too long to be rewritten stays:
        mail that some hosts may judge harshly is better than an address that many refuse."""
        if self._srs is None:
            raise RuntimeError("MailFrom REPLACE needs bounce.domain")
        try:
            return self._srs.forward(mail_from, now)
        except SrsError as error:
            self._record("SenderKept", id=message_id, mail_from=mail_from, reason=str(error))
            return mail_from

    def is_return(self, address: str) -> bool:
        return self._srs is not None and self._srs.is_return(address)

    def refusal(self, address: str, now: float) -> Reply | None:
        """Of a recipient for which `is_return` holds; None for a good one."""
        try:
            self._original(address, now)
        except Expired:
            return EXPIRED
        except SrsError:
            return _FORGED
        return None

    def plan(self, address: str, mail_from: str, now: float) -> Plan:
        """The program of a return. Raises SrsError."""
        action = "Send" if self._relay is None else "Relay"
        effect = Effect(
            rule=None,
            index=0,
            action_index=0,
            action=action,
            recipient=self._original(address, now),
            target=self._relay,
            mail_from=mail_from,
        )
        return Plan(recipient=address, trace=(), effects=(effect,), final=action.lower())

    def _original(self, address: str, now: float) -> str:
        assert self._srs is not None  # noqa: S101  # is_return held
        return self._srs.reverse(address, now)
