"""The dialogue over real sockets: order, extensions, pipelining, faults; real clients too."""

import asyncio
import smtplib
from typing import Any

import aiosmtplib
import pytest

from gatepost.reply import Reply
from gatepost.smtp.limits import Limits
from gatepost.spool.interface import Recipient, SpoolFull

ENVELOPE = (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>")
PIPELINED = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


async def test_ehlo_names_what_is_offered_in_one_segment(relay: Any) -> None:
    client = await (await relay()).client()
    assert await client.reply() == "220 mx.example.net ESMTP"
    client.say(b"EHLO client.example\r\n")
    segment = await client.reader.read(4096)
    assert segment == (
        b"250-mx.example.net\r\n250-PIPELINING\r\n250-SIZE 41943040\r\n250-8BITMIME\r\n"
        b"250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250 CHUNKING\r\n"
    )
    assert await client.ask(b"HELO client.example") == "250 mx.example.net"


async def test_a_message_arrives_with_its_envelope(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    assert (
        await client.ask(
            b"MAIL FROM:<> BODY=8BITMIME SIZE=100 RET=HDRS ENVID=x+2By AUTH=<> XOORG=contoso.com"
        )
        == "250 2.1.0 Ok"
    )
    assert await client.ask(b"RCPT TO:<b@example.com> NOTIFY=NEVER") == "250 2.1.5 Ok"
    assert await client.ask(b"RCPT TO:<postmaster> ORCPT=rfc822;p@x") == "250 2.1.5 Ok"
    assert await client.ask(b"DATA") == "354 End data with <CR><LF>.<CR><LF>"
    client.say(b"..\r\nSubject: x\r\n.\r\n")
    assert await client.reply() == "250 2.0.0 Ok: queued"
    assert await client.ask(b"QUIT") == "221 2.0.0 Bye"
    assert await client.rest() == b""
    [(session, transaction, body)] = served.keeper.accepted
    assert (session.source_ip, session.helo) == ("127.0.0.1", "client.example")
    assert (session.tls_version, session.authenticated) == (None, None)
    assert body == b"..\r\nSubject: x\r\n"
    assert transaction.mail_from == ""
    assert transaction.recipients == [
        Recipient("b@example.com", ("NEVER",)),
        Recipient("postmaster@mx.example.net", orcpt="rfc822;p@x"),
    ]
    assert (transaction.size, transaction.eight_bit) == (100, True)
    assert (transaction.ret, transaction.envid) == ("HDRS", "x+2By")
    await served.ended.wait()
    [connection] = served.of("Connection")
    assert (connection["messages"], connection["reason"]) == (1, "quit")


async def test_the_dot_may_come_first(relay: Any) -> None:
    served = await relay()
    client = await served.at_data()
    client.say(b".\r\n")
    assert (await client.reply()).startswith("250 ")
    assert served.keeper.accepted[0][2] == b""


async def test_eight_bit_content_is_kept_and_declared(relay: Any) -> None:
    served = await relay()
    client = await served.at_data()
    body = "Subject: grüß\r\n\r\n\xff\r\n".encode("latin-1")
    client.say(body + b".\r\n")
    assert (await client.reply()).startswith("250 ")
    [(_, transaction, kept)] = served.keeper.accepted
    assert kept == body
    assert transaction.eight_bit


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        ([b"MAIL FROM:<a@b>"], "503 5.5.1 Send EHLO first"),
        ([b"RCPT TO:<a@b>"], "503 5.5.1 Bad sequence of commands"),
        ([b"DATA"], "503 5.5.1 Bad sequence of commands"),
        ([b"EHLO x", b"RCPT TO:<a@b>"], "503 5.5.1 Bad sequence of commands"),
        ([b"EHLO x", *ENVELOPE[:1], b"DATA"], "503 5.5.1 No valid recipients"),
        ([b"EHLO x", *ENVELOPE[:1], *ENVELOPE[:1]], "503 5.5.1 Bad sequence of commands"),
        ([b"EHLO x", *ENVELOPE, b"RSET", b"DATA"], "503 5.5.1 Bad sequence of commands"),
        ([b"EHLO x", *ENVELOPE, b"EHLO x", b"DATA"], "503 5.5.1 Bad sequence of commands"),
        ([b"HELO x", b"MAIL FROM:<a@b> SIZE=1"], "555 5.5.4 Parameters need EHLO"),
        ([b"HELO x", b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>"], "250 2.1.5 Ok"),
        ([b"EHLO x", b"MAIL FROM:<a@b> SIZE=99999999"], "552 5.3.4 Message size exceeds the limit"),
        (
            [b"EHLO x", b"MAIL FROM:<a@b>", "RCPT TO:<ü@b>".encode()],
            "553 5.6.7 A non-ASCII address needs SMTPUTF8",
        ),
        ([b"EHLO x", b"MAIL FROM:<a@b> SMTPUTF8", "RCPT TO:<ü@b>".encode()], "250 2.1.5 Ok"),
        ([b"EHLO x", b"STARTTLS"], "502 5.5.1 Command not implemented"),
        ([b"EHLO x", b"AUTH PLAIN"], "502 5.5.1 Command not implemented"),
        ([b"NOOP"], "250 2.0.0 Ok"),
        ([b"VRFY a"], "252 2.5.0 Send some mail, it will be tried"),
        ([b"HELP"], "214 2.0.0 See RFC 5321"),
        ([b"nonsense"], "500 5.5.1 Command not recognized"),
        ([b"NOOP " + b"x" * 3000], "500 5.5.2 Command line too long"),
    ],
)
async def test_order_and_form(relay: Any, lines: list[bytes], reply: str) -> None:
    client = await (await relay()).client()
    await client.reply()
    assert await client.ask(*lines) == reply
    assert await client.ask(b"NOOP") == "250 2.0.0 Ok"


async def test_pipelined_commands_are_answered_in_one_segment(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    client.say(PIPELINED)
    assert await client.reader.read(4096) == (
        b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
    )
    client.say(b"Subject: 1\r\n\r\n.\r\n" + PIPELINED)
    assert [reply[:3] for reply in await client.replies(4)] == ["250", "250", "250", "354"]
    client.say(b"Subject: 2\r\n\r\n.\r\nQUIT\r\n")
    assert [reply[:3] for reply in await client.replies(2)] == ["250", "221"]
    assert [body for _, _, body in served.keeper.accepted] == [
        b"Subject: 1\r\n\r\n",
        b"Subject: 2\r\n\r\n",
    ]


async def test_an_empty_line_among_commands_is_answered_too(relay: Any) -> None:
    client = await (await relay()).greeted()
    client.say(b"NOOP\r\n\r\nNOOP\r\n")
    replies = [await client.reply() for _ in range(3)]
    assert replies == ["250 2.0.0 Ok", "500 5.5.1 Command not recognized", "250 2.0.0 Ok"]


async def test_a_pipelining_client_with_a_refused_recipient(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    client.say(PIPELINED.replace(b"b@", b"nobody@") + b"RSET\r\n")
    assert [reply[:3] for reply in await client.replies(4)] == ["250", "550", "503", "250"]


async def test_everything_at_once_and_half_closed_is_answered(relay: Any) -> None:
    served = await relay()
    client = await served.client()
    client.say(b"EHLO x\r\n" + PIPELINED + b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n")
    client.writer.write_eof()
    answer = (await client.rest()).decode().splitlines()
    assert [line[:3] for line in answer if line[3] == " "] == [
        *("220", "250", "250", "250", "354", "250", "221")
    ]
    assert len(served.keeper.accepted) == 1


async def test_octet_by_octet_is_the_same_message(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    for octet in PIPELINED + b"Subject: x\r\n\r\n..\r\n.\r\nQUIT\r\n":
        client.say(bytes([octet]))
        await asyncio.sleep(0)
    await client.rest()
    assert served.keeper.accepted[0][2] == b"Subject: x\r\n\r\n..\r\n"


async def test_smtplib_and_aiosmtplib_deliver(relay: Any) -> None:
    served = await relay()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", served.port, timeout=10) as client:
            client.sendmail("a@example.org", ["b@example.com"], b"Subject: x\r\n\r\n.dot\r\n")

    await asyncio.to_thread(send)
    await aiosmtplib.send(
        b"Subject: y\r\n\r\n.dot\r\n",
        sender="c@example.org",
        recipients=["b@example.com"],
        hostname="127.0.0.1",
        port=served.port,
    )
    assert [body for _, _, body in served.keeper.accepted] == [
        b"Subject: x\r\n\r\n..dot\r\n",
        b"Subject: y\r\n\r\n..dot\r\n",
    ]
    assert [transaction.mail_from for _, transaction, _ in served.keeper.accepted] == [
        "a@example.org",
        "c@example.org",
    ]


@pytest.mark.parametrize(
    ("method", "lines", "reply"),
    [
        ("sender", ENVELOPE[:1], "451 4.3.0 "),
        ("recipient", ENVELOPE, "451 4.3.0 "),
        ("data", (*ENVELOPE, b"DATA", b"x\r\n."), "451 4.3.0 "),
    ],
)
async def test_an_exception_is_451_recorded_and_not_told(
    relay: Any, method: str, lines: list[bytes], reply: str
) -> None:
    served = await relay()
    client = await served.greeted()
    served.keeper.replies[method] = ZeroDivisionError("the inner state")
    answer = await client.ask(*lines)
    assert answer.startswith(reply)
    assert "inner" not in answer
    assert "ZeroDivision" not in answer
    [fault] = served.of("Fault")
    assert (fault["where"], fault["reason"]) == ("smtp", "ZeroDivisionError: the inner state")
    assert fault["at"].startswith("conftest.py:")
    del served.keeper.replies[method]
    assert (await client.ask(b"RSET", *ENVELOPE, b"DATA", b".")).startswith("250 ")


async def test_an_exception_before_the_greeting_closes_temporarily(relay: Any) -> None:
    served = await relay()
    served.keeper.replies["connected"] = OSError("disk")
    client = await served.client()
    assert (await client.rest()).startswith(b"421 4.3.0 ")


async def test_a_full_spool_is_452(relay: Any) -> None:
    served = await relay()
    client = await served.at_data()
    served.keeper.replies["data"] = SpoolFull("no space")
    assert (await client.ask(b".")).startswith("452 4.3.1 ")


@pytest.mark.parametrize("code", [421, 521])
async def test_a_closing_reply_of_the_receiver_closes(relay: Any, code: int) -> None:
    served = await relay()
    served.keeper.replies["sender"] = Reply(code, f"{code // 100}.7.1", "Go away")
    client = await served.greeted()
    client.say(ENVELOPE[0] + b"\r\nNOOP\r\n")
    assert await client.rest() == f"{code} {code // 100}.7.1 Go away\r\n".encode()


async def test_a_refused_connection_gets_its_reply_instead_of_the_greeting(relay: Any) -> None:
    served = await relay()
    served.keeper.replies["connected"] = Reply(554, "5.7.1", "No")
    assert await (await served.client()).rest() == b"554 5.7.1 No\r\n"


async def test_replies_of_the_receiver_decide(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    served.keeper.replies["sender"] = Reply(550, "5.7.1", "No")
    assert await client.ask(ENVELOPE[0]) == "550 5.7.1 No"
    assert (await client.ask(ENVELOPE[1])).startswith("503 ")
    served.keeper.replies = {"data": Reply(554, "5.6.0", "Two\nlines")}
    assert await client.ask(*ENVELOPE, b"DATA", b".") == "554-5.6.0 Two\n554 5.6.0 lines"


@pytest.mark.parametrize("reset", [True, False])
async def test_a_client_that_leaves_during_the_commit_does_not_undo_it(
    relay: Any, reset: bool
) -> None:
    served = await relay()
    served.keeper.gate = asyncio.Event()
    client = await served.at_data()
    client.say(b"Subject: x\r\n\r\n.\r\n")
    await served.keeper.committing.wait()
    assert [session.state for session in served.listening.sessions()] == ["commit"]
    client.leave(reset=reset)
    if reset:
        await served.until(lambda: served.listening.load.connections == 0)
    else:  # a FIN alone may also be a client that waits for its reply
        await asyncio.sleep(0.05)
    assert not served.keeper.accepted
    assert served.listening.open == 1
    served.keeper.gate.set()
    await asyncio.wait_for(served.ended.wait(), 10)
    assert len(served.keeper.accepted) == 1
    assert served.of("Connection")[0]["messages"] == 1
    assert not served.of("Fault")


@pytest.mark.parametrize("reset", [True, False])
async def test_a_client_that_leaves_in_the_content_leaves_nothing(relay: Any, reset: bool) -> None:
    served = await relay()
    client = await served.at_data()
    client.say(b"Subject: x\r\n\r\nhalf")
    client.leave(reset=reset)
    await asyncio.wait_for(served.ended.wait(), 10)
    assert not served.keeper.accepted
    assert served.listening.load.memory == 0


async def test_commands_are_read_while_a_commit_runs_but_no_more_than_a_little(relay: Any) -> None:
    served = await relay(limits=Limits(commands=10**9))
    served.keeper.gate = asyncio.Event()
    client = await served.at_data()
    client.say(b".\r\n")
    await served.keeper.committing.wait()
    client.writer.transport.set_write_buffer_limits(high=0)
    flood = asyncio.ensure_future(flooded(client, 64 * 1024 * 1024))
    await asyncio.sleep(0.3)
    assert not flood.done()
    flood.cancel()
    client.writer.transport.abort()


async def flooded(client: Any, size: int) -> None:
    for _ in range(size // 65536):
        client.say(b"NOOP\r\n" * 10922)
        await client.writer.drain()
