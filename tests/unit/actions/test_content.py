"""A message as it is stored, and its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.actions import content
from tests.unit.actions.tasks import PLAIN, task

LINES = st.lists(st.binary(max_size=5).map(lambda line: line.translate(None, b"\r\n")), min_size=1)


@given(LINES)
def test_the_wire_form_is_undone(lines: list[bytes]) -> None:
    stuffed = b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)
    made = task(body=stuffed)
    assert content.plain(made) == b"".join(line + b"\r\n" for line in lines)
    assert content.plain(made).startswith(content.header(made))


@pytest.mark.parametrize("first", [b".", b"x"])
def test_added_headers_stand_on_top(first: bytes) -> None:
    stuffed = b".." if first == b"." else first
    made = content.plain(task(headers=(("X-A", "1"), ("X-B", "2")), body=stuffed + b"\r\n"))
    assert made == b"X-A: 1\r\nX-B: 2\r\n" + first + b"\r\n"
    assert content.plain(task()) == PLAIN


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"A: b\r\n\r\nC: d\r\n", b"A: b\r\n"),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"\r\nC: d\r\n", b""),
        (b"..A: b\r\n\r\n", b".A: b\r\n"),
        (b"", b""),
    ],
)
def test_the_header_section(body: bytes, header: bytes) -> None:
    assert content.header(task(body=body)) == header
    assert content.header(task(body=body, headers=(("X-A", "1"),))) == b"X-A: 1\r\n" + header


def test_one_content_has_one_name() -> None:
    name = content.name(task())
    assert name == "0A1B2C3D4E5F6G7H8J9K"
    one, other = "a@example.com", "b@example.com"
    assert content.name(task("Archive", "archive:legal", one, other, numbers=(1,))) == name
    headed = content.name(task(headers=(("X-A", "1"),)))
    assert headed.startswith(f"{name}-")
    assert len({headed, name, content.name(task(headers=(("X-A", "2"),)))}) == 3
    assert content.name(task(headers=(("X-A", "1"),), retried=True)) == headed
    assert headed.replace("-", "").isalnum()
