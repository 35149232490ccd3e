# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A delivered message, found by its Message-ID and read raw over IMAP. It stays unread.

A mailbox or folder that cannot be read is an error, never an empty one.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError

IMPLICIT, STARTTLS = "implicit", "starttls"
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?:NIL|"(?:[^"\\]|\\.)*") (?P<name>.+)', re.S)


class ImapFailure(GatepostError):
    """The mailbox could not be read."""


@dataclass(frozen=True)
class Mailbox:
    """folders: those to look in; None: INBOX and what the server calls junk. timeout: seconds."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: str = IMPLICIT
    folders: Sequence[str] | None = None
    ca_file: str | None = None
    timeout: float = 60.0

    def find_message(self, message_id: str) -> bytes | None:
        """The message; None while there is none. Raises ImapFailure."""
        try:
            with self._connect() as client:
                self._sign_in(client)
                for folder in self._folders(client):
                    found = _find(client, folder, message_id)
                    if found is not None:
                        return found
        except imaplib.IMAP4.error as error:
            # The server's words; imaplib quotes no password.
            raise ImapFailure(f"IMAP {self.host}:{self.port}: {error}") from None
        except OSError as error:
            told = f"IMAP {self.host}:{self.port}: {type(error).__name__}: {error}"
            raise ImapFailure(told) from None
        return None

    def _connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.tls == IMPLICIT:
            return imaplib.IMAP4_SSL(
                self.host, self.port, ssl_context=context, timeout=self.timeout
            )
        client = imaplib.IMAP4(self.host, self.port, timeout=self.timeout)
        try:
            client.starttls(context)
        except BaseException:
            client.shutdown()
            raise
        return client

    def _sign_in(self, client: imaplib.IMAP4) -> None:
        # The command LOGIN carries ASCII alone; this carries every password.
        if "AUTH=PLAIN" not in client.capabilities:
            told = "the server does not offer AUTH=PLAIN"
            raise ImapFailure(f"IMAP {self.host}:{self.port}: {told}")
        plain = f"\0{self.username}\0{self.password}".encode()
        client.authenticate("PLAIN", lambda _challenge: plain)

    def _folders(self, client: imaplib.IMAP4) -> list[str]:
        if self.folders is not None:
            return list(self.folders)
        junk = []
        for line in _checked("LIST", client.list()):
            found = _LISTED.fullmatch(line) if isinstance(line, bytes) else None
            if found and rb"\junk" in found["flags"].lower():
                junk.append(found["name"].decode("ascii", "replace").strip('"'))
        return ["INBOX", *junk]


def _find(client: imaplib.IMAP4, folder: str, message_id: str) -> bytes | None:
    if not folder.isascii():
        raise ImapFailure(f"EXAMINE {folder}: spell the folder as LIST does (RFC 3501, 5.1.3)")
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    _checked(f"EXAMINE {folder}", client.select(f'"{quoted}"', readonly=True))
    wanted = message_id.strip("<> ").replace("\\", "\\\\").replace('"', '\\"')
    found = client.search(None, "HEADER", "Message-ID", f'"{wanted}"')
    numbers = _checked(f"SEARCH in {folder}", found)[0].split()
    if not numbers:
        return None
    parts = _checked(f"FETCH in {folder}", client.fetch(numbers[-1].decode(), "(BODY.PEEK[])"))
    content = [part[1] for part in parts if isinstance(part, tuple)]
    if not content:
        raise ImapFailure(f"FETCH in {folder}: the server sent no content")
    return bytes(content[0])


def _checked(what: str, answer: tuple[str, Any]) -> Any:
    status, data = answer
    if status != "OK":
        told = b" ".join(one for one in data if isinstance(one, bytes)).decode("utf-8", "replace")
        raise ImapFailure(f"{what}: {status} {told}")
    return data
