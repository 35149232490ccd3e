"""One connection made ready for mail: dialled, greeted, encrypted and authenticated as its NextHop
demands.

aiosmtplib speaks up to that point; then our `Wire` takes the transport over. Promises:
1. Credentials are sent over TLS whose certificate was verified for server_name, and never
   otherwise.
2. The mechanism is chosen from what is offered (PLAIN, else LOGIN; XOAUTH2 for a token) and tried
   once.
3. Every failure is one `Refusal`, which names the phase; nothing in it shows a secret.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import aiosmtplib

from gatepost.delivery.command import Extensions
from gatepost.delivery.outcome import Disconnected, Malformed, Phase, Unmet, judge
from gatepost.delivery.session import Session, Timeouts
from gatepost.delivery.tls import TlsContexts
from gatepost.delivery.values import Credentials, NextHop, Outcome, Tls
from gatepost.delivery.wire import Wire, make_reply
from gatepost.reply import Reply


class Refusal(Exception):
    """No session. cause: the next hop's reply, or the error."""

    def __init__(self, phase: Phase, cause: Reply | Exception, peer: str, tls: str = "") -> None:
        self.phase = phase
        self.cause = cause
        self.outcome: Outcome = judge(phase, cause, peer=peer, tls=tls)
        super().__init__(self.outcome.text)


async def connect(hop: NextHop, timeouts: Timeouts, contexts: TlsContexts) -> Session:
    """Raises Refusal. With tls MAY a failed encryption is followed by one connection without it."""
    try:
        return await _connect(hop, hop.tls, timeouts, contexts)
    except Refusal as refusal:
        if hop.tls is Tls.MAY and refusal.phase in (Phase.STARTTLS, Phase.TLS):
            return await _connect(hop, Tls.NONE, timeouts, contexts)
        raise


async def _connect(hop: NextHop, tls: Tls, timeouts: Timeouts, contexts: TlsContexts) -> Session:
    host, port = hop.address or (hop.server_name, hop.port)
    if hop.credentials is not None and hop.tls is not Tls.VERIFY:
        reason = f'relay {hop.name} has credentials, which need "tls: verify"; nothing was sent'
        raise Refusal(Phase.AUTH, Unmet("4.7.11", reason), _named(host, port))
    if hop.unix is not None:
        sock, peer = await _dial_unix(hop.unix, timeouts.connect)
    else:
        sock, peer = await _dial(hop, host, port, timeouts.connect)
    client = aiosmtplib.SMTP(
        sock=sock, local_hostname=hop.helo, start_tls=False, timeout=timeouts.command
    )
    try:
        with _phase(Phase.GREETING, peer):
            await client.connect(timeout=timeouts.greeting)
        await _ehlo(client, hop, peer)
        version = await _encrypt(client, hop, tls, peer, timeouts, contexts)
        if hop.credentials is not None:
            await _authenticate(client, hop.credentials, peer, version)
        offered = Extensions.of(client.esmtp_extensions)
        wire = _take_over(client, peer)
    except BaseException:
        client.close()  # and with it the socket, which is the transport's by now
        raise
    return Session(wire, hop, offered, peer=peer, tls=version, timeouts=timeouts)


async def _dial(hop: NextHop, host: str, port: int, seconds: float) -> tuple[socket.socket, str]:
    """A connected socket and its peer as "host:port". Every address of the host is tried, in the
    resolver's order."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refusal(Phase.RESOLVE, error, _named(host, port)) from None
    refusal: Refusal | None = None
    for family, kind, protocol, _canonical, address in found:
        peer = _named(address[0], port)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hop.source_address is not None:
                sock.bind((hop.source_address, 0))
            async with asyncio.timeout(seconds):
                await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            refusal = refusal or Refusal(Phase.CONNECT, error, peer)
        except BaseException:
            sock.close()
            raise
        else:
            return sock, peer
    try:
        raise refusal or Refusal(Phase.RESOLVE, OSError("no address"), _named(host, port))
    finally:
        refusal = None  # its traceback holds this frame


async def _dial_unix(path: str, seconds: float) -> tuple[socket.socket, str]:
    """A connected socket, and its path as the peer."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, path)
    except OSError as error:
        sock.close()
        raise Refusal(Phase.CONNECT, error, path) from None
    except BaseException:
        sock.close()
        raise
    return sock, path


