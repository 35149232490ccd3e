"""Command lines: only CRLF ends one, and no arrival makes memory grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.smtp.lines import BARE_NEWLINE, TOO_LONG, Lines


def taken(*chunks: bytes, limit: int = 10) -> list[object]:
    lines = Lines()
    found = []
    for chunk in chunks:
        lines.feed(chunk)
        while (line := lines.take(limit)) is not None:
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"NOOP\r\n"], [b"NOOP"]),
        ([b"NOOP\r\nQUIT\r\n"], [b"NOOP", b"QUIT"]),
        ([b"NO", b"OP\r", b"\nQU", b"IT\r\n"], [b"NOOP", b"QUIT"]),
        ([b"\r\n"], [b""]),
        ([b"a\rb\r\n"], [b"a\rb"]),
        ([b"NOOP\n"], [BARE_NEWLINE]),
        ([b"NOOP", b"\n"], [BARE_NEWLINE]),
        ([b"\n"], [BARE_NEWLINE]),
        ([b"0123456789\r\n"], [b"0123456789"]),
        ([b"01234567890\r\nx\r\n"], [TOO_LONG, b"x"]),
        ([b"0" * 100, b"0" * 100, b"\r", b"\nx\r\n"], [TOO_LONG, b"x"]),
        ([b"0" * 100, b"\n"], [BARE_NEWLINE]),
        ([b"0123456789\r", b"\n"], [b"0123456789"]),
    ],
)
def test_lines(chunks: list[bytes], expected: list[object]) -> None:
    assert taken(*chunks) == expected


def test_a_line_without_end_holds_no_more_than_the_limit() -> None:
    lines = Lines()
    for _ in range(1000):
        lines.feed(b"x" * 1000)
        assert lines.take(512) is None
        assert len(lines) <= 513


def test_the_rest_is_handed_over_whole() -> None:
    lines = Lines()
    lines.feed(b"DATA\r\nSubject: x\r\n.\r")
    assert lines.take(10) == b"DATA"
    assert lines.take_all() == b"Subject: x\r\n.\r"
    assert len(lines) == 0
    lines.feed(b"QUIT\r\n")
    assert lines.take(10) == b"QUIT"


@given(st.lists(st.text("aa\r\n", max_size=6).map(str.encode), max_size=8))
def test_lines_are_the_same_however_they_arrive(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert taken(*chunks, limit=3) == taken(whole, limit=3)
    assert taken(*(whole[at : at + 1] for at in range(len(whole))), limit=3) == taken(
        whole, limit=3
    )
