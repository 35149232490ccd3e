"""Content to CRLF.CRLF: ended nowhere else, refused when a peer could read it otherwise."""

import pytest

from gatepost.reply import Reply
from gatepost.smtp import content
from gatepost.smtp.content import Content
from gatepost.smtp.limits import Limits

LIMITS = Limits(message_bytes=5000, header_bytes=1000, line_bytes=100)


def fed(data: bytes, size: int | None = None, limits: Limits = LIMITS) -> tuple[Content, bytes]:
    """What came of `data` in chunks of `size`, and the rest behind the end."""
    found = Content(limits)
    step = size or len(data)
    for start in range(0, len(data), step):
        rest = found.feed(data[start : start + step])
        if rest is not None:
            return found, rest + data[start + step :]
    return found, b""


CHUNKS = [1, 2, 3, 5, 7, 64, None]


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b"", b""),
        (b"", b"QUIT\r\n"),
        (b"Subject: x\r\n\r\nhello\r\n", b""),
        (b"Subject: x\r\n\r\nhello\r\n", b"MAIL FROM:<a@b>\r\n"),
        (b"\r\n", b""),
        (b"\r\n\r\nx\r\n", b""),
        (b"..\r\n", b""),
        (b".x\r\n..\r\n...\r\n", b".\r\n"),
        (b"\r\n" + b"x\r\n" * 500, b""),
        (b"\xff\xfe 8 bit\r\n", b""),
    ],
)
def test_the_body_is_what_stands_before_the_final_dot(
    body: bytes, rest: bytes, size: int | None
) -> None:
    found, left = fed(body + b".\r\n" + rest, size)
    assert found.ended
    assert found.refusal is None
    assert found.take() == body
    assert left == rest


SMUGGLED = b"\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n"
VARIANTS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n.\rx",
    b"\n.\r",
    b"\r.\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\n\n.\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\x00\n.\r\n",
    b"\r\n.\r\x00\n",
    b"\n\r.\n\r",
    b"\r\n.\n\r",
    b"\r\n\r.\r\n",
    b"\r\n.\r\n".replace(b"\r\n.", b"\r\n\r\n\n."),
]


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_other_end_is_honored_and_its_message_is_refused(
    variant: bytes, size: int | None
) -> None:
    data = b"Subject: x\r\n\r\nhello" + variant + SMUGGLED + b".\r\n"
    found, left = fed(data + b"QUIT\r\n", size)
    assert found.ended
    assert left == b"QUIT\r\n"
    assert found.refusal in (content.BARE_NEWLINE, content.NUL)
    assert found.held == 0


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("octet", [b"\r", b"\n", b"\0"])
@pytest.mark.parametrize("at", ["first", "last", "middle"])
def test_a_bare_octet_anywhere_refuses(octet: bytes, at: str, size: int | None) -> None:
    text = {"first": octet + b"a", "last": b"a" + octet, "middle": b"a" + octet + b"a"}[at]
    found, _ = fed(text + b"\r\n.\r\n", size)
    assert found.ended
    assert found.refusal is not None
    assert found.refusal.code == 550


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\r\n" + b"x" * 98 + b"\r\n", None),
        (b"\r\n" + b"x" * 99 + b"\r\n", 550),
        (b"\r\n." + b"x" * 98 + b"\r\n", None),
        (b"\r\n." + b"x" * 99 + b"\r\n", 550),
        (b"x" * 98 + b"\r\n" + b"y" * 98 + b"\r\n", None),
        (b"x" * 98 + b"\r\n" + b"y" * 99 + b"\r\n", 550),
        (b"\r\n" + (b"x" * 98 + b"\r\n") * 40 + b"x" * 99 + b"\r\n", 550),
        ((b"a: " + b"x" * 90 + b"\r\n") * 10 + b"\r\n", None),
        ((b"a: " + b"x" * 90 + b"\r\n") * 11 + b"\r\n", 552),
        (b"\r\n" + b"x" * 98 + b"\r\n" + (b"y" * 98 + b"\r\n") * 48 + b"z" * 96 + b"\r\n", None),
        (b"\r\n" + b"x" * 98 + b"\r\n" + (b"y" * 98 + b"\r\n") * 48 + b"z" * 97 + b"\r\n", 552),
        (b"\r\n" + b"..\r\n" * 1666, None),
        (b"\r\n" + b"..\r\n" * 1667, 552),
    ],
)
def test_limits_hold_to_the_octet(data: bytes, code: int | None, size: int | None) -> None:
    found, _ = fed(data + b".\r\n", size)
    assert found.ended
    assert (found.refusal and found.refusal.code) == code
    if code is None:
        assert found.take() == data


@pytest.mark.parametrize("line", [b"x" * 1000, b"x\r\n" * 333])
def test_what_is_refused_is_not_kept(line: bytes) -> None:
    found = Content(LIMITS)
    for _ in range(1000):
        assert found.feed(line) is None
        assert found.held <= LIMITS.message_bytes + 1000
    assert found.held < 10
    assert found.feed(b"\r\n.\r\n") == b""
    assert found.refusal is not None


def test_the_first_reason_stands() -> None:
    found = Content(LIMITS)
    found.feed(b"a\nb\r\n")
    found.refuse(content.TOO_BIG)
    found.feed(b".\r\n")
    assert found.refusal == content.BARE_NEWLINE


@pytest.mark.parametrize(
    ("octets", "refusal"),
    [
        (b"\r\n", None),
        (b"\r\n\r\n", None),
        (b"\r", content.BARE_NEWLINE),
        (b"\n", content.BARE_NEWLINE),
        (b"\r\r\n", content.BARE_NEWLINE),
        (b"\0", content.NUL),
    ],
)
@pytest.mark.parametrize("size", [-4, -3, -2, -1, 0, 1, 2])
def test_where_content_is_cut_to_be_judged_changes_nothing(
    size: int, octets: bytes, refusal: Reply | None
) -> None:
    found = Content(Limits(line_bytes=10**6))
    data = b"\r\n\r\n" + b"x" * (content._PIECE + size - 4) + octets + b"x" * content._PIECE
    assert found.feed(data + b"\r\n.\r\n") == b""
    assert found.refusal == refusal
    if refusal is None:
        assert found.take() == data + b"\r\n"
