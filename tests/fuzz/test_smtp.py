"""Hostile octets against the SMTP server: no exception, no smuggled message, no disagreement with
a reader that is too simple to be wrong."""

import asyncio
import ipaddress
import re
from contextlib import suppress
from dataclasses import astuple
from typing import Any

import hypothesis.strategies as st
from hypothesis import assume, example, given, settings

from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.smtp.address import AddressError, reverse_path
from gatepost.smtp.auth import MECHANISMS, AuthError, Offer
from gatepost.smtp.chunks import Chunks
from gatepost.smtp.commands import Command, parse
from gatepost.smtp.content import Content
from gatepost.smtp.limits import Limits
from gatepost.smtp.proxy import ProxyError
from gatepost.smtp.proxy import parse as parse_proxy
from gatepost.smtp.receiver import Transaction
from gatepost.smtp.server import Listening
from gatepost.spool.interface import Recipient
from tests import budget

FACTOR = budget.of(1, 20)


def examples(count: int) -> settings:
    return settings(max_examples=count * FACTOR, deadline=None)


# Addresses, beside a reader that takes one character after the other


def naive_mailbox(text: str) -> bool:
    """RFC 5321 section 4.1.2 for ASCII, as its productions stand."""
    if len(text) > 254:
        return False
    if text.startswith('"'):
        at = 1
        while at < len(text) and text[at] != '"':
            if text[at] == "\\":
                at += 1
                if at == len(text) or not " " <= text[at] <= "~":
                    return False
            elif not " " <= text[at] <= "~":
                return False
            at += 1
        local, rest = text[: at + 1], text[at + 1 :]
        if len(local) < 2 or local[-1] != '"' or at >= len(text):
            return False
    else:
        at = text.find("@")
        local, rest = text[: max(at, 0)], text[max(at, 0) :]
        for atom in local.split("."):
            if not atom or any(c not in ATOM for c in atom):
                return False
    if not rest.startswith("@") or len(local) > 64:
        return False
    domain = rest[1:]
    if domain.startswith("["):
        return domain.endswith("]") and naive_literal(domain[1:-1])
    labels = domain.split(".")
    return all(
        0 < len(label) <= 63
        and all(c in LETTERS or c == "-" for c in label)
        and "-" not in (label[0], label[-1])
        for label in labels
    )


def naive_literal(text: str) -> bool:
    try:
        if text[:5].lower() == "ipv6:":
            return "%" not in text and bool(ipaddress.IPv6Address(text[5:]))
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
ATOM = LETTERS + "!#$%&'*+-/=?^_`{|}~"

PIECES = st.sampled_from(
    [
        *("a", "b" * 63, "A1", "a.b", "192.0.2.1", "[192.0.2.1]", "[IPv6:::1]", "IPv6:", '"x y"'),
        *'.@"\\ <>-_[],:(+\x00\t\x7f',
    ]
)


@examples(1500)
@given(st.lists(PIECES, max_size=9).map("".join))
@example('"\\"@a')
@example('"')
def test_a_path_is_one_where_the_naive_reader_says_so(text: str) -> None:
    assume(not text.startswith("@"))  # a source route: the tables judge those
    try:
        address, rest = reverse_path(f"<{text}> X=1")
    except AddressError:
        assert not naive_mailbox(text)
    else:
        assert address == "" or naive_mailbox(address)
        if rest == " X=1":
            assert address == text
        else:  # the path ended earlier, and the rest is refused as parameters
            assert isinstance(parse(f"MAIL FROM:<{text}> X=1".encode()), Reply)


@examples(500)
@given(st.text(max_size=80))
def test_any_text_is_a_path_or_an_address_error(text: str) -> None:
    with suppress(AddressError):
        address, _ = reverse_path(f"<{text}>")
        assert address in text


# Command lines, AUTH, PROXY


@examples(1500)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(
            st.sampled_from(
                [
                    *(b"MAIL FROM:", b"MAIL FROM:<a@b> ", b"MAIL FROM:<a@b> SIZE=", b"AUTH "),
                    *(b"RCPT TO:", b"RCPT TO:<a@b> ", b"RCPT TO:<a@b> ORCPT=", b"EHLO ", b"DATA"),
                ]
            ),
            st.binary(max_size=60),
        ).map(b"".join),
    )
)
def test_any_line_is_a_command_or_a_refusal(line: bytes) -> None:
    found = parse(line)
    if isinstance(found, Reply):
        assert found.code >= 500
        assert re.fullmatch(rb"(5\d\d[ -][ -~]+\r\n)+", found.wire())
    else:
        assert isinstance(found, Command)
        told = "".join(value for value in astuple(found) if isinstance(value, str))
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", told)


