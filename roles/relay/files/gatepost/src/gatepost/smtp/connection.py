"""One SMTP connection as a dialogue: what is answered to which command, in which order.

Form is judged by `commands`, content is taken by `transfer`, credentials and policy are judged by
the Receiver; here are the sequence of RFC 5321 section 4.1.4, the extensions, and the limits. An
exception of the Receiver is answered 451 (454 at AUTH, 421 before the greeting), recorded, and told
to nobody else. The octets and the time are wire.py.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.smtp import auth, commands, proxy, tls
from gatepost.smtp.commands import Auth, Bdat, Hello, Mail, Plain, Rcpt
from gatepost.smtp.content import TOO_BIG
from gatepost.smtp.receiver import Transaction
from gatepost.smtp.transfer import FAULT, OUT_OF_ORDER, Transfer
from gatepost.smtp.wire import FAULT_AT_LARGE, STOPPING
from gatepost.spool.interface import Recipient

_OK = Reply(250, "2.0.0", "Ok")
_SENDER_OK = Reply(250, "2.1.0", "Ok")
_RECIPIENT_OK = Reply(250, "2.1.5", "Ok")
_START_TLS = Reply(220, "2.0.0", "Ready to start TLS")
_BYE = Reply(221, "2.0.0", "Bye")
_AUTHENTICATED = Reply(235, "2.7.0", "Authentication successful")
_ANSWERS = {
    "NOOP": _OK,
    "VRFY": Reply(252, "2.5.0", "Send some mail, it will be tried"),
    "HELP": Reply(214, "2.0.0", "See RFC 5321"),
}

_HELLO_FIRST = Reply(503, "5.5.1", "Send EHLO first")
_NEEDS_EHLO = Reply(555, "5.5.4", "Parameters need EHLO")
_NEEDS_TLS = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
_NEEDS_AUTH = Reply(530, "5.7.0", "Authentication required")
_AUTH_NEEDS_TLS = Reply(538, "5.7.11", "Encryption required for authentication")
_UNKNOWN_MECHANISM = Reply(504, "5.5.4", "Unrecognized authentication mechanism")
_AUTH_FAULT = Reply(454, "4.7.0", "Temporary authentication failure")
_TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
_FULL = Reply(421, "4.3.2", "Too many connections, try again later")
_TOO_FAST = Reply(421, "4.7.0", "Too many connections in a short time, try again later")
_TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands without a message")
_TOO_MANY_FAILURES = Reply(421, "4.7.0", "Too many authentication failures")


@lru_cache(maxsize=64)  # 0.4 us instead of 4
def _introduction(
    hostname: str, extended: bool, message_bytes: int, *, starttls: bool, auth: bool
) -> bytes:
    """The answer to EHLO, or to HELO, as sent."""
    offers = [hostname]
    if extended:
        offers += "PIPELINING", f"SIZE {message_bytes}", "8BITMIME", "SMTPUTF8"
        offers += "ENHANCEDSTATUSCODES", "DSN", "CHUNKING"
        if starttls:
            offers.append("STARTTLS")
        if auth:
            offers.append("AUTH PLAIN LOGIN")
    return Reply(250, "", "\n".join(offers)).wire()


class Connection(Transfer):
    """Made by `Listening.protocol_factory`, one a connection."""

    _failures = 0

    async def _converse(self) -> None:
        try:
            await self._dialogue()
        finally:
            self._forget()

    async def _dialogue(self) -> None:
        if not await self._greet():
            return
        limit = self.limits.command_bytes
        while True:
            line = self._held_line(limit)  # where there is one, without a coroutine
            if line is None:
                line = await self._line(limit)
            if line is None:
                return
            command = commands.parse(line, self.limits.local_part_bytes)
            if isinstance(command, Reply):
                self._answer("command", command)
                continue
            self._commands += 1
            if self._commands > self.limits.commands:
                self._deny("commands", _TOO_MANY_COMMANDS)
                return
            try:
                unfinished = self._obey(command)
                if unfinished is not None:
                    await unfinished
            except ConnectionError:
                raise
            except Exception as error:
                verb = command.verb if isinstance(command, Plain) else type(command).__name__
                self._fault(verb.upper(), error)
                self._send(_AUTH_FAULT if isinstance(command, Auth) else FAULT)

    def _obey(self, command: commands.Command) -> Awaitable[None] | None:
        """What is left to wait for, if anything is."""
        return _BY_TYPE[type(command)](self, command)

    def _plain(self, command: Plain) -> Awaitable[None] | None:
        match command.verb:
            case "DATA":
                return self._data()
            case "STARTTLS":
                return self._starttls()
            case "RSET":
                self._forget()
                self._send(_OK)
            case "QUIT":
                self._end(_BYE, "quit")
            case verb:
                self._send(_ANSWERS[verb])
        return None

    # Before the first command

    async def _greet(self) -> bool:
        """Whether the client may go on: the load, the PROXY header, the Receiver, the greeting."""
        peer = self.transport.get_extra_info("peername") if self.transport else None
        if not peer:  # gone already
            return False
        self.client = Session(proxy.unmapped(peer[0]))
        listening, limits = self.listening, self.limits
        if listening.draining:
            return self._end(STOPPING, "stopping")
        if listening.load.connections > limits.connections:
            return self._deny("connections", _FULL)
        if listening.proxy_trusted and not await self._proxy():
            return False
        address = self.client.source_ip
        if listening.load.by_address.get(address, 0) >= limits.connections_per_address:
            return self._deny("connections_per_address", _FULL)
        if not self._is_welcome(address):
            return False
        self._count(address)
        try:
            reply = listening.receiver.connected(self.client)
        except Exception as error:
            self._fault("connect", error)
            return self._end(FAULT_AT_LARGE, "fault")
        if reply is not None and not reply.positive:
            return self._end(reply, "refused")
        self._send(reply or Reply(220, "", f"{listening.hostname} ESMTP"))
        return True

    def _is_welcome(self, address: str) -> bool:
        """Whether a client has not come too often, or guessed too many passwords, of late."""
        load, limits, now = self.listening.load, self.limits, self.loop.time()
        rate = limits.connection_rate
        if rate and load.arrivals.add(address, now) > rate:
            return self._deny("connection_rate", _TOO_FAST)
        failures = load.failures.of(address, now) if self.listening.auth else 0
        if failures >= limits.authentication_failures_per_address:
            return self._deny("authentication_failures_per_address", _TOO_MANY_FAILURES)
        return True

    async def _proxy(self) -> bool:
        """aiosmtpd takes a PROXY header from anybody, keeps the proxy's address as the peer and
        loses the header after STARTTLS."""
        self.state = "proxy"
        if not self.listening.trusts_proxy(self.client.source_ip):
            return self._drop("PROXY header from an untrusted address")
        self._reset_timeout(self.limits.proxy_seconds)
        data = b""
        while not (self._eof or self._lost or self.listening.draining or self.state == "closing"):
            data += self._lines.take_all()
            try:
                header = proxy.parse(data) if data else None
            except proxy.ProxyError as error:
                return self._drop(str(error))
            if header is not None:
                self._lines.feed(data[header.size :])
                if header.source_ip is not None:
                    self.client = Session(header.source_ip)
                return True
            await self._more()
        return False

    # Commands

    def _hello(self, command: Hello) -> None:
        """aiosmtpd writes a segment a line, raises shared limits with every EHLO, and offers no
        PIPELINING, ENHANCEDSTATUSCODES or DSN."""
        self._forget()
        self._extended = command.extended
        self.client = replace(self.client, helo=command.name)
        secure, listening = bool(self.client.tls_version), self.listening
        self._output += _introduction(
            listening.hostname,
            command.extended,
            self.limits.message_bytes,
            starttls=listening.tls is not None and not secure,
            auth=listening.auth and secure,
        )

    def _mail(self, command: Mail) -> None:
        """aiosmtpd keeps the null sender as "<>", parses addresses as header fields, and refuses
        the parameters that Exchange sends."""
        refusal = self._mail_refusal(command)
        if refusal is not None:
            self._answer("MAIL", refusal)
            return
        if command.size > self.limits.message_bytes:
            self._deny("size", TOO_BIG, last=False)
            self._send(TOO_BIG)
            return
        transaction = Transaction(
            command.sender,
            extended=self._extended,
            size=command.size,
            eight_bit=command.eight_bit,
            smtputf8=command.smtputf8,
            ret=command.ret,
            envid=command.envid,
        )
        reply = self.listening.receiver.sender(self.client, transaction)
        if reply is None or reply.positive:
            self._transaction = transaction
        self._send(reply or _SENDER_OK)

    def _mail_refusal(self, command: Mail) -> Reply | None:
        if self.listening.require_tls and not self.client.tls_version:
            return _NEEDS_TLS
        if not self.client.helo:
            return _HELLO_FIRST
        if self.listening.auth and not self.client.authenticated:
            return _NEEDS_AUTH
        if self._transaction is not None:
            return OUT_OF_ORDER
        if command.extended and not self._extended:
            return _NEEDS_EHLO
        return None

    def _rcpt(self, command: Rcpt) -> Awaitable[None] | None:
        """aiosmtpd takes the null path as a recipient, and any number of recipients."""
        transaction = self._transaction
        address = command.recipient
        if transaction is None or self._chunks is not None:
            self._answer("RCPT", OUT_OF_ORDER)
        elif command.extended and not self._extended:
            self._answer("RCPT", _NEEDS_EHLO)
        elif not transaction.smtputf8 and not (address.isascii() and command.orcpt.isascii()):
            self._answer("RCPT", commands.NEEDS_UTF8)
        elif len(transaction.recipients) >= self.limits.recipients:
            self._send(_TOO_MANY_RECIPIENTS)
        else:
            if address.lower() == "postmaster":
                address = f"{address}@{self.listening.hostname}"
            recipient = Recipient(address, command.notify, command.orcpt)
            reply = self.listening.receiver.recipient(self.client, transaction, recipient)
            if reply is not None and not isinstance(reply, Reply):
                return self._inquire(transaction, recipient, reply)
            self._judged(transaction, recipient, reply)
        return None

    async def _inquire(
        self, transaction: Transaction, recipient: Recipient, reply: Awaitable[Reply | None]
    ) -> None:
        self._judged(transaction, recipient, await reply)

    def _judged(self, transaction: Transaction, recipient: Recipient, reply: Reply | None) -> None:
        if reply is None or reply.positive:
            transaction.recipients.append(recipient)
        self._send(reply or _RECIPIENT_OK)

    async def _starttls(self) -> None:
        """aiosmtpd keeps silent about commands behind STARTTLS; whoever sends them either injects
        or is injected into, so the connection is dropped."""
        context = self.listening.tls
        if context is None or self.transport is None:
            self._answer("STARTTLS", commands.NOT_IMPLEMENTED)
            return
        if self.client.tls_version:
            self._answer("STARTTLS", OUT_OF_ORDER)
            return
        if len(self._lines):
            self._drop("commands pipelined behind STARTTLS")
            return
        self._send(_START_TLS)
        self._flush()
        self.state = "tls"
        self._reset_timeout(None)  # the handshake has its own
        try:
            transport = await self.loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.limits.tls_seconds,
                ssl_shutdown_timeout=self.limits.close_seconds,
            )
        except (TimeoutError, OSError) as error:
            cause = error.reason if isinstance(error, ssl.SSLError) and error.reason else ""
            self._drop(f"TLS handshake failed: {cause or type(error).__name__}")
            return
        if transport is None:
            raise ConnectionResetError
        self.transport = transport
        self._reading_paused = self._extended = False
        self._forget()
        secured: ssl.SSLObject = transport.get_extra_info("ssl_object")
        self.client = Session(  # RFC 3207 section 4.2: nothing that was said before counts
            self.client.source_ip,
            tls_version=tls.version(secured),
            client_certificate=tls.certificate(secured.getpeercert()),
        )

    async def _auth(self, command: Auth) -> None:
        """aiosmtpd offers AUTH with nobody to judge it, and knows mechanisms in upper case only."""
        refusal = self._auth_refusal(command)
        if refusal is not None:
            self._answer("AUTH", refusal)
            return
        dialogue = auth.MECHANISMS[command.mechanism](command.initial)
        offer: auth.Offer
        try:
            challenge = next(dialogue)
            while True:
                self._output += b"334 " + challenge + b"\r\n"
                line = await self._line(self.limits.auth_bytes, "auth")
                if line is None:
                    return
                challenge = dialogue.send(line)
        except StopIteration as finished:
            offer = finished.value
        except auth.AuthError as error:
            self._auth_failed(error.reply)
            return
        self._reset_timeout(None)
        if await self.listening.receiver.authenticate(  # pylint: disable=used-before-assignment
            self.client, offer.username, offer.password
        ):
            self.client = replace(self.client, authenticated=offer.username)
            self._send(_AUTHENTICATED)
        else:
            self._auth_failed(auth.REFUSED)

    def _auth_refusal(self, command: Auth) -> Reply | None:
        if not self.listening.auth:
            return commands.NOT_IMPLEMENTED
        if not self.client.tls_version:
            return _AUTH_NEEDS_TLS
        if not (self.client.helo and self._extended):
            return _HELLO_FIRST
        if self.client.authenticated or self._transaction is not None:
            return OUT_OF_ORDER
        return None if command.mechanism in auth.MECHANISMS else _UNKNOWN_MECHANISM

    def _auth_failed(self, reply: Reply) -> None:
        self._send(reply)
        self._deny("AUTH", reply, last=False)
        self._failures += 1
        self.listening.load.failures.add(self.client.source_ip, self.loop.time())
        if self._failures >= self.limits.authentication_failures:
            self._deny("authentication_failures", _TOO_MANY_FAILURES)


# Dispatch by a `match` on seven types costs up to 2 us a command.
_BY_TYPE: dict[type, Callable[[Connection, Any], Awaitable[None] | None]] = {
    Hello: Connection._hello,
    Mail: Connection._mail,
    Rcpt: Connection._rcpt,
    Bdat: Connection._bdat,
    Auth: Connection._auth,
    Plain: Connection._plain,
}
