"""Messages, ordinary and hostile."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.conditions import ORDER
from gatepost.policy.message import Message, addresses, decoded, walked


def header(value: bytes) -> Message:
    return Message(value + b"\r\n\r\nbody\r\n")


def texts(value: bytes, name: str = "subject") -> list[str]:
    return [each.raw for each in header(value).texts(name)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Subject: plain", ["plain"]),
        (b"SUBJECT : obsolete spacing", ["obsolete spacing"]),
        (b"Subject: one\r\n\ttwo\r\n three", ["one\ttwo three"]),
        (b"Subject: one\r\nSubject: two", ["one", "two"]),
        (b"Subject: =?utf-8?q?Caf=C3=A9_x?=", ["Café x"]),
        (b"Subject: =?UTF-8?B?Q2Fmw6k=?= bar", ["Café bar"]),
        (b"Subject: =?utf-8?b?4oI=?= =?utf-8?b?rA==?=", ["€"]),
        (b"Subject: =?utf-8?q?a?=\r\n =?iso-8859-1?q?=E9?=", ["aé"]),
        (b"Subject: =?utf-8*en?q?a?= b", ["a b"]),
        (b"Subject: =?nonsense?q?a?=", ["=?nonsense?q?a?="]),
        (b"Subject: =?rot13?q?a?= =?zip?b?aaaa?=", ["=?rot13?q?a?= =?zip?b?aaaa?="]),
        (b"Subject: =?utf-8?b?!!!?=", ["=?utf-8?b?!!!?="]),
        (b"Subject: =?utf-8?q?=FF?=", ["\ufffd"]),
        (b"Subject: caf\xc3\xa9 \xff", ["café \ufffd"]),
        (b"Subject:", [""]),
        (b"no field at all\r\nSubject: x", ["x"]),
        (b" continuation of nothing\r\nSubject: x", ["x"]),
        (b"Other: x", []),
    ],
)
def test_fields(value: bytes, expected: list[str]) -> None:
    assert texts(value) == expected


def test_a_stuffed_line_of_the_header_is_read_without_its_dot() -> None:
    message = Message(b"..A: 1\r\nSubject: x\r\n..y\r\n\r\n..body\r\n")
    assert [each.raw for each in message.texts(".a")] == ["1"]
    assert message.size == len(b".A: 1\r\nSubject: x\r\n.y\r\n\r\n.body\r\n")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", 0),
        (b"Received: a\r\n", 1),
        (b"RECEIVED : a\r\nreceived:b\r\n c\r\nX-Received: d\r\n\r\nReceived: e\r\n", 2),
        (b"Subject: x\r\n Received: folded\r\n\r\n", 0),
        (b"\r\nReceived: body\r\n", 0),
        (b".Received: a\r\n.received: b\r\n", 2),
        (b"Received: x\r\n" * 100 + b"\r\n", 100),
    ],
)
def test_how_many_fields_of_a_name(body: bytes, wanted: int) -> None:
    assert Message(body).count("received") == wanted


@given(
    st.lists(st.sampled_from([b"\r\n", b"\r\n.", b".", b"x", b"\r\n." * 9]), max_size=9),
    st.floats(-1, 60) | st.integers(-1, 60),
    st.sampled_from(sorted(ORDER)),
)
def test_what_stands_for_the_size_compares_as_it_does(
    parts: list[bytes], value: float, operator: str
) -> None:
    body = b"".join(parts)
    compare = ORDER[operator]
    assert compare(Message(body).measured(value), value) == compare(Message(body).size, value)


def test_what_looks_like_a_header_in_the_body_is_none() -> None:
    assert Message(b"A: 1\r\n\r\nSubject: x\r\n").texts("subject") == ()
    assert Message(b"\r\nSubject: x\r\n\r\n").texts("subject") == ()
    assert Message(b"").texts("subject") == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@example.com", ["a@example.com"]),
        ("Ann <a@example.com>, b@example.com", ["a@example.com", "b@example.com"]),
        ('"Last, First" <a@example.com>', ["a@example.com"]),
        ('"x@evil.example" <a@example.com>', ["a@example.com"]),
        ("a@example.com (b@evil.example)", ["a@example.com"]),
        ("(a (nested) comment) a@example.com", ["a@example.com"]),
        ("Team: a@example.com, B <b@example.com>;", ["a@example.com", "b@example.com"]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@b.example:a@example.com>", ["a@example.com"]),
        ('"john doe"@example.com', ['"john doe"@example.com']),
        ("<a@example.com> <b@example.com>", ["a@example.com", "b@example.com"]),
        ('"unclosed <a@example.com>', []),
        ("(unclosed a@example.com", []),
        ("<>", []),
        ("@", []),
        ("=?utf-8?q?x=40gmail.com?= <a@example.com>", ["a@example.com"]),
        ("=?utf-8?q?x=40gmail.com?=", []),
    ],
)
def test_addresses(value: str, expected: list[str]) -> None:
    assert addresses(value) == expected


@given(
    st.lists(
        st.sampled_from('aé@<>,"():;\\ \t\r\n\x1c\x85\u2003')
        | st.sampled_from(["b@c.example", "<b@c.example>", "=?utf-8?q?x?="]),
        max_size=12,
    )
)
def test_plain_fields_are_read_as_the_walk_reads_them(parts: list[str]) -> None:
    value = "".join(parts)
    assert addresses(value) == walked(value)


def lines(body: bytes) -> dict[str, list[bytes]]:
    """The fields of a header section, a line at a time."""
    unfolded: list[bytes] = []
    section = b"" if body.startswith(b"\r\n") else body.split(b"\r\n\r\n")[0]
    for stuffed in section.split(b"\r\n"):
        line = stuffed.removeprefix(b".")
        if line[:1] not in (b" ", b"\t"):
            unfolded.append(line)
        elif unfolded:
            unfolded[-1] += line
    found: dict[str, list[bytes]] = {}
    for field in unfolded:
        name, colon, value = field.partition(b":")
        name = name.rstrip(b" \t")
        if colon and re.fullmatch(rb"[!-9;-~]+", name):
            found.setdefault(name.decode().lower(), []).append(value)
    return found


@given(
    st.lists(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b" ", b"\t", b".", b":", b"\xe9", b"\0", b"From: a", b"\r\nTo"]
        ),
        max_size=14,
    ).map(b"".join)
)
def test_fields_are_those_of_the_lines(body: bytes) -> None:
    expected = lines(body)
    message = Message(body)
    for name in {*expected, "from", "to"}:
        assert message.has(name) == (name in expected)
        found = [each.raw for each in message.texts(name)]
        assert found == [each.decode("utf-8", "replace").strip() for each in expected.get(name, ())]


def test_an_encoded_display_name_is_no_address() -> None:
    message = header(b"From: =?utf-8?q?=3Cx=40gmail.com=3E=2C?= <a@example.com>")
    assert [each.raw for each in message.addresses("from")] == ["a@example.com"]


@given(st.binary(max_size=400))
def test_no_bytes_raise(body: bytes) -> None:
    message = Message(b"From: " + body)
    for name in ("from", "subject"):
        message.texts(name)
        message.addresses(name)
    assert message.size <= len(body) + 6


@given(st.sampled_from('=?utf-8qb<>@(),;:"\\ \t\n') | st.characters(), st.integers(0, 40))
def test_no_text_raises(character: str, times: int) -> None:
    for value in (character * times, f"=?utf-8?q?{character * times}?=", f"<{character * times}"):
        decoded(value)
        addresses(value)


@pytest.mark.parametrize(
    "unit",
    ["=?", "=?utf-8?q?a", "=?utf-8?q?a?= ", "<", "(", '"', "a@b,", ":", "\\", "a ", "a@", "<a@b> "],
)
def test_long_fields_take_linear_time(unit: str) -> None:
    value = unit * (200_000 // len(unit))
    started = time.process_time()
    decoded(value)
    addresses(value)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("unit", [b"\r\n ", b"\r\n.", b"\r", b"\n", b"a", b"a ", b"a:\r\n", b": "])
def test_long_header_sections_take_linear_time(unit: bytes) -> None:
    started = time.process_time()
    Message(unit * (200_000 // len(unit))).has("from")
    Message(b"From:" + unit * (200_000 // len(unit))).addresses("from")
    assert time.process_time() - started < 2
