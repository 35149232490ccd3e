"""Our Connection behind the constructor, the hooks and the attributes that aiosmtpd's tests use.

What it lends, and only for these tests: a Receiver that asks aiosmtpd's handlers; plain text that
counts as TLS where a test wants AUTH without it; AUTH that is offered but not demanded; a session,
an envelope and a proxy header to look into. Every reply is the Connection's own.
"""

from __future__ import annotations

import asyncio
import inspect
import ipaddress
import socket
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, make_loop

from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.smtp import commands
from gatepost.smtp.connection import Connection
from gatepost.smtp.limits import Limits
from gatepost.smtp.receiver import Transaction
from gatepost.smtp.server import Listening
from gatepost.spool.interface import Recipient
from gatepost.verdicts.body import unstuffed

ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
OK = Reply(250, "2.0.0", "Ok")


class Adapted(Connection):
    made = 0  # how many, ever: tells which tests speak of the class at all

    def __init__(
        self,
        handler: Any,
        *,
        data_size_limit: int | None = 33554432,
        enable_SMTPUTF8: bool = False,  # noqa: N803
        decode_data: bool = False,
        hostname: str | None = None,
        ident: str | None = None,
        tls_context: Any = None,
        require_starttls: bool = False,
        timeout: float = 300,
        auth_required: bool = False,
        auth_require_tls: bool = True,
        auth_exclude_mechanism: Any = None,
        auth_callback: Any = None,
        command_call_limit: Any = None,
        authenticator: Any = None,
        proxy_protocol_timeout: float | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        Adapted.made += 1
        loop = loop or make_loop()
        self.event_handler = handler
        self._decode_data = decode_data
        self._auth_required = auth_required
        self._auth_require_tls = auth_require_tls
        self._proxy_timeout = proxy_protocol_timeout
        self._judge = (auth_callback, authenticator)
        self._auth_data: Any = None
        self._proxied: Proxied | None = None
        limits = Limits(
            message_bytes=2**62 if data_size_limit is None else data_size_limit,
            command_seconds=timeout,
            proxy_seconds=proxy_protocol_timeout or 10,
            commands=command_call_limit if isinstance(command_call_limit, int) else 1000,
        )
        listening = Listening(
            hostname=hostname or socket.getfqdn(),
            receiver=Asking(self),
            limits=limits,
            tls=tls_context,
            require_tls=bool(tls_context and require_starttls),
            auth=bool(auth_callback or authenticator),
            proxy_trusted=ANYWHERE if proxy_protocol_timeout is not None else (),
        )
        super().__init__(listening, loop)

    # What the tests look at.

    @property
    def session(self) -> Looked:
        return Looked(self)

    @property
    def envelope(self) -> Envelope:
        return self.envelope_of(self._transaction)

    def envelope_of(self, transaction: Transaction | None, body: bytes = b"") -> Envelope:
        found = Envelope()
        if transaction is not None:
            found.mail_from = transaction.mail_from
            found.rcpt_tos = [each.address for each in transaction.recipients]
            found.smtp_utf8 = transaction.smtputf8
            found.original_content = unstuffed(body)
            found.content = found.original_content
            if self._decode_data:
                found.content = found.original_content.decode("utf-8", "surrogateescape")
        return found

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, Mock):
            transport.get_extra_info = {"peername": ("192.0.2.1", 25)}.get
            write = transport.write  # replies are compared, not segments
            transport.write = lambda data: [write(line) for line in data.splitlines(keepends=True)]
        super().connection_made(transport)
        # The tests watch whether the session's end closes the writer.
        self._writer = SimpleNamespace(transport=transport, close=lambda: None)

    def _close(self) -> None:
        self._writer.close()
        super()._close()

    # What the tests bring about.

    async def _greet(self) -> bool:
        welcome = await super()._greet()
        if welcome and not self._auth_require_tls:
            self.client = replace(self.client, tls_version="TLS1_3")
        return welcome

    def _mail_refusal(self, command: commands.Mail) -> Reply | None:
        offered = self.listening.auth
        self.listening.auth = offered and self._auth_required
        try:
            return super()._mail_refusal(command)
        finally:
            self.listening.auth = offered

    async def _proxy(self) -> bool:
        proxy = self.client.source_ip
        good = await super()._proxy()
        address = self.client.source_ip
        self._proxied = Proxied(good, address if address != proxy else None)
        hook = getattr(self.event_handler, "handle_PROXY", None)
        if good and hook is not None:
            return bool(await hook(self, self.session, Envelope(), self._proxied))
        return good

    async def _obey(self, command: commands.Command) -> None:
        """An overridden smtp_HELO runs (it raises); handle_VRFY and handle_NOOP, with which tests
        look into a session, are told."""
        override: Any = type(self).smtp_HELO
        ours = override is Connection.smtp_HELO or override.__module__ == "aiosmtpd.lmtp"
        if isinstance(command, commands.Hello) and not command.extended and not ours:
            await override(self, command.name)
        if isinstance(command, commands.Plain) and command.verb in ("VRFY", "NOOP"):
            hook = getattr(self.event_handler, f"handle_{command.verb}", None)
            if hook is not None:
                await hook(self, self.session, self.envelope, "")
        unfinished = super()._obey(command)
        if unfinished is not None:
            await unfinished


