"""Paths by RFC 5321 section 4.1.2: what is read, what is refused, and what is left of the line."""

import pytest

from gatepost.smtp.address import AddressError, forward_path, is_mailbox, reverse_path

GOOD = [
    ("<a@b>", "a@b"),
    ("<a@example.com>", "a@example.com"),
    ("<A.b+tag=x/y@Example.COM>", "A.b+tag=x/y@Example.COM"),
    ("<!#$%&'*+-/=?^_`{|}~@example.com>", "!#$%&'*+-/=?^_`{|}~@example.com"),
    ('<"a b"@example.com>', '"a b"@example.com'),
    ('<"a>b@c"@example.com>', '"a>b@c"@example.com'),
    (r'<"a\"b\\"@example.com>', r'"a\"b\\"@example.com'),
    ('<""@example.com>', '""@example.com'),
    ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
    ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
    ("<a@[ipv6:::1]>", "a@[ipv6:::1]"),
    ("<@relay.example,@b.example:a@example.com>", "a@example.com"),
    ("<a@1-2.3>", "a@1-2.3"),
    ("<jörg@bücher.example>", "jörg@bücher.example"),
    ("<用户@例え.テスト>", "用户@例え.テスト"),
    ('<"é "@example.com>', '"é "@example.com'),
    ("<" + "a" * 64 + "@example.com>", "a" * 64 + "@example.com"),
    ("<a@" + "b" * 63 + ".c>", "a@" + "b" * 63 + ".c"),
    ("<a@" + ".".join(["b" * 61] * 4) + ">", "a@" + ".".join(["b" * 61] * 4)),
    ("<a,b@c.d>", None),
    ("<>x", ""),
]

BAD = [
    "",
    " ",
    "a@b",
    "<",
    "<a@b",
    "a@b>",
    "<a>",
    "<@>",
    "<a@>",
    "<@b>",
    "< a@b>",
    "<a@b >",
    "<a b@c>",
    "<.a@b>",
    "<a.@b>",
    "<a..b@c>",
    "<a@.b>",
    "<a@b.>",
    "<a@b..c>",
    "<a@-b>",
    "<a@b->",
    "<a@b_c>",
    "<a@b@c>",
    "<a@b,c>",
    "<a(comment)@b>",
    '<"a@b>',
    '<"a"b@c>',
    '<a"b"@c>',
    '<"a\\"@b>',
    '<"a\x00"@b>',
    "<a\x00@b>",
    "<a\r@b>",
    "<a\n@b>",
    "<a\t@b>",
    "<a\x7f@b>",
    "<a\x85@b>",
    "<a\u2028@b>",
    "<a\ufeff@b>",
    "<\ud800@b>",
    "<a@[192.0.2]>",
    "<a@[192.0.2.256]>",
    "<a@[192.0.2.1>",
    "<a@192.0.2.1]>",
    "<a@[]>",
    "<a@[2001:db8::1]>",
    "<a@[IPv6:192.0.2.1]>",
    "<a@[IPv6:2001:db8::1%eth0]>",
    "<a@[x25:1]>",
    "<@b:>",
    "<@b a@c>",
    "<@:a@b>",
    "<<a@b>>",
    "=?utf-8?q?a?= <a@b>",
    "<" + "a" * 65 + "@example.com>",
    "<" + "é" * 33 + "@example.com>",
    "<a@" + "b" * 64 + ".c>",
    "<a@" + ".".join(["b" * 62] * 4) + ".cccc>",
    "<" + "a" * 60 + "@" + ".".join(["b" * 49] * 4) + ">",
]


@pytest.mark.parametrize(("text", "address"), [case for case in GOOD if case[1]])
def test_a_good_path_is_returned_as_it_was_spelled(text: str, address: str) -> None:
    for read in (reverse_path, forward_path):
        assert read(text) == (address, "")
        assert read(text + " SIZE=1") == (address, " SIZE=1")
    assert is_mailbox(address)


@pytest.mark.parametrize("text", [*BAD, "<a,b@c.d>"])
def test_anything_else_is_an_error(text: str) -> None:
    for read in (reverse_path, forward_path):
        with pytest.raises(AddressError):
            read(text)


def test_the_null_path_is_a_sender_and_no_recipient() -> None:
    assert reverse_path("<> RET=HDRS") == ("", " RET=HDRS")
    with pytest.raises(AddressError, match="null path"):
        forward_path("<>")


def test_postmaster_alone_is_a_recipient_and_no_sender() -> None:
    assert forward_path("<Postmaster> NOTIFY=NEVER") == ("Postmaster", " NOTIFY=NEVER")
    with pytest.raises(AddressError):
        reverse_path("<postmaster>")


def test_the_local_part_may_be_given_more_room_but_not_the_path() -> None:
    long = "<" + "a" * 100 + "@example.com>"
    assert reverse_path(long, 200)[0] == long[1:-1]
    with pytest.raises(AddressError, match="longer than 256"):
        reverse_path("<" + "a" * 243 + "@example.com>", 250)
    assert reverse_path("<" + "a" * 242 + "@example.com>", 250)


def test_an_error_does_not_repeat_the_address() -> None:
    with pytest.raises(AddressError) as caught:
        reverse_path("<secret@b@c>")
    assert "secret" not in str(caught.value)