@examples(500)
@given(st.sampled_from(sorted(MECHANISMS)), st.lists(st.binary(max_size=40), max_size=3))
def test_any_responses_are_an_offer_or_an_error(mechanism: str, responses: list[bytes]) -> None:
    dialogue = MECHANISMS[mechanism](None)
    next(dialogue)
    for response in responses:
        try:
            dialogue.send(response)
        except (StopIteration, AuthError) as end:
            offer = getattr(end, "value", None)
            reply = getattr(end, "reply", None)
            break
    else:
        return
    assert isinstance(offer, Offer) or (reply is not None and reply.code >= 500)


@examples(1000)
@given(
    st.tuples(
        st.sampled_from([b"", b"PROXY TCP4 ", b"PROXY TCP6 ::1", b"\r\n\r\n\0\r\nQUIT\n\x21\x11"]),
        st.binary(max_size=120),
    ).map(b"".join)
)
def test_any_proxy_header_names_an_address_or_is_refused(data: bytes) -> None:
    with suppress(ProxyError):
        header = parse_proxy(data)
        if header is not None:
            assert header.size <= len(data)
            assert header.source_ip is None or ipaddress.ip_address(header.source_ip)


# Content, beside a reader that takes it whole

SMALL = Limits(message_bytes=120, header_bytes=60, line_bytes=20)
OCTETS = st.lists(
    st.sampled_from(
        [
            *(b"\r\n", b"\r", b"\n", b".", b"\0", b"x", b"\xe9", b"z" * 15),
            *(b"x: y\r\n", b"\r\n.", b"..\r\n", b"\r\n.\r\n"),
        ]
    ),
    max_size=30,
).map(b"".join)


def naive_content(data: bytes) -> tuple[bytes | None, bool] | None:
    """None without an end; else the rest and whether the content is sound."""
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    if end < 0:
        return None
    body, rest = data[:end], data[end + 3 :]
    left = body.replace(b"\r\n", b"")
    sound = not any(octet in left for octet in (b"\r", b"\n", b"\0"))
    lines = body.split(b"\r\n")[:-1]
    sound = sound and all(len(line) + 2 <= 20 + line.startswith(b".") for line in lines)
    sound = sound and sum(len(line) + 2 - line.startswith(b".") for line in lines) <= 120
    header = (b"\r\n" + body).split(b"\r\n\r\n")[0]
    in_header = (b"\r\n" + body).find(b"\r\n\r\n")
    sound = sound and (len(header) if in_header >= 0 else len(body)) <= 60
    return rest, sound


