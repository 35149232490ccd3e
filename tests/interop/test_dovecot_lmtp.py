"""gatepostd to the mailboxes of Debian's Dovecot by LMTP: what is stored is what was sent, and each
recipient has an answer of its own."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.daemon.running import Daemon, base_config
from interop import corpus
from interop.dovecot import Dovecot
from interop.postfix import wait_for
from unit.delivery.pki import Authority

ANN, BOB, CAROL = "ann@gmail.com", "bob@example.com", "carol@example.com"
# The daemon takes lines of 998 octets and no more.
EXAMPLES = {
    name: content
    for name, content in {**corpus.OWN, **corpus.cpython()}.items()
    if max(map(len, content.split(b"\r\n"))) <= 998
}
# What the daemon and Dovecot put before a message.
TRACE = re.compile(
    rb"(?:(?:Return-Path|Delivered-To|Received): ?.*\n(?:[ \t].*\n)*)+?(?=X-Number:)"
)


@pytest.fixture(scope="module")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    users = dict.fromkeys((BOB, CAROL), "not used")
    with Dovecot(*authority.issue("imap.gatepost.test"), users) as started:
        yield started


@pytest.fixture(scope="module", params=["tcp", "socket"])
def daemon(
    request: pytest.FixtureRequest, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """Delivers everything to one mailbox binding."""
    root: Path = tmp_path_factory.mktemp(f"daemon-{request.param}")
    config = base_config()
    role = "arn:aws:iam::123456789012:role/mail"
    action = {"DeliverToMailbox": {"MailboxArn": "dovecot", "RoleArn": role}}
    config["rule_sets"][0]["Rules"] = [{"Name": "all", "Actions": [action]}]
    tcp = f"127.0.0.1:{dovecot.lmtp_port}"
    site = tcp if request.param == "tcp" else f"unix:{dovecot.lmtp}"
    config["bindings"] = {"mailboxes": {"dovecot": {"lmtp": site}}}
    config["relays"] = []
    with Daemon(root, config).start() as started:
        yield started


def test_no_octet_is_changed(daemon: Daemon, dovecot: Dovecot) -> None:
    """One session, two recipients a message."""
    known = {user: set(dovecot.delivered(user)) for user in (BOB, CAROL)}
    with smtplib.SMTP("127.0.0.1", daemon.port(), "client.example", timeout=30) as client:
        for number, content in enumerate(EXAMPLES.values()):
            marked = b"X-Number: %d\r\n" % number + content
            assert not client.sendmail(ANN, [BOB, CAROL], marked, ["BODY=8BITMIME"])
    for user, before in known.items():

        def fresh(user: str = user, before: set[bytes] = before) -> list[bytes] | None:
            found = [each for each in dovecot.delivered(user) if each not in before]
            return found if len(found) >= len(EXAMPLES) else None

        stored = wait_for(fresh, f"{len(EXAMPLES)} messages for {user}, {dovecot.log()}")
        arrived = {}
        for message in stored:
            trace = TRACE.match(message)
            assert trace is not None, message[:1000]
            assert trace[0].count(b"\nReceived: ") == 2  # Dovecot's and the daemon's
            number, _, rest = message[trace.end() :].partition(b"\n")
            arrived[int(number.partition(b": ")[2])] = rest
        for number, (name, content) in enumerate(EXAMPLES.items()):
            whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
            assert arrived[number] == whole.replace(b"\r\n", b"\n"), name


def test_each_recipient_has_its_own_outcome(daemon: Daemon, dovecot: Dovecot) -> None:
    known = set(dovecot.delivered(BOB))
    content = b"X-Number: 0\r\n" + corpus.OWN["plain"]
    with smtplib.SMTP("127.0.0.1", daemon.port(), "client.example", timeout=30) as client:
        client.sendmail("", [BOB, "nobody@example.com"], content)  # nobody to send a notice to
    daemon.until(lambda: daemon.events("Bounce"))
    [bounce] = daemon.events("Bounce")
    assert (bounce["recipient"], bounce["code"]) == ("nobody@example.com", 550)
    assert bounce["status"] == "5.1.1"
    wait_for(lambda: len(set(dovecot.delivered(BOB)) - known) == 1, "bob's message")
