"""Exim, OpenSMTPD and Postfix before and behind gatepostd: the same server sends to it and takes
from it, and what arrives is what was sent but for the trace fields."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.daemon.running import Daemon, base_config
from interop import corpus
from interop.postfix import Sink, wait_for

from tests.bench.peers import Server
from tests.bench.peers.exim import Exim
from tests.bench.peers.opensmtpd import OpenSmtpd
from tests.bench.peers.postfix import Postfix

# A whole header, so that no server adds a field of its own.
HEADER = (
    b"From: ann@gmail.com\r\nTo: bob@example.com\r\nSubject: test\r\n"
    b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <%d@gmail.com>\r\n"
)
BODIES = {
    name: content.partition(b"\r\n\r\n")[2]
    for name, content in corpus.OWN.items()
    if max(map(len, content.split(b"\r\n"))) <= 998 and b"\r\n\r\n" in content
}


@pytest.fixture(scope="module", params=[Exim, OpenSmtpd, Postfix], ids=lambda each: each.name)
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Sink]]:
    """client -> server -> gatepostd -> server -> sink"""
    root: Path = tmp_path_factory.mktemp("chain")
    with Sink() as sink:
        behind, before = request.param(), request.param()
        for server in (behind, before):
            server.prepare()
        (root / "daemon").mkdir()
        behind.start(root / "behind", sink.port)
        try:
            config = base_config()
            config["bindings"] = {
                "relays": {"next": {"tls": "none", "address": f"127.0.0.1:{behind.port}"}}
            }
            with Daemon(root / "daemon", config).start() as daemon:
                before.start(root / "before", daemon.port())
                try:
                    yield before, sink
                finally:
                    before.stop()
        finally:
            behind.stop()


def test_nothing_changes_on_the_way(chain: tuple[Server, Sink]) -> None:
    server, sink = chain
    sent = [HEADER % number + b"\r\n" + body for number, body in enumerate(BODIES.values())]
    assert len(sent) > 10
    with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
        for content in sent:
            client.sendmail("ann@gmail.com", ["bob@example.com"], content, ["BODY=8BITMIME"])

    def arrived() -> dict[bytes, bytes]:
        """The trace fields by the message that they stand before."""
        parts = (content.partition(b"From: ann@gmail.com") for content in sink.received())
        return {start + rest: trace for trace, start, rest in parts}

    expected = {lf(content) + b"\n" for content in sent}
    wait_for(lambda: expected <= arrived().keys(), "all that was sent, unchanged")
    assert expected == arrived().keys()
    for trace in arrived().values():
        # The daemon's, and one of each server around it and of the sink.
        assert trace.count(b"Received: ") == 4


def lf(content: bytes) -> bytes:
    whole = content if content.endswith(b"\r\n") else content + b"\r\n"
    return whole.replace(b"\r\n", b"\n")
