"""Limits and times: what each is answered, that memory stays bounded, and how a drain ends."""

import asyncio
import tracemalloc
from typing import Any

import pytest

from gatepost.smtp.limits import Limits, Load


async def test_connections_in_all(relay: Any) -> None:
    served = await relay(limits=Limits(connections=1))
    first = await served.greeted()
    assert await (await served.client()).rest() == (
        b"421 4.3.2 Too many connections, try again later\r\n"
    )
    assert served.of("Denial")[0]["by"] == "connections"
    await first.ask(b"QUIT")
    await first.rest()
    await served.until(lambda: not served.listening.load.connections)
    await served.greeted()


async def test_connections_an_address_are_counted_over_all_listenings(relay: Any) -> None:
    load = Load()
    limits = Limits(connections_per_address=1)
    one, two = await relay(limits=limits, load=load), await relay(limits=limits, load=load)
    await one.greeted()
    assert (await (await two.client()).rest()).startswith(b"421 4.3.2 ")
    assert load.by_address == {"127.0.0.1": 1}


async def test_connections_of_late(relay: Any) -> None:
    served = await relay(limits=Limits(connection_rate=2))
    for _time in range(2):
        client = await served.greeted()
        await client.ask(b"QUIT")
    assert (await (await served.client()).rest()).startswith(b"421 4.7.0 Too many connections in ")
    assert served.of("Denial")[0]["by"] == "connection_rate"


async def test_too_many_errors(relay: Any) -> None:
    served = await relay(limits=Limits(errors=3))
    client = await served.greeted()
    client.say(b"x\r\n" * 5)
    answer = await client.rest()
    assert answer.count(b"500 5.5.1 ") == 3
    assert answer.endswith(b"421 4.7.0 Too many errors, closing connection\r\n")