@examples(2000)
@given(OCTETS, st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_content_is_judged_as_the_naive_reader_judges_it(data: bytes, sizes: list[int]) -> None:
    content = Content(SMALL)
    rest, at, turn = None, 0, 0
    while at < len(data) and rest is None:
        size = sizes[turn % len(sizes)]
        rest = content.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    expected = naive_content(data)
    if expected is None:
        assert rest is None
        assert not content.ended
        return
    assert rest is not None
    assert rest + data[at:] == expected[0]
    assert (content.refusal is None) == expected[1]
    if expected[1]:
        assert content.take() + b".\r\n" + expected[0] == data


@examples(1000)
@given(OCTETS, st.lists(st.integers(0, 12), max_size=8), st.lists(st.integers(1, 7), min_size=1))
def test_chunks_are_judged_as_the_same_content_by_data_is(
    data: bytes, sizes: list[int], arrivals: list[int]
) -> None:
    """However it is cut into chunks and arrivals; the naive form of it is stuffed by lines."""
    chunks = Chunks(SMALL)
    at, turn = 0, 0
    for size in [*sizes, len(data)]:
        piece = data[at : at + size]
        at += len(piece)
        chunks.begin(len(piece))
        stream, rest = piece + b"QUIT\r\n", None
        while rest is None:
            step = arrivals[turn % len(arrivals)]
            rest, stream, turn = chunks.feed(stream[:step]), stream[step:], turn + 1
        assert rest + stream == b"QUIT\r\n"
    chunks.finish()
    whole = data if not data or data.endswith(b"\r\n") else data + b"\r\n"
    stuffed = re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", whole)
    expected = naive_content(stuffed + b".\r\n")
    assert expected is not None
    sound = expected[1] and len(data) <= 120
    assert (chunks.refusal is None) == sound
    if sound:
        assert chunks.take() == stuffed
    else:
        assert chunks.held == 0


# Whole dialogues, in memory


class Wireless(asyncio.Transport):
    """A transport without a network: keeps what the server writes."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("192.0.2.1", 4711)})
        self.protocol = protocol
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Keeper:
    def __init__(self) -> None:
        self.accepted: list[tuple[Transaction, bytes]] = []

    def connected(self, session: Session) -> Reply | None:
        return None

    async def authenticate(self, session: Session, username: str, password: bytes) -> bool:
        return False

    def sender(self, session: Session, transaction: Transaction) -> Reply | None:
        return None

    def recipient(self, session: Session, transaction: Transaction, recipient: Recipient) -> None:
        return None

    async def data(self, session: Session, transaction: Transaction, body: bytes) -> Reply:
        await asyncio.sleep(0)
        self.accepted.append((transaction, body))
        return Reply(250, "2.0.0", "Ok")


def played(chunks: list[bytes]) -> tuple[Keeper, bytes]:
    """Runs a whole session over `chunks`; what was accepted and what was answered."""
    keeper = Keeper()
    events: list[tuple[str, object]] = []

    async def play() -> bytes:
        strange: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: strange.append(context))
        listening = Listening(
            hostname="mx.example",
            receiver=keeper,
            record=lambda event, /, **fields: events.append((event, fields)),
        )
        protocol = listening.protocol_factory()
        transport = Wireless(protocol)
        protocol.connection_made(transport)
        for chunk in chunks:
            if transport.closed:
                break
            protocol.data_received(chunk)
            await asyncio.sleep(0)
        protocol.eof_received()
        assert await listening.drain(5) == 0
        assert listening.load.memory == 0
        assert not strange
        return transport.written

    written = asyncio.run(play())
    assert not [event for event in events if event[0] == "Fault"]
    assert re.fullmatch(rb"(\d{3}[ -][ -~]+\r\n)*", written)
    for _, body in keeper.accepted:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", body)
        assert not body or body.endswith(b"\r\n")
    return keeper, written


LINES = [
    *(b"EHLO x\r\n", b"HELO x\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n"),
    *(b"x: y\r\n\r\nbody\r\n", b".\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n", b"STARTTLS\r\n"),
    *(b"BDAT 0\r\n", b"BDAT 0 LAST\r\n", b"BDAT 6\r\na: b\r\n", b"BDAT 3 LAST\r\n", b"BDAT 9\r\n"),
    *(b"AUTH PLAIN\r\n", b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b"\r\n"),
]


@examples(300)
@given(
    st.lists(
        st.one_of(st.sampled_from(LINES), st.sampled_from(LINES), st.binary(max_size=12)),
        max_size=25,
    )
)
def test_a_mutated_dialogue_is_answered_or_ended_and_never_a_fault(chunks: list[bytes]) -> None:
    played(chunks)


CHUNKED = st.lists(
    st.sampled_from(
        [b"\r\n", b".", b"\r\n.\r\n", b"BDAT 2 LAST\r\n", b"x: y", b"MAIL FROM:<evil@b>"]
    ),
    max_size=12,
).map(b"".join)


@examples(300)
@given(st.lists(CHUNKED, min_size=1, max_size=5), st.integers(1, 40))
def test_nothing_in_a_chunk_is_a_command_or_an_end(pieces: list[bytes], step: int) -> None:
    parts = [b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"]
    parts += [b"BDAT %d\r\n" % len(piece) + piece for piece in pieces]
    stream = b"".join(parts) + b"BDAT 0 LAST\r\nQUIT\r\n"
    keeper, written = played([stream[i : i + step] for i in range(0, len(stream), step)])
    assert written.endswith(b"221 2.0.0 Bye\r\n")
    whole = b"".join(pieces)
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", whole):
        assert not keeper.accepted
        return
    whole += b"" if not whole or whole.endswith(b"\r\n") else b"\r\n"
    [(transaction, body)] = keeper.accepted
    assert transaction.mail_from == "a@b"
    assert body == re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", whole)


ENDS = st.lists(st.sampled_from([b"\r", b"\n", b"\0", b".", b"\r\n", b" "]), min_size=1, max_size=9)
GOOD_END = b"\r\n.\r\n"


@examples(400)
@given(ENDS.map(b"".join), st.booleans())
@example(b"\n.\n", True)
@example(b"\n.\r\n", True)
@example(b"\r\n.\n", True)
@example(b"\r.\r", True)
@example(b"\r.\r\n", True)
@example(b"\r\n.\r", True)
@example(b"\r\r\n.\r\r\n", True)
@example(b"\r\n\0.\r\n", True)
@example(b"\r\n.\0\r\n", True)
@example(b"\n\n.\r\n", True)
@example(b"\r\n.\n\r", True)
@example(b"\r\n\r.\r\n", True)
@example(b"\n\r.\n\r", True)
def test_nothing_but_crlf_dot_crlf_ends_a_message(end: bytes, split: bool) -> None:
    evil = end + b"MAIL FROM:<evil@b>\r\nRCPT TO:<victim@d>\r\nDATA\r\nx: evil\r\n\r\n"
    assume(GOOD_END not in b"body" + evil)
    opening = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
    closing = b".\r\nQUIT\r\n"
    stream = b"x: y\r\n\r\nbody" + evil + closing
    chunks = [opening, *([stream[i : i + 1] for i in range(len(stream))] if split else [stream])]
    keeper, written = played(chunks)
    assert all(transaction.mail_from != "evil@b" for transaction, _ in keeper.accepted)
    assert written.endswith(b"221 2.0.0 Bye\r\n")
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", stream):
        assert not keeper.accepted
    else:
        assert [body for _, body in keeper.accepted] == [stream[: -len(closing)]]
