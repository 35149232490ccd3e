"""Messages that a relay must not change: our own odd ones, and CPython's, where its tests are
installed (`test.test_email.data`)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

RECEIVED = b"Received: from a.example by b.example; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
PLAIN = b"From: a@example.org\r\nSubject: test\r\n"

OWN = {
    "plain": PLAIN + b"\r\nHello.\r\n",
    "no body": PLAIN + b"\r\n",
    "header only": PLAIN,
    "empty": b"",
    "blank lines": PLAIN + b"\r\n\r\n\r\n\r\n",
    "dots": PLAIN + b"\r\n.\r\n..\r\n...\r\n. \r\n.x\r\nx.\r\n\r\n.\r\n",
    "trailing blanks": PLAIN + b"\r\nends in blanks \t \r\n \r\n\t\r\n",
    "eight bits": PLAIN + b"\r\n" + bytes(range(128, 256)) + b"\r\n",
    "utf-8": PLAIN + "\r\nGrüße, 世界 🌍\r\n".encode(),
    "controls": PLAIN + b"\r\n" + bytes(set(range(1, 32)) - {10, 13}) + b"\x7f\r\n",
    "line of 998": PLAIN + b"\r\n" + b"x" * 998 + b"\r\n",
    "line of 2047": PLAIN + b"\r\n" + b"x" * 2047 + b"\r\n",
    "line of 2048": PLAIN + b"\r\n" + b"x" * 2048 + b"\r\n",
    "line of 2049": PLAIN + b"\r\n" + b"x" * 2049 + b"\r\n",
    "line of 70000": PLAIN + b"\r\n" + b"x" * 70000 + b"\r\n",
    "dots in a long line": PLAIN + b"\r\n" + b"." * 5000 + b"\r\n",
    "folded header": PLAIN + b"X-Folded: a\r\n b\r\n\tc\r\n\r\nbody\r\n",
    "odd header names": PLAIN + b"X!#$%: a\r\nx-lower: b\r\nX-Empty:\r\n\r\nbody\r\n",
    "From in the body": PLAIN + b"\r\nFrom here on\r\n>From there\r\n",
    "a signature": b"DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=abc  def;\r\n"
    + PLAIN
    + b"\r\nx\r\n",
    "large": PLAIN + b"\r\n" + b"0123456789" * 7 + (b"\r\n" + b".23456789" * 8) * 20000 + b"\r\n",
}


def cpython() -> dict[str, bytes]:
    spec = importlib.util.find_spec("test")
    if spec is None or spec.origin is None:
        return {}
    data = Path(spec.origin).parent / "test_email" / "data"
    return {
        file.name: re.sub(rb"\r\n|\r|\n", b"\r\n", file.read_bytes())
        for file in sorted(data.glob("msg_*.txt"))
    }


def wire(content: bytes) -> bytes:
    """Dot-stuffed, ending in CRLF."""
    whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole)
