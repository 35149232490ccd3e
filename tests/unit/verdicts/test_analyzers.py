"""The client of analyzers against a server on loopback: what it sends, and every kind of answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import tracemalloc
from typing import Any

import pytest

from gatepost.errors import ConfigError
from gatepost.policy.values import Session
from gatepost.verdicts.analyzers import AnalysisFailed, Client
from gatepost.verdicts.values import HTTP, RSPAMD, Mail, Target
from tests.integration.daemon.analyzer import Analyzer

MAIL = Mail(
    Session("2001:db8::1", "mail.example.org", "TLS1_3", authenticated="edge"),
    "jörg@example.org",
    ("bob@example.com", "eve@example.com"),
    "edge",
)
MESSAGE = b"From: a@example.org\r\n\r\n.dot\r\n\xff\r\n--boundary\r\n"


def client(analyzer: Analyzer, kind: str = HTTP, **more: Any) -> Client:
    return Client(Target(kind, analyzer.url, **more), "mx.example.net", 1.0)


async def test_the_form() -> None:
    with Analyzer({"a": 1}) as analyzer:
        asked = client(analyzer, password=b"secret")
        assert await asked.ask(MAIL, MESSAGE) == {"a": 1}
        assert await asked.ask(MAIL, None) == {"a": 1}
        await asked.retire()
        _path, headers, body = analyzer.requests[0]
        assert MESSAGE in body
        assert headers["authorization"] == ["Bearer secret"]
        envelope = json.loads(analyzer.parts(1)["envelope"])
        assert envelope["mail_from"] == "jörg@example.org"
        assert envelope["tls"] == "TLS1_3"
        assert envelope["authenticated"] == "edge"
        assert b"message.eml" not in analyzer.requests[1][2]


async def test_what_rspamd_gets() -> None:
    with Analyzer({"action": "no action", "symbols": {}}) as analyzer:
        asked = client(analyzer, RSPAMD, password=b"secret", fields={"x": "verdict"})
        answer = await asked.ask(MAIL, MESSAGE)
        assert asked.target.value(answer, "x") == "PASS"
        assert asked.target.value(answer, "GTUBE") is False
        await asked.retire()
        _path, headers, body = analyzer.requests[0]
        assert body == MESSAGE
        assert headers["rcpt"] == ["bob@example.com", "eve@example.com"]
        assert headers["from"][0].encode("latin-1").decode() == "jörg@example.org"
        assert headers["user"] == ["edge"]
        assert headers["mta-name"] == ["mx.example.net"]
        assert headers["password"] == ["secret"]


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"a": 1}, 404, "answered 404"),
        ({"a": 1}, 302, "answered 302"),
        (b"", 200, "is not JSON"),
        (b"{", 200, "is not JSON"),
        (b"\xff\xfe", 200, "is not JSON"),
        (b"[" * 100_000, 200, "is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", 200, "is not JSON"),
        ([], 200, "is not a JSON object"),
        (b" " * (1 << 20) + b"{}", 200, "is too long"),
        (None, 200, "ReadTimeout"),
    ],
    ids=range(10),
)
async def test_an_answer_that_is_of_no_use(answer: Any, status: int, reason: str) -> None:
    with Analyzer(answer, status) as analyzer:
        asked = client(analyzer)
        with pytest.raises(AnalysisFailed, match=re.escape(reason)):
            await asked.ask(MAIL, MESSAGE)
        await asked.retire()


@pytest.mark.parametrize("kind", [RSPAMD, HTTP])
async def test_an_answer_that_is_compressed_is_not_read(kind: str) -> None:
    with Analyzer(gzip.compress(b" " * (64 << 20))) as analyzer:
        analyzer.headers["Content-Encoding"] = "gzip"
        asked = client(analyzer, kind)
        with pytest.raises(AnalysisFailed, match="is compressed"):
            await asked.ask(MAIL, MESSAGE)
        analyzer.answer, analyzer.headers["Content-Encoding"] = {"a": 1}, "Identity"
        assert await asked.ask(MAIL, MESSAGE) == {"a": 1}
        await asked.retire()
        assert [each[1]["accept-encoding"] for each in analyzer.requests] == [["identity"]] * 2


@pytest.mark.parametrize("kind", [RSPAMD, HTTP])
async def test_a_secret_that_is_refused_is_read_again_once(kind: str) -> None:
    secrets = iter([b"new", b"new", b"newer"])
    with Analyzer({"a": 1}) as analyzer:
        analyzer.password = "new"
        asked = client(analyzer, kind, password=b"old", reread=lambda: next(secrets))
        assert await asked.ask(MAIL, MESSAGE) == {"a": 1}
        assert await asked.ask(MAIL, MESSAGE) == {"a": 1}
        assert len(analyzer.requests) == 3
        # The same one again is not tried again; another one is, once.
        analyzer.password = "newest"
        for requests in (4, 6):
            with pytest.raises(AnalysisFailed, match="answered 401"):
                await asked.ask(MAIL, MESSAGE)
            assert len(analyzer.requests) == requests
        await asked.retire()


async def test_all_that_were_refused_at_once_go_on_with_the_new_secret() -> None:
    with Analyzer({"a": 1}) as analyzer:
        analyzer.password = "new"
        asked = client(analyzer, password=b"old", reread=lambda: b"new")
        found = await asyncio.gather(*(asked.ask(MAIL, MESSAGE) for _ in range(5)))
        assert found == [{"a": 1}] * 5
        await asked.retire()


async def test_a_secret_that_cannot_be_read_again_stays() -> None:
    def gone() -> bytes:
        raise ConfigError("gatepost.yml", "x.secret_file", "is not there")

    with Analyzer({"a": 1}, 403) as analyzer:
        asked = client(analyzer, password=b"old", reread=gone)
        with pytest.raises(AnalysisFailed, match="answered 403"):
            await asked.ask(MAIL, MESSAGE)
        analyzer.status = 200
        assert await asked.ask(MAIL, MESSAGE) == {"a": 1}
        assert analyzer.requests[1][1]["authorization"] == ["Bearer old"]
        await asked.retire()


@pytest.mark.parametrize("kind", [RSPAMD, HTTP])
async def test_a_message_is_sent_without_a_copy_of_it(kind: str) -> None:
    """To one that reads slowly and keeps nothing."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"(?i)content-length: (\d+)", head)
        left = int(length)
        while left:
            left -= len(await reader.read(65536))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    message = b"x" * (32 << 20)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        asked = Client(Target(kind, f"http://127.0.0.1:{port}/"), "mx.example.net", 30.0)
        tracemalloc.start()
        try:
            assert await asked.ask(MAIL, message) == {}
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        await asked.retire()
    assert peak < 8 << 20