async def _ehlo(client: aiosmtplib.SMTP, hop: NextHop, peer: str, tls: str = "") -> None:
    """EHLO, or HELO where the peer does not know EHLO (RFC 5321 section 3.2); to LMTP LHLO, which
    is answered as EHLO is (RFC 2033 section 4.1)."""
    with _phase(Phase.EHLO, peer, tls):
        if hop.lmtp:
            reply = await client.execute_command(b"LHLO", hop.helo.encode())
            if reply.code != 250:
                raise aiosmtplib.SMTPHeloError(reply.code, reply.message)
            client.last_ehlo_response = reply
            return
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError as error:
            if error.code not in (500, 502, 504):
                raise
            await client.helo()


async def _encrypt(
    client: aiosmtplib.SMTP,
    hop: NextHop,
    tls: Tls,
    peer: str,
    timeouts: Timeouts,
    contexts: TlsContexts,
) -> str:
    """STARTTLS as demanded. Returns the TLS version, "" on plaintext."""
    if tls is Tls.NONE:
        return ""
    if not client.supports_extension("starttls"):
        if tls is Tls.MAY:
            return ""
        unmet = Unmet("4.7.4", f"TLS is demanded (tls: {tls.value}) and STARTTLS is not offered")
        raise Refusal(Phase.STARTTLS, unmet, peer)
    with _phase(Phase.STARTTLS, peer):
        context = contexts.get(tls, hop.ca_file)
        await client.starttls(
            tls_context=context,
            server_hostname=hop.server_name.rstrip("."),
            timeout=timeouts.handshake,
        )
    encrypted: ssl.SSLObject = client.get_transport_info("ssl_object")
    version = encrypted.version() or ""
    await _ehlo(client, hop, peer, version)
    return version


async def _authenticate(
    client: aiosmtplib.SMTP, credentials: Credentials, peer: str, tls: str
) -> None:
    username, password = credentials.username, credentials.password
    with _phase(Phase.AUTH, peer, tls, hidden=credentials):
        if credentials.token:
            if "xoauth2" not in client.server_auth_methods:
                raise Unmet("4.7.4", "AUTH XOAUTH2, which an access token needs, is not offered")
            # A 334 holds the server's reason in base64; the reply to an empty line is the answer.
            await client.auth_xoauth2(username, password)
        elif "plain" in client.server_auth_methods:
            await client.auth_plain(username, password)
        elif "login" in client.server_auth_methods:
            await client.auth_login(username, password)
        else:
            offered = " ".join(client.server_auth_methods) or "none"
            raise Unmet("4.7.4", f"neither AUTH PLAIN nor LOGIN is offered (offered: {offered})")


def _take_over(client: aiosmtplib.SMTP, peer: str) -> Wire:
    """From here on our protocol has the transport; what the peer sends is no longer seen by the
    library."""
    # uvloop's transports are not asyncio's classes, only like them.
    transport = cast("asyncio.Transport | None", client.transport)
    if transport is None or transport.is_closing():
        raise Refusal(Phase.EHLO, Disconnected(), peer)
    wire = Wire()
    transport.set_protocol(wire)
    wire.connection_made(transport)
    client.protocol = client.transport = None  # they hold each other, and the transport
    return wire


@contextmanager
def _phase(
    phase: Phase, peer: str, tls: str = "", hidden: Credentials | None = None
) -> Iterator[None]:
    """Turns what the library raises into a Refusal of this phase."""
    cause: Reply | Exception
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        cause = _reply(error, hidden)
    except aiosmtplib.SMTPTimeoutError:
        cause = TimeoutError()
    except aiosmtplib.SMTPServerDisconnected:
        cause = Disconnected()
    except aiosmtplib.SMTPConnectError as error:
        cause = Disconnected() if phase is Phase.GREETING else error
    except ssl.SSLError as error:
        phase, cause = Phase.TLS, error
    except (OSError, Unmet) as error:
        cause = error
    else:
        return
    raise Refusal(phase, cause, peer, tls) from None


def _reply(
    error: aiosmtplib.SMTPResponseException, hidden: Credentials | None
) -> Reply | Malformed:
    text = error.message
    if hidden is not None:
        text = _hide(text, hidden)
    if not 200 <= error.code < 600:
        return Malformed("no reply code, or an endless reply")
    return make_reply(error.code, text.split("\n"))


def _hide(text: str, credentials: Credentials) -> str:
    """Some servers repeat what they were sent."""
    username, password = credentials.username.encode(), credentials.password.encode()
    plain = base64.b64encode(b"\0" + username + b"\0" + password).decode()
    bearer = b"user=" + username + b"\x01auth=Bearer " + password + b"\x01\x01"
    secrets = [
        plain,
        base64.b64encode(bearer).decode(),
        base64.b64encode(password).decode(),
        credentials.password,
    ]
    for secret in filter(None, secrets):
        text = text.replace(secret, "[hidden]")
    return text


def _named(host: object, port: int) -> str:
    name = str(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
