"""STARTTLS, client certificates, AUTH and PROXY over real sockets."""

import asyncio
import base64
import ipaddress
import smtplib
import ssl
import struct
from contextlib import suppress
from typing import Any

import pytest

from emulators.ca import Authority
from gatepost.smtp.limits import Limits, Load

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ELSEWHERE = (ipaddress.ip_network("192.0.2.0/24"),)
MESSAGE = (b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA", b"x: y\r\n\r\nz\r\n.")


def b64(text: bytes) -> bytes:
    return base64.b64encode(text)


@pytest.mark.parametrize(
    ("version", "name"),
    [(ssl.TLSVersion.TLSv1_2, "TLS1_2"), (ssl.TLSVersion.TLSv1_3, "TLS1_3")],
)
async def test_starttls_resets_the_session_and_its_version_is_known(
    relay: Any,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    version: ssl.TLSVersion,
    name: str,
) -> None:
    client_context.minimum_version = client_context.maximum_version = version
    served = await relay(tls=server_context)
    client = await served.greeted()
    assert "STARTTLS" in await client.ask(b"EHLO plain.example")
    await client.ask(b"MAIL FROM:<before@example.org>")
    await client.start_tls(client_context)
    assert (await client.ask(b"MAIL FROM:<a@b>")).startswith("503 ")
    assert "STARTTLS" not in await client.ask(b"EHLO secure.example")
    assert (await client.ask(b"STARTTLS")).startswith("503 ")
    assert (await client.ask(*MESSAGE)).startswith("250 ")
    [(session, transaction, _)] = served.keeper.accepted
    assert (session.helo, session.tls_version) == ("secure.example", name)
    assert session.client_certificate == {}
    assert transaction.mail_from == "a@b"
    assert await client.ask(b"QUIT") == "221 2.0.0 Bye"
    assert await client.rest() == b""


async def test_commands_behind_starttls_drop_the_connection(
    relay: Any, server_context: ssl.SSLContext
) -> None:
    served = await relay(tls=server_context)
    client = await served.greeted()
    client.say(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
    assert await client.rest() == b""
    await served.ended.wait()
    assert served.of("Denial")[0]["reason"] == "commands pipelined behind STARTTLS"


async def test_plaintext_sent_after_starttls_is_not_obeyed(
    relay: Any, server_context: ssl.SSLContext
) -> None:
    served = await relay(tls=server_context)
    client = await served.greeted()
    assert (await client.ask(b"STARTTLS")).startswith("220 ")
    client.say(b"MAIL FROM:<evil@example.org>\r\n" * 10)
    assert b"250" not in await client.rest()
    await asyncio.wait_for(served.ended.wait(), 10)
    assert served.of("Denial")[0]["reason"].startswith("TLS handshake failed")
    assert not served.of("Fault")


async def test_a_handshake_that_stalls_is_cut(relay: Any, server_context: ssl.SSLContext) -> None:
    served = await relay(tls=server_context, limits=Limits(tls_seconds=0.2))
    client = await served.greeted()
    assert (await client.ask(b"STARTTLS")).startswith("220 ")
    assert await client.rest() == b""
    await asyncio.wait_for(served.ended.wait(), 10)
    assert not served.of("Fault")


async def test_tls_may_be_required(
    relay: Any, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    served = await relay(tls=server_context, require_tls=True)
    client = await served.greeted()
    assert await client.ask(b"MAIL FROM:<a@b>") == "530 5.7.0 Must issue a STARTTLS command first"
    await client.start_tls(client_context)
    assert (await client.ask(b"EHLO x", *MESSAGE)).startswith("250 ")


async def test_the_context_may_be_replaced_while_serving(
    relay: Any, authority: Authority, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    served = await relay(tls=authority.server_context(["old.example"]))
    served.listening.tls = server_context
    client = await served.greeted()
    await client.start_tls(client_context)
    assert (await client.ask(b"EHLO x")).startswith("250-")


async def test_a_client_certificate_is_told_by_attribute(
    relay: Any, authority: Authority, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    server_context.load_verify_locations(authority.certificate)
    server_context.verify_mode = ssl.CERT_REQUIRED
    client_context.load_cert_chain(*authority.client(["edge.example"]))
    served = await relay(tls=server_context, require_tls=True)
    client = await served.greeted()
    await client.start_tls(client_context)
    assert (await client.ask(b"EHLO x", *MESSAGE)).startswith("250 ")
    attributes = served.keeper.accepted[0][0].client_certificate
    assert attributes["SAN_DNS_NAME"] == ("edge.example",)
    assert len(attributes["SERIAL_NUMBER"]) == 1


async def test_without_its_client_certificate_nothing_is_accepted(
    relay: Any, authority: Authority, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    server_context.load_verify_locations(authority.certificate)
    server_context.verify_mode = ssl.CERT_REQUIRED
    served = await relay(tls=server_context, require_tls=True)
    client = await served.greeted()
    with suppress(ssl.SSLError, ConnectionError):  # TLS 1.3 tells the client only afterwards
        await client.start_tls(client_context)
        client.say(b"EHLO x\r\n" + b"\r\n".join(MESSAGE) + b"\r\n")
        assert b"250" not in await client.rest()
    await asyncio.wait_for(served.ended.wait(), 10)
    assert not served.keeper.accepted
    assert not served.of("Fault")


@pytest.mark.parametrize(
    "lines",
    [
        [b"AUTH PLAIN " + b64(b"\0edge\0open sesame")],
        [b"auth plain", b64(b"\0edge\0open sesame")],
        [b"AUTH LOGIN", b64(b"edge"), b64(b"open sesame")],
        [b"AUTH Login " + b64(b"edge"), b64(b"open sesame")],
    ],
)
async def test_authentication(
    relay: Any,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    lines: list[bytes],
) -> None:
    served = await relay(tls=server_context, auth=True)
    client = await served.greeted()
    assert "AUTH" not in await client.ask(b"EHLO x")
    assert (await client.ask(lines[0])).startswith("538 5.7.11 ")
    await client.start_tls(client_context)
    assert "250 AUTH PLAIN LOGIN" in await client.ask(b"EHLO x")
    assert await client.ask(b"MAIL FROM:<a@b>") == "530 5.7.0 Authentication required"
    assert await client.ask(*lines) == "235 2.7.0 Authentication successful"
    assert (await client.ask(lines[0])).startswith("503 ")
    assert (await client.ask(*MESSAGE)).startswith("250 ")
    assert served.keeper.accepted[0][0].authenticated == "edge"


async def test_failed_authentication_is_recorded_without_what_was_offered(
    relay: Any, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    served = await relay(tls=server_context, auth=True)
    client = await served.greeted()
    await client.start_tls(client_context)
    await client.ask(b"EHLO x")
    assert (await client.ask(b"AUTH CRAM-MD5")).startswith("504 5.5.4 ")
    assert (await client.ask(b"AUTH LOGIN", b"*")).startswith("501 ")
    served.keeper.replies["authenticate"] = RuntimeError("knows hunter2")
    wrong = b"AUTH PLAIN " + b64(b"\0edge\0hunter2")
    assert (await client.ask(wrong)).startswith("454 4.7.0 ")
    del served.keeper.replies["authenticate"]
    assert (await client.ask(wrong)).startswith("535 5.7.8 ")
    client.say(wrong + b"\r\n")
    assert (await client.rest()).endswith(b"421 4.7.0 Too many authentication failures\r\n")
    await served.ended.wait()
    told = repr(served.events)
    assert "hunter2" not in told
    assert wrong.split()[2].decode() not in told
    assert len(served.of("Fault")) == 1


async def test_whoever_guesses_is_turned_away(
    relay: Any, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    limits = Limits(authentication_failures=2, authentication_failures_per_address=4)
    load = Load()
    served = await relay(tls=server_context, auth=True, limits=limits, load=load)
    for _session in range(2):
        client = await served.greeted()
        await client.start_tls(client_context)
        await client.ask(b"EHLO x")
        client.say((b"AUTH PLAIN " + b64(b"\0edge\0guess") + b"\r\n") * 2)
        assert b"421 4.7.0 Too many authentication failures" in await client.rest()
    assert (await (await served.client()).rest()) == (
        b"421 4.7.0 Too many authentication failures\r\n"
    )
    assert served.of("Denial")[-1]["by"] == "authentication_failures_per_address"
    # Where nobody can guess nobody is turned away.
    await (await relay(limits=limits, load=load)).greeted()


async def test_smtplib_authenticates(
    relay: Any, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    served = await relay(tls=server_context, auth=True)

    def send() -> None:
        with smtplib.SMTP("localhost", served.port, timeout=10) as client:
            client.starttls(context=client_context)
            client.login("edge", "open sesame")
            client.sendmail("a@example.org", ["b@example.com"], b"Subject: x\r\n\r\n\r\n")

    await asyncio.to_thread(send)
    assert len(served.keeper.accepted) == 1


V2 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    + struct.pack("!H", 12)
    + ipaddress.ip_address("203.0.113.9").packed
    + ipaddress.ip_address("192.0.2.2").packed
    + struct.pack("!HH", 4711, 25)
)


@pytest.mark.parametrize("header", [b"PROXY TCP4 203.0.113.9 192.0.2.2 4711 25\r\n", V2])
@pytest.mark.parametrize("split", [False, True])
async def test_a_trusted_proxy_names_the_client_also_after_starttls(
    relay: Any,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    header: bytes,
    split: bool,
) -> None:
    served = await relay(tls=server_context, proxy_trusted=LOOPBACK)
    client = await served.client()
    client.say(header[:5])
    if split:
        await client.writer.drain()
        await asyncio.sleep(0.05)
    client.say(header[5:])
    assert (await client.reply()).startswith("220 ")
    assert served.listening.load.by_address == {"203.0.113.9": 1}
    await client.ask(b"EHLO x")
    await client.start_tls(client_context)
    assert (await client.ask(b"EHLO x", *MESSAGE)).startswith("250 ")
    assert served.keeper.accepted[0][0].source_ip == "203.0.113.9"


@pytest.mark.parametrize(
    ("trusted", "data", "reason"),
    [
        (ELSEWHERE, V2, "PROXY header from an untrusted address"),
        (LOOPBACK, b"EHLO x\r\n", "no PROXY header"),
        (LOOPBACK, b"PROXY TCP4 x\r\n", "malformed PROXY header"),
        (LOOPBACK, b"PROXY", "no PROXY header in time"),
    ],
)
async def test_whoever_may_not_or_does_not_say_who_is_dropped_in_silence(
    relay: Any, trusted: Any, data: bytes, reason: str
) -> None:
    served = await relay(proxy_trusted=trusted, limits=Limits(proxy_seconds=1))
    client = await served.client()
    client.say(data)
    assert await client.rest() == b""
    await served.ended.wait()
    assert [denial["reason"] for denial in served.of("Denial")] == [reason]


async def test_a_proxy_that_speaks_for_itself_is_the_client(relay: Any) -> None:
    served = await relay(proxy_trusted=LOOPBACK)
    client = await served.client()
    client.say(b"PROXY UNKNOWN\r\n")
    assert (await client.reply()).startswith("220 ")
    assert served.listening.load.by_address == {"127.0.0.1": 1}


async def test_a_header_from_a_client_of_a_plain_listener_is_a_bad_command(relay: Any) -> None:
    client = await (await relay()).client()
    await client.reply()
    assert (await client.ask(b"PROXY TCP4 203.0.113.9 192.0.2.2 4711 25")).startswith("500 ")