class Looked:
    """A session of aiosmtpd's, as ours stands when it is looked at."""

    login_data = None

    def __init__(self, server: Adapted) -> None:
        self._server = server

    @property
    def peer(self) -> Any:
        transport = self._server.transport
        return transport.get_extra_info("peername") if transport else None

    @property
    def host_name(self) -> str | None:
        return self._server.client.helo or None

    @property
    def ssl(self) -> object:
        return self._server.client.tls_version

    @property
    def authenticated(self) -> bool:
        return bool(self._server.client.authenticated)

    @property
    def auth_data(self) -> Any:
        return self._server._auth_data

    @property
    def proxy_data(self) -> Proxied | None:
        return self._server._proxied


class Proxied:
    """What we take from a PROXY header: whether it is good, and who the client is. It compares as
    equal whatever else aiosmtpd reads from it."""

    def __init__(self, good: bool, client: str | None) -> None:
        self.valid = good
        self.client = client
        self.error = _Error(good)
        self.whole_raw = _Anything()
        self.rest = b""
        self.tlv = None

    def __bool__(self) -> bool:
        return self.valid

    def same_attribs(self, **wanted: Any) -> bool:
        source = wanted.get("src_addr")
        same = source is None or str(source) == self.client
        return same and wanted.get("valid", True) == self.valid


class _Error(str):
    """Of any wording, or none."""

    def __new__(cls, good: bool) -> _Error:
        return super().__new__(cls, "" if good else "refused")

    def __eq__(self, other: object) -> bool:
        return bool(self) == bool(other)

    __hash__ = str.__hash__


class _Anything:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


class Asking:
    """The Receiver: asks a handler of aiosmtpd, and its judges of credentials."""

    def __init__(self, server: Adapted) -> None:
        self._server = server

    def connected(self, session: Session) -> Reply | None:
        return None

    async def authenticate(self, session: Session, username: str, password: bytes) -> bool:
        server = self._server
        callback, authenticator = server._judge
        login = LoginPassword(username.encode(), password)
        if authenticator is None:
            return bool(callback("PLAIN", login.login, login.password))
        result: AuthResult = authenticator(server, server.session, Envelope(), "PLAIN", login)
        if result.success:
            server._auth_data = result.auth_data
        return result.success

    def sender(self, session: Session, transaction: Transaction) -> Reply | None:
        hook = getattr(self._server.event_handler, "handle_MAIL", None)
        if hook is None:
            return None
        envelope = self._server.envelope_of(None)
        asked = hook(self._server, self._server.session, envelope, transaction.mail_from, [])
        try:
            asked.send(None)
        except StopIteration as finished:
            return reply(finished.value)
        raise RuntimeError("the hook waits; at MAIL nobody may")

    def recipient(self, session: Session, transaction: Transaction, recipient: Recipient) -> Any:
        hook = getattr(self._server.event_handler, "handle_RCPT", None)
        return None if hook is None else self._recipient(hook, transaction, recipient)

    async def _recipient(
        self, hook: Any, transaction: Transaction, recipient: Recipient
    ) -> Reply | None:
        envelope = self._server.envelope_of(transaction)
        session = self._server.session
        return reply(await hook(self._server, session, envelope, recipient.address, []))

    async def data(self, session: Session, transaction: Transaction, body: bytes) -> Reply:
        hook = getattr(self._server.event_handler, "handle_DATA", None)
        if hook is None or inspect.isclass(self._server.event_handler):
            return OK
        envelope = self._server.envelope_of(transaction, body)
        return reply(await hook(self._server, self._server.session, envelope)) or OK


def reply(text: Any) -> Reply | None:
    return Reply(int(text[:3]), "", text[4:]) if isinstance(text, str) else None
