"""The company's own Exchange as it takes mail from a relay: TLS, then AUTH LOGIN, then any mail.

Right credentials are one user name and password, compared in constant time; others get 535, mail
without AUTH gets 530. The message is kept byte for byte.
"""

# ruff: noqa: ARG002 (the signatures of hooks are aiosmtpd's and the base class's)
from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiosmtpd.smtp import AuthResult, LoginPassword

from emulators.faults import Faults
from emulators.mailboxes.smtp import Mailbox, StrictServer
from emulators.mailboxes.stamps import Client
from emulators.maildrop import Delivery, Maildrop


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str = field(repr=False)


class ExchangeServer(StrictServer):
    """A connection that must authenticate; mechanisms are named in any case, as RFC 4954 says."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    async def smtp_AUTH(self, arg: str | None) -> None:
        mechanism, space, rest = (arg or "").partition(" ")
        await super().smtp_AUTH(mechanism.upper() + space + rest)

    async def check_auth_needed(self, caller_method: str) -> bool:
        session = self.session
        assert session is not None
        if session.authenticated:
            return False
        await self.push("530 5.7.57 Client was not authenticated to send mail")
        return True


class Exchange(Mailbox):
    """The handler and, as `authenticate`, aiosmtpd's authenticator."""

    name = "exchange"

    def __init__(
        self,
        maildrop: Maildrop,
        credentials: Credentials,
        clock: Callable[[], datetime],
        faults: Faults,
    ) -> None:
        super().__init__(maildrop, clock, faults)
        self.credentials = credentials

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = self.credentials
        same_name = hmac.compare_digest(data.login, right.username.encode())
        same_password = hmac.compare_digest(data.password, right.password.encode())
        if same_name and same_password:
            return AuthResult(success=True, auth_data=data)
        # auth_data stays out: the session must not carry what was tried.
        return AuthResult(
            success=False, handled=False, message="535 5.7.3 Authentication unsuccessful"
        )

    def refuse(self, client: Client, mail_from: str, rcpt_to: str) -> str | None:
        return None

    def reject(self, message: bytes) -> str | None:
        return None

    def stored(self, message: bytes, client: Client, delivery: Delivery) -> Delivery:
        return delivery

    def accepted(self, queue_id: str, now: datetime) -> str:
        return f"250 2.6.0 <{queue_id}@exchange.example.net> Queued mail for delivery"