async def test_a_bare_newline_ends_the_session_and_is_not_obeyed(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    client.say(b"NOOP\nMAIL FROM:<a@b>\r\n")
    assert await client.rest() == b"521 5.5.2 Lines end in CRLF; a bare LF was received\r\n"
    assert served.of("Denial")[0]["by"] == "line"


async def test_a_web_client_is_sent_away(relay: Any) -> None:
    client = await (await relay()).client()
    await client.reply()
    client.say(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n")
    assert await client.rest() == b"521 5.7.0 This is an SMTP server\r\n"


async def test_noop_does_not_hold_a_session(relay: Any) -> None:
    served = await relay(limits=Limits(commands=5))
    client = await served.client()
    client.say(b"NOOP\r\n" * 10)
    answer = await client.rest()
    assert answer.count(b"250 2.0.0") == 5
    assert b"421 4.7.0 Too many commands" in answer


async def test_recipients(relay: Any) -> None:
    served = await relay(limits=Limits(recipients=2))
    client = await served.greeted()
    await client.ask(b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"RCPT TO:<b@b>")
    assert await client.ask(b"RCPT TO:<c@b>") == "452 4.5.3 Too many recipients"
    assert (await client.ask(b"DATA", b".")).startswith("250 ")
    assert len(served.keeper.accepted[0][1].recipients) == 2


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"x: y\r\n\r\n" + b"z" * 50 + b"\r\n" + b"z\r\n" * 2000, "552 5.3.4 Message size"),
        (b"x: y\r\n" * 200, "552 5.3.4 Header section"),
        (b"z" * 200 + b"\r\n", "550 5.6.0 Message has a line longer than 98 octets"),
        (b"a\nb\r\n", "550 5.6.0 Message contains a bare CR or bare LF"),
        (b"a\0b\r\n", "550 5.6.0 Message contains a NUL"),
    ],
)
async def test_refused_content_is_answered_after_its_end(
    relay: Any, data: bytes, reply: str
) -> None:
    served = await relay(limits=Limits(message_bytes=5000, header_bytes=1000, line_bytes=100))
    client = await served.at_data()
    client.say(data + b".\r\n")
    assert (await client.reply()).startswith(reply)
    assert not served.keeper.accepted
    assert served.of("Denial")[0]["by"] == "content"
    assert (
        await client.ask(b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA", b"\r\nfine\r\n.")
    ).startswith("250 ")


async def test_memory_in_flight_is_shared(relay: Any) -> None:
    served = await relay(limits=Limits(memory_bytes=10_000))
    first, second, third = [await served.at_data() for _ in range(3)]
    first.say(b"\r\n" + b"x\r\n" * 3000)
    await served.until(lambda: served.listening.load.memory >= 9000)
    second.say(b"\r\n" + b"y\r\n" * 3000 + b"\r\n")
    await second.writer.drain()
    await asyncio.sleep(0.1)
    assert served.listening.load.memory < 10_000
    second.say(b".\r\n")
    assert (await second.reply()).startswith("452 4.3.1 ")
    assert [fields["by"] for fields in served.of("Denial")] == ["memory"]
    first.say(b".\r\n")
    assert (await first.reply()).startswith("250 ")
    third.say(b"\r\n" + b"y\r\n" * 3000 + b".\r\n")
    assert (await third.reply()).startswith("250 ")


@pytest.mark.parametrize("where", ["command", "content"])
async def test_a_line_without_end_takes_no_memory(relay: Any, where: str) -> None:
    served = await relay()
    client = await (served.at_data() if where == "content" else served.greeted())
    tracemalloc.start()
    try:
        chunk = b"x" * 65536
        for _ in range(800):  # 50 MiB
            client.say(chunk)
            await client.writer.drain()
        client.say(b"\r\n.\r\n" if where == "content" else b"\r\n")
        reply = await client.reply()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply.startswith("550 5.6.0 " if where == "content" else "500 5.5.2 ")
    assert peak < 4 * 1024 * 1024


async def test_times_run_out(relay: Any) -> None:
    served = await relay(limits=Limits(command_seconds=0.5))
    client = await served.greeted()
    assert await client.rest() == b"421 4.4.2 Timeout, closing connection\r\n"
    await served.ended.wait()
    assert served.of("Connection")[0]["reason"] == "timeout"


async def test_an_octet_now_and_then_is_no_progress_in_a_command(relay: Any) -> None:
    served = await relay(limits=Limits(command_seconds=0.6))
    client = await served.greeted()
    for _ in range(30):
        if served.ended.is_set():
            break
        client.say(b"x")
        await asyncio.sleep(0.05)
    assert served.ended.is_set()


async def test_content_that_comes_slowly_but_comes_is_taken(relay: Any) -> None:
    served = await relay(limits=Limits(command_seconds=0.5, data_seconds=1))
    client = await served.at_data()
    for _ in range(12):
        client.say(b"x\r\n")
        await asyncio.sleep(0.1)
    client.say(b".\r\n")
    assert (await client.reply()).startswith("250 ")


async def test_content_that_stops_is_cut(relay: Any) -> None:
    served = await relay(limits=Limits(data_seconds=0.1))
    client = await served.at_data()
    client.say(b"x\r\n")
    assert (await client.rest()).startswith(b"421 4.4.2 ")
    assert not served.keeper.accepted


async def test_content_that_drips_is_cut(relay: Any) -> None:
    served = await relay(limits=Limits(message_seconds=0.3, data_seconds=10))
    client = await served.at_data()
    while not served.ended.is_set():
        client.say(b"x\r\n")
        await asyncio.sleep(0.05)
    # What the client wrote last may have reset the connection before it read the reply.
    assert served.of("Connection")[0]["reason"] == "timeout"
    assert not served.keeper.accepted


async def test_the_clock_stands_still_during_a_commit(relay: Any) -> None:
    served = await relay(limits=Limits(command_seconds=1, data_seconds=0.3, message_seconds=0.3))
    served.keeper.gate = asyncio.Event()
    client = await served.at_data()
    client.say(b".\r\n")
    await served.keeper.committing.wait()
    await asyncio.sleep(1.2)
    served.keeper.gate.set()
    assert (await client.reply()).startswith("250 ")
    assert (await client.reply()).startswith("421 4.4.2 ")


async def test_a_session_without_a_message_ends(relay: Any) -> None:
    served = await relay(limits=Limits(unproductive_seconds=1))
    client = await served.greeted()
    for _ in range(40):
        if served.ended.is_set():
            break
        client.say(b"NOOP\r\n")
        await asyncio.sleep(0.05)
    await asyncio.wait_for(served.ended.wait(), 10)
    # What the client read of it depends on its last NOOP, which may have met a closed connection.
    assert served.of("Connection")[0]["reason"] == "timeout"


async def test_a_client_that_takes_no_reply_is_cut(relay: Any) -> None:
    served = await relay(limits=Limits(command_seconds=0.5, close_seconds=0.2, commands=10**9))
    client = await served.greeted()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.writer.transport.set_write_buffer_limits(high=0)

    async def flood() -> None:
        while True:
            client.say(b"NOOP\r\n" * 10000)
            await client.writer.drain()

    flooding = asyncio.ensure_future(flood())
    await asyncio.wait_for(served.ended.wait(), 60)
    await served.until(lambda: not served.listening.load.connections)
    flooding.cancel()
    await asyncio.gather(flooding, return_exceptions=True)


async def test_what_comes_while_replies_are_not_taken_is_obeyed(relay: Any) -> None:
    served = await relay()
    client = await served.greeted()
    (wire,) = served.listening._connections
    wire.pause_writing()  # as the transport does when the client takes nothing
    assert (await client.ask(b"NOOP")).startswith("250 ")
    client.say(b"RSET\r\n")
    await served.until(lambda: len(wire._lines))
    wire.resume_writing()
    assert (await client.reply()).startswith("250 ")


async def test_a_drain_ends_idle_sessions_and_waits_for_messages(relay: Any) -> None:
    served = await relay()
    served.keeper.gate = asyncio.Event()
    idle, sending, storing = (
        await served.greeted(),
        await served.at_data(),
        await served.at_data(),
    )
    storing.say(b".\r\n")
    await served.keeper.committing.wait()
    draining = asyncio.ensure_future(served.listening.drain(10))
    assert await idle.reply() == "421 4.3.2 Service shutting down, try again later"
    with pytest.raises(OSError, match=r".*"):
        await served.client()
    served.keeper.gate.set()
    assert (await storing.reply()).startswith("250 ")
    assert (await storing.reply()).startswith("421 4.3.2 ")
    assert not draining.done()
    sending.say(b"x\r\n.\r\n")
    assert (await sending.reply()).startswith("250 ")
    assert (await sending.rest()).startswith(b"421 4.3.2 ")
    assert await draining == 0
    assert len(served.keeper.accepted) == 2


async def test_a_drain_cuts_at_its_deadline(relay: Any) -> None:
    served = await relay()
    client = await served.at_data()
    client.say(b"half a mess")
    assert await served.listening.drain(0.1) == 1
    assert (await client.rest()).startswith(b"421 4.3.2 ")
    assert not served.keeper.accepted
