"""An SMTP reply as a value: what a server says and what a client was told.

Sources: RFC 5321 section 4.2 (reply codes and lines), RFC 3463 (enhanced status codes).
"""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Reply:
    """One reply.

    code: 200-599. enhanced: "2.1.5" or "" where none is given. text: without codes; may hold
    newlines.
    """

    code: int
    enhanced: str
    text: str

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def transient(self) -> bool:
        return 400 <= self.code < 500

    def __str__(self) -> str:
        lead = f"{self.code} {self.enhanced}" if self.enhanced else str(self.code)
        return f"{lead} {self.text}"

    def wire(self) -> bytes:
        """The reply's lines as sent, each ending in CRLF."""
        lead = f"{self.enhanced} " if self.enhanced else ""
        if "\n" not in self.text:
            return f"{self.code} {lead}{self.text}\r\n".encode()
        lines = self.text.split("\n")
        last = len(lines) - 1
        return "".join(
            f"{self.code}{' ' if number == last else '-'}{lead}{line}\r\n"
            for number, line in enumerate(lines)
        ).encode()
