"""Chunks of BDAT: octets counted and nothing else, judged as content is, kept in wire form."""

import pytest

from gatepost.smtp import content
from gatepost.smtp.chunks import Chunks
from gatepost.smtp.limits import Limits

LIMITS = Limits(message_bytes=500, header_bytes=200, line_bytes=100)


def fed(*pieces: bytes, size: int | None = None, rest: bytes = b"", finish: bool = True) -> Chunks:
    """One chunk a piece, arriving in parts of `size`, with `rest` behind the last one."""
    found = Chunks(LIMITS)
    for piece in pieces:
        found.begin(len(piece))
        data = piece + rest
        step = size or len(data) or 1
        behind = None
        for start in range(0, max(len(data), 1), step):
            behind = found.feed(data[start : start + step])
            if behind is not None:
                assert behind + data[start + step :] == rest
                break
        assert behind is not None
        assert found.ended
    if finish:
        found.finish()
    return found


SIZES = [1, 2, 3, 5, 7, None]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ((b"Subject: x\r\n\r\nhello\r\n",), b"Subject: x\r\n\r\nhello\r\n"),
        ((b"Subject: x\r\n\r\n", b"hello\r\n"), b"Subject: x\r\n\r\nhello\r\n"),
        ((b"a: b\r", b"\n\r\nhello\r", b"\n"), b"a: b\r\n\r\nhello\r\n"),
        ((b"a: b\r\n", b""), b"a: b\r\n"),
        ((b"",), b""),
        ((b"", b""), b""),
        # Without a last CRLF; with dots, also where chunks meet.
        ((b"a: b\r\n\r\nhello",), b"a: b\r\n\r\nhello\r\n"),
        ((b".\r\n",), b"..\r\n"),
        ((b".",), b"..\r\n"),
        ((b"x\r\n", b".y\r\n"), b"x\r\n..y\r\n"),
        ((b"x\r", b"\n", b".y\r\n"), b"x\r\n..y\r\n"),
        ((b"x\r\n.", b".y\r\n"), b"x\r\n...y\r\n"),
        ((b"x.", b".\r\n"), b"x..\r\n"),
        # The end of DATA is nothing here, nor is a command.
        ((b"x\r\n.\r\n", b"QUIT\r\n"), b"x\r\n..\r\nQUIT\r\n"),
        ((b"x\r\n.\r\nBDAT 3 LAST\r\nabc",), b"x\r\n..\r\nBDAT 3 LAST\r\nabc\r\n"),
        ((b"\xff 8 bit\r\n",), b"\xff 8 bit\r\n"),
    ],
)
def test_what_becomes_of_chunks(pieces: tuple[bytes, ...], body: bytes, size: int | None) -> None:
    for rest in (b"", b"BDAT 5 LAST\r\nhello", b".\r\n"):
        found = fed(*pieces, size=size, rest=rest)
        assert found.refusal is None
        assert found.take() == body


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("pieces", "reply"),
    [
        ((b"a\nb\r\n",), content.BARE_NEWLINE),
        ((b"a\rb\r\n",), content.BARE_NEWLINE),
        ((b"a\r", b"b\r\n"), content.BARE_NEWLINE),
        ((b"a\r",), content.BARE_NEWLINE),
        ((b"a\n", b"b"), content.BARE_NEWLINE),
        ((b"\n.\n",), content.BARE_NEWLINE),
        ((b"\r\n.\r", b"x"), content.BARE_NEWLINE),
        ((b"a\0b\r\n",), content.NUL),
        ((b"x" * 99 + b"\r\n",), None),
        ((b"x" * 60, b"y" * 60 + b"\r\n"), None),
        ((b"a: b\r\n" * 40,), content.HEADER_TOO_BIG),
        ((b"a: b\r\n" * 20, b"a: b\r\n" * 20), content.HEADER_TOO_BIG),
        ((b"\r\n" + b"x\r\n" * 100, b"\r\n" + b"x\r\n" * 100), content.TOO_BIG),
    ],
)
def test_what_is_refused(pieces: tuple[bytes, ...], reply: object, size: int | None) -> None:
    found = fed(*pieces, size=size, rest=b"QUIT\r\n")
    assert found.refusal is not None
    if reply is not None:
        assert found.refusal == reply
    assert found.held == 0


def test_the_limit_counts_octets_before_the_dots_are_stuffed() -> None:
    exact = b"\r\n" + b".\r\n" * 166
    assert len(exact) == LIMITS.message_bytes
    assert fed(exact, size=7).refusal is None
    assert fed(b".", exact).refusal == content.TOO_BIG


def test_what_is_announced_too_big_is_swallowed_and_not_kept() -> None:
    found = Chunks(LIMITS)
    found.begin(10**9)
    assert found.refusal == content.TOO_BIG
    for _ in range(100):
        assert found.feed(b"x" * 1000) is None
    assert found.held == 0
