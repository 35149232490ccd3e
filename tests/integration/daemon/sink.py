"""A next hop for tests: an aiosmtpd server in a thread, which keeps what it gets and answers what
it is told to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from emulators.ports import free_port


@dataclass(slots=True)
class Got:
    """One message as it arrived. content: octets, CRLF, without dot-stuffing."""

    mail_from: str
    recipients: list[str]
    content: bytes
    tls: bool
    username: str | None = None


@dataclass
class Sink:
    """answer: gives the reply to a message, "" for 250. context: offers STARTTLS. accounts: asks
    for AUTH, after TLS."""

    answer: Callable[[Envelope], str] = lambda envelope: ""
    context: ssl.SSLContext | None = None
    accounts: dict[str, str] = field(default_factory=dict)
    messages: list[Got] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    refused_logins: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._controller: Controller | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self) -> Sink:
        options: dict[str, Any] = {"hostname": self.host, "port": self.port, "ident": "sink"}
        if self.context is not None:
            options |= {"tls_context": self.context, "require_starttls": True}
        if self.accounts:
            options |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller = Controller(self, **options, server_hostname="sink.gatepost.test")
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Sink:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, count: int, seconds: float = 60) -> list[Got]:
        """The messages, once there are `count`."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.messages) >= count, seconds)
            assert came, f"{len(self.messages)} of {count} messages came in {seconds} s"
            return list(self.messages)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if reply := self.answer(envelope):
            return reply
        assert isinstance(envelope.original_content, bytes)
        got = Got(
            # aiosmtpd spells the null sender "<>".
            mail_from=(envelope.mail_from or "").strip("<>"),
            recipients=list(envelope.rcpt_tos),
            content=envelope.original_content,
            tls=session.ssl is not None,
            username=session.auth_data,
        )
        with self._changed:
            self.messages.append(got)
            self._changed.notify_all()
        return "250 2.0.0 kept"

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mech: str, data: Any
    ) -> Any:
        username, password = data.login.decode(), data.password.decode()
        if self.accounts.get(username) == password:
            return AuthResult(success=True, auth_data=username)
        self.refused_logins += 1
        return AuthResult(success=False, handled=False)
