"""Reply bytes to replies, strictly; the lines that we write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.delivery import command
from gatepost.delivery.command import Extensions, Needs
from gatepost.delivery.outcome import Malformed, Unsendable
from gatepost.delivery.values import Outgoing
from gatepost.delivery.wire import ReplyParser
from gatepost.reply import Reply
from gatepost.spool.interface import Recipient

GOOD = [
    (b"250 2.1.5 Ok\r\n", [Reply(250, "2.1.5", "Ok")]),
    (b"250 Ok\r\n", [Reply(250, "", "Ok")]),
    (b"250\r\n", [Reply(250, "", "")]),
    (b"250 2.1.5\r\n", [Reply(250, "2.1.5", "")]),
    (b"250 4.1.5 class differs\r\n", [Reply(250, "", "4.1.5 class differs")]),
    (b"250 2.1.5x\r\n", [Reply(250, "", "2.1.5x")]),
    (b"250-2.0.0 a\r\n250 2.0.0 b\r\n", [Reply(250, "2.0.0", "a\nb")]),
    (b"250-2.0.0 a\r\n250 b\r\n", [Reply(250, "2.0.0", "a\nb")]),
    (b"250 one\r\n354 two\r\n", [Reply(250, "", "one"), Reply(354, "", "two")]),
    (b"250 bare line feed\n", [Reply(250, "", "bare line feed")]),
    (b"550 a\x00\x1b[2Jb\r\n", [Reply(550, "", "a??[2Jb")]),
    ("550 Grüße \u2028\r\n".encode(), [Reply(550, "", "Grüße ?")]),
    (b"550 \xff\xfe\r\n", [Reply(550, "", "\ufffd\ufffd")]),
    (b"250 half", []),
    (b"250-half\r\n", []),
]


@pytest.mark.parametrize(("data", "wanted"), GOOD)
def test_replies(data: bytes, wanted: list[Reply]) -> None:
    assert ReplyParser().feed(data) == wanted
    parser = ReplyParser()
    assert [it for n in range(len(data)) for it in parser.feed(data[n : n + 1])] == wanted


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 ok\r\n",
        b"+50 ok\r\n",
        b" 50 ok\r\n",
        b"150 ok\r\n",
        b"650 ok\r\n",
        b"2500 ok\r\n",
        b"250:ok\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 " + b"x" * 5000,
        b"250 " + b"x" * 5000 + b"\r\n",
        b"250-" + b"x" * 4000 + b"\r\n" + (b"250-" + b"x" * 4000 + b"\r\n") * 9,
        "２５０ ok\r\n".encode(),
    ],
)
def test_what_is_no_reply(data: bytes) -> None:
    with pytest.raises(Malformed):
        ReplyParser().feed(data)


@given(st.binary(max_size=200))
def test_any_octets_give_replies_or_malformed(data: bytes) -> None:
    try:
        replies = ReplyParser().feed(data)
    except Malformed:
        return
    for reply in replies:
        assert 200 <= reply.code < 600
        assert reply.text.replace("\n", "").isprintable() or "\ufffd" in reply.text or reply.text


@pytest.mark.parametrize(
    "address",
    ["", "a@b.example", "a,b@c.d", '"a b"@c.d', '"a\\"b"@c.d', "a+b=c@[192.0.2.1]", "ü@ü.example"],
)
def test_a_path_is_the_address_in_angle_brackets(address: str) -> None:
    assert command.path(address) == b"<" + address.encode() + b">"


@pytest.mark.parametrize(
    "address",
    [
        "a b@c.d",
        "a@b.c>",
        "<a@b.c",
        "a@b.c\r\nRCPT TO:<x@y.z>",
        'a"b@c.d',
        "a@b\x00.c",
        "a\x85@b.c",
    ],
)
def test_an_address_that_cannot_be_written(address: str) -> None:
    with pytest.raises(Unsendable) as caught:
        command.path(address)
    assert caught.value.status == "5.1.3"


@given(st.text())
def test_no_address_ends_a_line(address: str) -> None:
    try:
        written = command.path(address)
    except Unsendable:
        return
    assert not set(written) & set(b"\r\n\x00")


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        (("X-A", "plain"), b"X-A: plain\r\n"),
        (("X-A", "a\r\nBcc: b"), b"X-A: a Bcc: b\r\n"),
        (("X-A", "Gr\u00fc\u00dfe"), b"X-A: =?utf-8?b?R3LDvMOfZQ==?=\r\n"),
        (("X-A", ""), b"X-A: \r\n"),
    ],
)
def test_an_added_header(field: tuple[str, str], wanted: bytes) -> None:
    assert command.headers([field]) == wanted


def test_a_header_name_that_is_none() -> None:
    with pytest.raises(Unsendable):
        command.headers([("X A\r\nB", "v")])


@given(st.text(max_size=2000))
def test_an_added_header_is_lines_of_a_bounded_length(value: str) -> None:
    lines = command.headers([("X-A", value)]).split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 998 and line.isascii() for line in lines)
    assert all(line.startswith(b" ") for line in lines[1:])
    assert not any(set(line) & set(b"\r\n\x00") for line in lines)


ALL = Extensions(True, True, 0, True, True, True)
NOTHING = Extensions()


def lines(outgoing: Outgoing, offered: Extensions) -> list[bytes]:
    needs = Needs.of(outgoing, b"", offered.size)
    sender = not outgoing.mail_from.isascii()
    utf8 = sender or any(not it.address.isascii() for it in outgoing.recipients)
    return [
        command.mail(outgoing, needs, offered, utf8),
        *(command.rcpt(it, offered, sender) for it in outgoing.recipients),
    ]


DSN = Recipient("b@c.d", ("SUCCESS", "FAILURE"), "rfc822;b+2Bx@c.d")


@pytest.mark.parametrize(
    ("outgoing", "offered", "wanted"),
    [
        (Outgoing("", (Recipient("b@c.d"),), b"x\r\n"), NOTHING, [b"<>", b"<b@c.d>"]),
        (
            Outgoing("a@b.c", (DSN,), b"..x\r\n", ret="FULL", envid="e+2B"),
            ALL,
            [
                b"<a@b.c> SIZE=5 RET=FULL ENVID=e+2B",
                b"<b@c.d> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bx@c.d",
            ],
        ),
        (
            # Its own octets are as many as the next hop takes.
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"..x\r\n..\r\n"),
            Extensions(has_size=True, size=7),
            [b"<a@b.c> SIZE=7", b"<b@c.d>"],
        ),
        (
            Outgoing("a@b.c", (DSN,), b"x\r\n", ret="FULL", envid="e"),
            NOTHING,
            [b"<a@b.c>", b"<b@c.d>"],
        ),
        (
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"x\r\n", ret="X\r\n", envid="e\r\nf"),
            ALL,
            [b"<a@b.c> SIZE=3", b"<b@c.d>"],
        ),
        (
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"s: t\r\n\r\n\xc3\xbc\r\n", eight_bit=True),
            ALL,
            [b"<a@b.c> SIZE=12 BODY=8BITMIME", b"<b@c.d>"],
        ),
        (
            Outgoing("a@b.c", (Recipient("ü@c.d"),), b"x\r\n", smtputf8=True),
            ALL,
            [b"<a@b.c> SIZE=3 SMTPUTF8", "<ü@c.d>".encode()],
        ),
        (
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"x\r\n", smtputf8=True),
            NOTHING,
            [b"<a@b.c>", b"<b@c.d>"],
        ),
        (
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"s: \xc3\xbc\r\n\r\n", smtputf8=True),
            ALL,
            [b"<a@b.c> SIZE=9 BODY=8BITMIME SMTPUTF8", b"<b@c.d>"],
        ),
    ],
)
def test_the_envelope(outgoing: Outgoing, offered: Extensions, wanted: list[bytes]) -> None:
    first, *rest = wanted
    whole = [b"MAIL FROM:" + first + b"\r\n", *(b"RCPT TO:" + it + b"\r\n" for it in rest)]
    assert lines(outgoing, offered) == whole


@pytest.mark.parametrize(
    ("outgoing", "offered", "status"),
    [
        (Outgoing("a@b.c", (Recipient("b@c.d"),), b"12345\r\n"), Extensions(size=6), "5.3.4"),
        (Outgoing("a@b.c", (Recipient("b@c.d"),), b"\xc3\xbc\r\n"), NOTHING, "5.6.3"),
        (Outgoing("ü@b.c", (Recipient("b@c.d"),), b"x\r\n"), NOTHING, "5.6.7"),
        (Outgoing("a@b.c", (Recipient("ü@c.d"),), b"x\r\n"), NOTHING, "5.6.7"),
        (Outgoing("a@b.c", (Recipient(""),), b"x\r\n"), NOTHING, "5.1.3"),
        (
            Outgoing("a@b.c", (Recipient("b@c.d"),), b"s: \xc3\xbc\r\n\r\n", smtputf8=True),
            Extensions(eight_bit=True),
            "5.6.9",
        ),
    ],
)
def test_what_the_next_hop_cannot_take(
    outgoing: Outgoing, offered: Extensions, status: str
) -> None:
    with pytest.raises(Unsendable) as caught:
        lines(outgoing, offered)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("offered", "size"),
    [("100", 100), ("", 0), ("0", 0), ("many", 0), ("-1", 0), ("1" * 30, 0), ("١", 0)],
)
def test_the_size_offered(offered: str, size: int) -> None:
    assert Extensions.of({"size": offered}) == Extensions(has_size=True, size=size)