async def test_nothing_smuggles_a_field_into_a_request() -> None:
    with Analyzer({"a": 1}) as analyzer:
        asked = client(analyzer, RSPAMD)
        hostile = Mail(Session("192.0.2.1", "a\r\nPassword: x"), "a@b.example", ("c@d.example",))
        with pytest.raises(AnalysisFailed):
            await asked.ask(hostile, MESSAGE)
        assert not analyzer.requests
        await asked.retire()


async def test_one_that_retires_ends_what_it_began() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        retiring = Client(Target(HTTP, f"http://127.0.0.1:{port}/"), "mx.example.net", 5.0)
        asking = asyncio.create_task(retiring.ask(MAIL, None))
        await asked.wait()
        await retiring.retire()
        go.set()
        assert await asking == {}
        with pytest.raises(RuntimeError):
            await retiring.ask(MAIL, None)


async def test_a_kept_connection_that_ends_is_no_answer() -> None:
    """An analyzer that starts anew, or that is tired of waiting, as the next question is asked."""
    ended = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal ended
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        ended += bool(await reader.read(1))
        writer.transport.abort()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        asked = Client(Target(HTTP, f"http://127.0.0.1:{port}/"), "mx.example.net", 5.0)
        assert [await asked.ask(MAIL, MESSAGE) for _ in range(3)] == [{}, {}, {}]
        assert ended
        await asked.retire()


async def test_an_analyzer_that_ends_every_connection_is_asked_twice() -> None:
    asked = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = Client(Target(HTTP, f"http://127.0.0.1:{port}/"), "mx.example.net", 5.0)
        with pytest.raises(AnalysisFailed):
            await client.ask(MAIL, MESSAGE)
        await client.retire()
    assert asked == 2


@pytest.mark.parametrize("kind", [RSPAMD, HTTP])
async def test_a_password_that_is_no_header_value_is_not_shown(kind: str) -> None:
    with Analyzer({"a": 1}) as analyzer:
        asked = client(analyzer, kind, password=b"top secret\n")
        with pytest.raises(AnalysisFailed) as raised:
            await asked.ask(MAIL, MESSAGE)
        await asked.retire()
    assert "secret" not in str(raised.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Target(HTTP, "https://av.example/", b"secret"))
