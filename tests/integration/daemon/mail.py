"""Sending test mail with CPython's client, and reading what arrived."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from typing import Any

MESSAGE = (
    b"From: Ann <ann@gmail.com>\r\n"
    b"To: bob@example.com\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"\r\n"
    b".a line that begins with a dot\r\n"
    b"..two\r\n"
    b"\r\n"
    b"end, without a second one\r\n"
)


def send(
    port: int,
    message: bytes = MESSAGE,
    *,
    sender: str = "ann@gmail.com",
    to: str | list[str] = "bob@example.com",
    count: int = 1,
    prepare: Callable[[smtplib.SMTP], Any] = lambda client: None,
) -> dict[str, tuple[int, bytes]]:
    """One session; returns the refused recipients, raises smtplib's errors."""
    refused: dict[str, tuple[int, bytes]] = {}
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=20) as client:
        prepare(client)
        for _ in range(count):
            refused = client.sendmail(sender, to, message)
    return refused


def without_trace(content: bytes) -> bytes:
    """A message as it arrived, less the Received field that the relay put on top."""
    assert content.startswith(b"Received: ")
    lines = content.split(b"\r\n")
    first = next(n for n, line in enumerate(lines) if n and line[:1] not in (b" ", b"\t"))
    return b"\r\n".join(lines[first:])
