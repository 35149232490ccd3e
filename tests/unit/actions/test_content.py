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
    assert content.unstuffed(stuffed) == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize("first", [b".", b"x"])
def test_added_headers_stand_on_top(first: bytes) -> None:
    stuffed = b".." if first == b"." else first
    made = content.plain(task(headers=(("X-A", "1"), ("X-B", "2")), body=stuffed + b"\r\n"))
    assert made == b"X-A: 1\r\nX-B: 2\r\n" + first + b"\r\n"
    assert content.plain(task()) == PLAIN


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
