"""BDAT over real sockets: chunks one by one and pipelined, order, limits, what is forgotten."""

import asyncio
from typing import Any

import pytest

from gatepost.smtp.limits import Limits

ENVELOPE = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
OK = ["250 2.1.0 Ok", "250 2.1.5 Ok"]
OUT_OF_ORDER = "503 5.5.1 Bad sequence of commands"


def bdat(data: bytes, *, last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n" % (len(data), b" LAST" * last) + data


async def enveloped(served: Any) -> Any:
    client = await served.greeted()
    client.say(ENVELOPE)
    assert await client.replies(2) == OK
    return client


async def test_chunks_one_by_one(relay: Any) -> None:
    served = await relay()
    client = await enveloped(served)
    client.say(bdat(b"Subject: x\r\n\r\n.dot"))
    assert await client.reply() == "250 2.0.0 18 octets received"
    client.say(bdat(b"ted\r\nend"))
    assert await client.reply() == "250 2.0.0 8 octets received"
    client.say(b"bdat 0 last\r\n")
    assert await client.reply() == "250 2.0.0 Ok: queued"
    [(_, transaction, body)] = served.keeper.accepted
    assert body == b"Subject: x\r\n\r\n..dotted\r\nend\r\n"
    assert not transaction.eight_bit


async def test_everything_in_one_segment(relay: Any) -> None:
    """Two messages, a large one and one of eight-bit octets, with commands in their content."""
    served = await relay()
    client = await served.greeted()
    evil = b"x: y\r\n\r\n\r\n.\r\nMAIL FROM:<evil@b>\r\nBDAT 3 LAST\r\n" + b"z" * 900 + b"\r\n"
    client.say(
        ENVELOPE
        + bdat(evil * 300)
        + bdat(evil, last=True)
        + ENVELOPE
        + bdat("grüß".encode(), last=True)
        + b"QUIT\r\n"
    )
    said = [reply[:3] for reply in await client.replies(8)]
    assert said == ["250"] * 7 + ["221"]
    large, small = served.keeper.accepted
    assert large[2] == (evil * 301).replace(b"\r\n.", b"\r\n..")
    assert small[2] == "grüß\r\n".encode()
    assert small[1].eight_bit
    assert {it[1].mail_from for it in served.keeper.accepted} == {"a@example.org"}


async def test_arriving_octet_by_octet(relay: Any) -> None:
    served = await relay()
    client = await enveloped(served)
    for octet in bdat(b"a: b\r\n\r\n.\r\n") + bdat(b".", last=True):
        client.say(bytes([octet]))
        await asyncio.sleep(0)
    assert (await client.replies(2))[1] == "250 2.0.0 Ok: queued"
    assert served.keeper.accepted[0][2] == b"a: b\r\n\r\n..\r\n..\r\n"


@pytest.mark.parametrize(
    ("before", "replies"),
    [
        (b"", 0),
        (b"MAIL FROM:<a@example.org>\r\n", 1),
        (b"MAIL FROM:<a@example.org>\r\nRCPT TO:<nobody@example.com>\r\n", 2),
        (b"HELO c\r\n" + ENVELOPE, 3),
    ],
)
async def test_without_recipients_chunks_are_swallowed(
    relay: Any, before: bytes, replies: int
) -> None:
    served = await relay()
    client = await served.greeted()
    inner = b"MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\n"
    client.say(before + bdat(inner) + bdat(inner, last=True) + b"NOOP\r\n")
    said = (await client.replies(replies + 3))[replies:]
    assert [reply[:9] for reply in said] == ["503 5.5.1", "503 5.5.1", "250 2.0.0"]
    # Nothing of it is left: the next message is whole.
    client.say(b"RSET\r\nEHLO c\r\n" + ENVELOPE + bdat(b"a: b\r\n", last=True))
    assert (await client.replies(5))[-1] == "250 2.0.0 Ok: queued"
    assert [it[2] for it in served.keeper.accepted] == [b"a: b\r\n"]


async def test_data_and_bdat_are_not_mixed(relay: Any) -> None:
    served = await relay()
    client = await enveloped(served)
    client.say(bdat(b"a: b\r\n"))
    assert (await client.reply()).startswith("250 ")
    for command in (b"DATA", b"RCPT TO:<c@example.com>", b"MAIL FROM:<c@example.com>"):
        assert await client.ask(command) == OUT_OF_ORDER
    client.say(bdat(b"c: d\r\n", last=True))
    assert await client.reply() == "250 2.0.0 Ok: queued"
    assert served.keeper.accepted[0][2] == b"a: b\r\nc: d\r\n"
    assert len(served.keeper.accepted[0][1].recipients) == 1


@pytest.mark.parametrize("command", [b"RSET", b"EHLO again.example"])
async def test_what_is_reset_is_forgotten(relay: Any, command: bytes) -> None:
    served = await relay()
    client = await enveloped(served)
    client.say(bdat(b"forgotten: yes\r\n"))
    assert (await client.reply()).startswith("250 ")
    assert served.listening.load.memory > 0
    assert (await client.ask(command)).startswith("250")
    assert served.listening.load.memory == 0
    client.say(ENVELOPE + bdat(b"kept: yes\r\n", last=True))
    assert (await client.replies(3))[2] == "250 2.0.0 Ok: queued"
    assert served.keeper.accepted[0][2] == b"kept: yes\r\n"


async def test_a_client_that_leaves_between_chunks_leaves_nothing(relay: Any) -> None:
    served = await relay()
    for data in (bdat(b"x" * 50), b"BDAT 100\r\nhalf"):
        client = await enveloped(served)
        client.say(data)
        await served.until(lambda: served.listening.load.memory >= len("half"))
        client.leave(reset=True)
        await served.until(lambda: not served.listening.open)
        assert served.listening.load.memory == 0
    assert not served.keeper.accepted


@pytest.mark.parametrize(
    ("chunk", "reply"),
    [
        (b"a: b\nc: d\r\n", "550 5.6.0 Message contains a bare CR or bare LF"),
        (b"a: \0\r\n", "550 5.6.0 Message contains a NUL octet"),
        (b"x" * 3000, "552 5.3.4 Message size exceeds the limit"),
    ],
)
async def test_a_refused_chunk_ends_the_transaction(relay: Any, chunk: bytes, reply: str) -> None:
    served = await relay(limits=Limits(message_bytes=2000))
    client = await enveloped(served)
    client.say(bdat(b"a: b\r\n") + bdat(chunk) + bdat(b"c: d\r\n", last=True))
    assert (await client.replies(3))[1:] == [reply, OUT_OF_ORDER]
    client.say(ENVELOPE + bdat(chunk, last=True) + ENVELOPE + bdat(b"good: 1\r\n", last=True))
    said = await client.replies(6)
    assert (said[2], said[5]) == (reply, "250 2.0.0 Ok: queued")
    assert [it[2] for it in served.keeper.accepted] == [b"good: 1\r\n"]
    assert [fields["by"] for fields in served.of("Denial")] == ["content", "content"]


async def test_the_size_limit_holds_over_chunks(relay: Any) -> None:
    served = await relay(limits=Limits(message_bytes=2000))
    client = await enveloped(served)
    line = b"x" * 98 + b"\r\n"
    client.say(bdat(b"\r\n" + line * 15) + bdat(line * 5))
    assert (await client.replies(2))[1] == "552 5.3.4 Message size exceeds the limit"


async def test_memory_is_bounded_over_clients(relay: Any) -> None:
    served = await relay(limits=Limits(memory_bytes=3000))
    first, second = await enveloped(served), await enveloped(served)
    line = b"x" * 98 + b"\r\n"
    first.say(bdat(line * 29))
    assert (await first.reply()).startswith("250 ")
    second.say(bdat(line * 10) + bdat(line, last=True))
    said = await second.replies(2)
    assert said[1] == "452 4.3.1 Insufficient system memory, try again later"
    assert [fields["by"] for fields in served.of("Denial")] == ["memory"]
    first.say(bdat(b"", last=True))
    assert await first.reply() == "250 2.0.0 Ok: queued"


@pytest.mark.parametrize(
    "line", [b"BDAT", b"BDAT x", b"BDAT -1", b"BDAT 5 FIRST", b"BDAT 5 LAST x", b"BDAT 5 \xff"]
)
async def test_a_chunk_of_no_known_length_ends_the_session(relay: Any, line: bytes) -> None:
    served = await relay()
    client = await enveloped(served)
    client.say(line + b"\r\nMAIL FROM:<evil@b>\r\n")
    assert await client.rest() == b"521 5.5.4 Syntax: BDAT octets [LAST]\r\n"


async def test_many_chunks_are_not_too_many_commands(relay: Any) -> None:
    served = await relay(limits=Limits(commands=10))
    client = await enveloped(served)
    client.say(bdat((b"x" * 62 + b"\r\n") * 16) * 50 + bdat(b"", last=True))
    said = await client.replies(51)
    assert said[-1] == "250 2.0.0 Ok: queued"
    client.say(ENVELOPE + bdat(b"x") * 20)
    assert b"421 4.7.0 Too many commands" in await client.rest()


async def test_the_declared_binary_is_refused(relay: Any) -> None:
    client = await (await relay()).greeted()
    assert (await client.ask(b"MAIL FROM:<a@b> BODY=BINARYMIME")).startswith("501 5.5.4")
