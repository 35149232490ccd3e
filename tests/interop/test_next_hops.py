"""Delivery to servers that no one here wrote: Debian's Postfix and its smtp-sink."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from interop import corpus
from interop.conftest import USERS
from interop.postfix import DOMAIN, Postfix, Sink
from unit.delivery import mail
from unit.delivery.pki import Authority

from gatepost.delivery.pool import Pool
from gatepost.delivery.relay import Relay
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import Credentials, NextHop, Outcome, Tls, Verdict

QUICK = Timeouts(*[30.0] * 7)
[(USER, PASSWORD)] = USERS.items()
EXAMPLES = {**corpus.OWN, **corpus.cpython()}
# Of the others Postfix takes Return-Path out, or puts a blank line before the first line that is no
# field. smtp-sink takes them as they are.
LEFT_ALONE_BY_POSTFIX = re.compile(
    rb"(?m)\A(?:(?!return-path)[!-9;-~]+[ \t]*:.*\n(?:[ \t].*\n)*)*(?:\n|\Z)", re.IGNORECASE
)


async def deliver(
    hop: NextHop, bodies: Sequence[bytes], *people: str, eight_bit: bool = True
) -> list[Outcome]:
    relay = Relay(mail.Hops(hop), pool=Pool(QUICK))
    message = mail.message(*people, eight_bit=eight_bit)
    outcomes: list[Outcome] = []
    for body in bodies:
        outcomes += await relay.run(mail.leases(message), body)
    await relay.close()
    return outcomes


def secured(postfix: Postfix, authority: Authority, kind: str, password: str) -> NextHop:
    return mail.hop(
        ("127.0.0.1", postfix.ports[kind]),
        Tls.VERIFY,
        server_name=f"next.{DOMAIN}",
        ca_file=str(authority.file),
        credentials=Credentials(USER, password),
    )


def lf(content: bytes) -> bytes:
    """As a mailbox keeps it."""
    return content.replace(b"\r\n", b"\n")


def stored(content: bytes) -> bytes:
    return lf(content if content.endswith(b"\r\n") or not content else content + b"\r\n")


@pytest.mark.parametrize("options", [(), ("-p",)], ids=["pipelining", "stepwise"])
async def test_no_octet_is_changed_on_the_way_to_smtp_sink(options: tuple[str, ...]) -> None:
    for name, content in EXAMPLES.items():
        with Sink(*options) as sink:
            hop = mail.hop(("127.0.0.1", sink.port))
            body = corpus.wire(corpus.RECEIVED + content)
            [outcome] = await deliver(hop, [body], f"bob@{DOMAIN}")
            assert outcome.verdict is Verdict.DELIVERED, (name, outcome)
            [dump] = sink.received()
        assert dump.endswith(lf(corpus.RECEIVED) + stored(content) + b"\n"), name


@pytest.mark.parametrize("kind", ["plain", "stepwise", "tls", "login"])
async def test_no_octet_is_changed_on_the_way_through_postfix(
    kind: str, postfix: Postfix, authority: Authority
) -> None:
    if kind in ("tls", "login"):
        hop = secured(postfix, authority, kind, PASSWORD)
    else:
        hop = mail.hop(("127.0.0.1", postfix.ports[kind]))
    whole = {
        name: content
        for name, content in EXAMPLES.items()
        if LEFT_ALONE_BY_POSTFIX.match(stored(content))
    }
    assert len(whole) > 15
    bodies = [
        corpus.wire(b"X-Number: %d\r\n" % number + corpus.RECEIVED + content)
        for number, content in enumerate(whole.values())
    ]
    outcomes = await deliver(hop, bodies, f"bob@{DOMAIN}")
    assert [it.verdict for it in outcomes] == [Verdict.DELIVERED] * len(bodies)
    assert {it.tls for it in outcomes} == {"TLSv1.3" if kind in ("tls", "login") else ""}
    assert all(it.dsn for it in outcomes)
    arrived = {}
    for message in postfix.wait(len(bodies)):
        found = re.search(rb"(?m)^X-Number: (\d+)\n", message)
        assert found is not None
        arrived[int(found[1])] = message[: found.start()], message[found.end() :]
    for number, (name, content) in enumerate(whole.items()):
        added, rest = arrived[number]
        assert rest == lf(corpus.RECEIVED) + stored(content), name
        fields = set(re.findall(rb"(?m)^([^\s:]+):", added))
        assert fields == {b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received"}


async def test_one_connection_carries_many_messages(postfix: Postfix) -> None:
    hop = mail.hop(("127.0.0.1", postfix.ports["plain"]))
    body = corpus.wire(corpus.RECEIVED + corpus.PLAIN + b"\r\nhello\r\n")
    outcomes = await deliver(hop, [body] * 60, f"bob@{DOMAIN}")
    assert [it.verdict for it in outcomes] == [Verdict.DELIVERED] * 60
    assert len(postfix.wait(60)) == 60


@pytest.mark.parametrize("kind", ["plain", "stepwise", "bare"])
async def test_each_recipient_has_its_own_outcome(kind: str, postfix: Postfix) -> None:
    hop = mail.hop(("127.0.0.1", postfix.ports[kind]))
    people = [f"{name}@{DOMAIN}" for name in ("refused", "bob", "busy", "carol")]
    body = corpus.wire(corpus.RECEIVED + corpus.PLAIN + b"\r\nhello\r\n")
    outcomes = await deliver(hop, [body], *people)
    assert [it.verdict for it in outcomes] == [
        Verdict.FAILED,
        Verdict.DELIVERED,
        Verdict.DEFERRED,
        Verdict.DELIVERED,
    ]
    assert [it.reply.code for it in outcomes if it.reply] == [550, 250, 450, 250]
    assert {it.dsn for it in outcomes if it.verdict is Verdict.DELIVERED} == {kind != "bare"}
    assert len(postfix.wait(2)) == 2


@pytest.mark.parametrize("kind", ["plain", "stepwise"])
async def test_a_transaction_with_no_recipient_left_leaves_the_connection_usable(
    kind: str, postfix: Postfix
) -> None:
    hop = mail.hop(("127.0.0.1", postfix.ports[kind]))
    relay = Relay(mail.Hops(hop), pool=Pool(QUICK))
    body = corpus.wire(corpus.RECEIVED + corpus.PLAIN + b"\r\nhello\r\n")
    verdicts = []
    for name in ("refused", "bob", "busy", "bob"):
        message = mail.message(f"{name}@{DOMAIN}")
        verdicts += [it.verdict for it in await relay.run(mail.leases(message), body)]
    await relay.close()
    assert verdicts == [
        Verdict.FAILED,
        Verdict.DELIVERED,
        Verdict.DEFERRED,
        Verdict.DELIVERED,
    ]
    assert len(postfix.wait(2)) == 2


async def test_eight_bit_data_to_a_server_that_takes_none(postfix: Postfix) -> None:
    hop = mail.hop(("127.0.0.1", postfix.ports["bare"]))
    body = corpus.wire(corpus.RECEIVED + corpus.OWN["utf-8"])
    [outcome] = await deliver(hop, [body], f"bob@{DOMAIN}")
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "5.6.3")


async def test_the_next_hop_is_what_its_certificate_says_or_nothing_is_sent(
    postfix: Postfix, authority: Authority
) -> None:
    hop = mail.hop(
        ("127.0.0.1", postfix.ports["tls"]),
        Tls.VERIFY,
        server_name="other.example",
        ca_file=str(authority.file),
        credentials=Credentials(USER, PASSWORD),
    )
    [outcome] = await deliver(hop, [mail.BODY], f"bob@{DOMAIN}")
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.5")


@pytest.mark.parametrize("kind", ["tls", "login"])
async def test_wrong_credentials_defer(kind: str, postfix: Postfix, authority: Authority) -> None:
    relay = Relay(mail.Hops(secured(postfix, authority, kind, "wrong")), timeouts=QUICK)
    [outcome] = await relay.run(mail.leases(mail.message(f"bob@{DOMAIN}")), mail.BODY)
    assert outcome.verdict is Verdict.DEFERRED
    assert outcome.reply is not None
    assert outcome.reply.code == 535
    assert list(relay.suspended()) == ["out"]


async def test_a_server_that_demands_authentication_that_we_lack(
    postfix: Postfix, authority: Authority
) -> None:
    hop = mail.hop(
        ("127.0.0.1", postfix.ports["tls"]),
        Tls.VERIFY,
        server_name=f"next.{DOMAIN}",
        ca_file=str(authority.file),
    )
    [outcome] = await deliver(hop, [mail.BODY], f"bob@{DOMAIN}")
    assert outcome.verdict is Verdict.FAILED  # 554 5.7.1 at RCPT speaks of the recipient


# What smtp-sink is told to do, and what becomes of the recipient.
SINK = """
-q connect  deferred
-q ehlo     deferred
-q mail     deferred
-q rcpt     deferred
-q data     deferred
-q .        deferred
-Q connect  deferred
-Q ehlo     deferred
-Q mail     deferred
-Q rcpt     deferred
-Q data     deferred
-Q .        deferred
-r connect  deferred
-r mail     deferred
-r rcpt     deferred
-r data     deferred
-r .        deferred
-f connect  deferred
-f mail     failed
-f rcpt     failed
-f data     failed
-f .        failed
"""


@pytest.mark.parametrize("row", SINK.strip().splitlines())
async def test_faults_of_smtp_sink(row: str) -> None:
    option, phase, wanted = row.split()
    with Sink(option, phase, "-B", "550 5.7.1 no") as sink:
        hop = mail.hop(("127.0.0.1", sink.port))
        [outcome] = await deliver(hop, [mail.BODY], f"bob@{DOMAIN}")
    assert outcome.verdict.value == wanted, outcome
