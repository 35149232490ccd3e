"""nodemailer to gatepostd to smtp-sink: what arrives is what was sent; refusals reach the client.

smtp-sink keeps every octet, with line ends as LF.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.daemon.running import Daemon, base_config
from interop import corpus
from interop.nodemailer import send
from interop.postfix import Sink, wait_for
from unit.delivery.pki import Authority

ENVELOPE = {"from": "ann@gmail.com", "to": ["bob@example.com"], "use8BitMime": True}
# The daemon takes lines of 998 octets and no more.
EXAMPLES = {
    name: content
    for name, content in {**corpus.OWN, **corpus.cpython()}.items()
    if max(map(len, content.split(b"\r\n"))) <= 998
}


@pytest.fixture(scope="module")
def chain(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Daemon, Sink]]:
    root: Path = tmp_path_factory.mktemp("daemon")
    certificate, key = authority.issue("mx.gatepost.test")
    with Sink() as sink:
        config = base_config(
            bindings={"relays": {"next": {"tls": "none", "address": f"127.0.0.1:{sink.port}"}}}
        )
        point = config["ingress_points"][0]
        point["tls"] = {"certificate": str(certificate), "key": str(key)}
        config["traffic_policies"][0]["PolicyStatements"] = [
            {
                "Action": "DENY",
                "Conditions": [
                    {
                        "StringExpression": {
                            "Evaluate": {"Attribute": "RECIPIENT"},
                            "Operator": "CONTAINS",
                            "Values": ["nobody"],
                        }
                    }
                ],
            }
        ]
        with Daemon(root, config).start() as daemon:
            yield daemon, sink


def transport(daemon: Daemon, authority: Authority, *, tls: bool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": daemon.port(),
        "name": "client.example",
    }
    if not tls:
        return {**options, "ignoreTLS": True}
    trusted = {"ca": authority.file.read_text(), "servername": "mx.gatepost.test"}
    return {**options, "requireTLS": True, "tls": trusted}


def arrived(sink: Sink, known: set[bytes], contents: Iterable[bytes]) -> list[bytes]:
    """What stands before each of the contents, once they all have come."""
    wanted = [lf(content) + b"\n" for content in contents]

    def found() -> list[bytes] | None:
        fresh = set(sink.received()) - known
        before = [
            next((it.removesuffix(each) for it in fresh if it.endswith(each)), None)
            for each in wanted
        ]
        return None if None in before else [it for it in before if it is not None]

    return wait_for(found, f"{len(wanted)} messages at the sink, unchanged")  # type: ignore[no-any-return]


def lf(content: bytes) -> bytes:
    whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    return whole.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_octet_is_changed(tls: bool, chain: tuple[Daemon, Sink], authority: Authority) -> None:
    daemon, sink = chain
    known = set(sink.received())
    marked = [
        b"X-Number: %d\r\n" % number + content for number, content in enumerate(EXAMPLES.values())
    ]
    answers = send(
        transport(daemon, authority, tls=tls),
        [{"envelope": ENVELOPE, "raw": content} for content in marked],
    )
    assert {each["response"][:10] for each in answers} == {"250 2.0.0 "}
    for trace in arrived(sink, known, marked):
        ours = re.search(rb"(?m)^Received: from client\.example .*\n(?:[ \t].*\n)*\Z", trace)
        assert ours is not None
        assert (b"with ESMTPS" in ours[0]) is tls


def test_what_it_composes(chain: tuple[Daemon, Sink], authority: Authority) -> None:
    daemon, sink = chain
    known = set(sink.received())
    composed = {
        "from": "Änn <ann@gmail.com>",
        "to": "bob@example.com",
        "subject": "Grüße, 世界",
        "text": ".dot\n..two\nGrüße \n",
        "html": "<p>Grüße</p>",
        "attachments": [{"filename": "ü.bin", "content": "AAEC/w==", "encoding": "base64"}],
    }
    [answer] = send(
        transport(daemon, authority, tls=True), [{"envelope": ENVELOPE, "compose": composed}]
    )
    assert len(answer["raw"]) > 500
    arrived(sink, known, [answer["raw"]])


def test_refusals_reach_the_client(chain: tuple[Daemon, Sink], authority: Authority) -> None:
    daemon, sink = chain
    known = set(sink.received())
    both = {**ENVELOPE, "to": ["nobody@example.com", "bob@example.com"]}
    none = {**ENVELOPE, "to": ["nobody@example.com"]}
    content = corpus.OWN["plain"]
    first, second, third = send(
        transport(daemon, authority, tls=False),
        [
            {"envelope": both, "raw": content},
            {"envelope": none, "raw": content},
            {"envelope": ENVELOPE, "raw": corpus.OWN["line of 2047"]},
        ],
    )
    assert (first["accepted"], first["rejected"]) == (["bob@example.com"], ["nobody@example.com"])
    assert second["response"].startswith("550 5.7.1 ")
    assert third["response"].startswith("550 5.6.0 ")
    arrived(sink, known, [content])
    assert len(sink.received()) == len(known) + 1
