"""Who sends: sessions of one and of many messages, small and large, with and without TLS, patient
and slow. Each writes into the ledger what it sent and what it was told.

Promises: closed loops; while more than `BACKLOG` recipients wait, nobody sends, so that a slow
machine or a broken next hop lowers the rate and never fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import socket
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.soak.ledger import ARCHIVE, BOUNCE, DROP, NOTHING, RELAY, Ledger, Sent

BACKLOG: Final = 300
SIZES: Final = {1: 50, 4: 20, 16: 15, 64: 10, 256: 3, 1024: 2}
"""KiB of a body, and of a hundred messages how many have it."""
RULES: Final = {
    "relay.example": RELAY,
    "secure.example": RELAY,
    "archive.example": ARCHIVE,
    "bounce.example": BOUNCE,
    "drop.example": DROP,
    "refused.example": NOTHING,
}
"""What becomes of the recipients of a domain."""
WEIGHTS: Final = (60, 15, 12, 4, 4, 5)
_THINKING: Final = 0.5
_TEXT: Final = b"".join(
    b"%sThe quick brown fox %06d jumps over the lazy dog, and it minds.\r\n"
    % (b"." if number % 50 == 7 else b"", number)
    for number in range(17_000)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """content: octets with CRLF lines, not stuffed. sender: "" for the null one."""

    sender: str
    recipients: list[str]
    content: bytes


class Post:
    """Makes letters; every address is a new one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._random = Random(name)
        self._number = 0

    def letter(self, kib: int = 0) -> Letter:
        random = self._random
        count = random.choice((1, 1, 1, 1, 2, 3, 8))
        recipients = []
        for _ in range(count):
            self._number += 1
            domain = random.choices(tuple(RULES), WEIGHTS)[0]
            recipients.append(f"{self._name}-{self._number}@{domain}")
        size = (kib or random.choices(tuple(SIZES), tuple(SIZES.values()))[0]) * 1024
        body = b"%s %d\r\n" % (self._name.encode(), self._number) + _TEXT[:size]
        body = body[: body.rindex(b"\r\n") + 2]
        sender = "" if random.random() < 0.1 else "sender@client.example"
        header = (
            f"From: Sender <sender@client.example>\r\nTo: <{recipients[0]}>\r\n"
            f"Subject: soak {self._number}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
            f"Message-ID: <{self._name}.{self._number}@client.example>\r\n"
            f"X-Digest: {hashlib.sha256(body).hexdigest()}\r\n\r\n"
        )
        return Letter(sender, recipients, header.encode() + body)


class Sending:
    """What all clients share. told: how often what was answered instead of a 250, or a session
    broke."""

    def __init__(self, port: int, ledger: Ledger, trust: ssl.SSLContext) -> None:
        self.port = port
        self.ledger = ledger
        self.trust = trust
        self.told: Counter[str] = Counter()
        self.messages = 0
        self.over = threading.Event()

    def connect(self, source: str = "127.0.0.1", *, tls: bool = False) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        if tls:
            client._host = "mx.gatepost.test"  # type: ignore[attr-defined]  # whom it verifies
            client.starttls(context=self.trust)
        client.ehlo("client.example")
        return client

    def send(self, client: smtplib.SMTP, letter: Letter, pause: float = 0.0) -> None:
        """pause: seconds that the content takes in little pieces. Raises OSError or SMTPException
        when the session is of no more use."""
        fate = dict.fromkeys(letter.recipients, NOTHING)
        certain = True
        try:
            code, _ = client.mail(letter.sender, [f"SIZE={len(letter.content)}"])
            taken = []
            for address in letter.recipients if code == 250 else ():
                code, _ = client.rcpt(address)
                if code == 250:
                    taken.append(address)
                elif not address.endswith("@refused.example"):
                    self.told[f"{code} to RCPT"] += 1
            if not taken:
                client.rset()
                return
            client.putcmd("data")
            code, _ = client.getreply()
            if code != 354:
                self.told[f"{code} to DATA"] += 1
                return
            self._content(client, letter.content, pause)
            # From here to its answer nobody knows.
            certain = False
            fate.update((address, RULES[address.partition("@")[2]]) for address in taken)
            client.send(b".\r\n")
            code, _ = client.getreply()
            if code == -1:
                raise smtplib.SMTPServerDisconnected("closed")
            certain = True
            if code == 250:
                self.messages += 1
            else:
                fate = dict.fromkeys(letter.recipients, NOTHING)
                self.told[f"{code} to the message"] += 1
        finally:
            for address, rule in fate.items():
                self.ledger.note_sent(address, Sent(rule, not letter.sender, certain))

    def _content(self, client: smtplib.SMTP, content: bytes, pause: float) -> None:
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        if not pause:
            client.send(stuffed)
            return
        pieces = 20
        step = -(-len(stuffed) // pieces)
        for at in range(0, len(stuffed), step):
            client.send(stuffed[at : at + step])
            self.over.wait(pause / pieces)


class Client(threading.Thread):
    """One of those that send all the time."""

    def __init__(self, number: int, sending: Sending) -> None:
        super().__init__(daemon=True)
        self._sending = sending
        self._post = Post(f"c{number}")
        self._random = Random(number)

    def run(self) -> None:
        sending, random = self._sending, self._random
        while not sending.over.is_set():
            try:
                with contextlib.closing(sending.connect(tls=random.random() < 0.3)) as client:
                    for _ in range(random.choice((1, 1, 3, 20))):
                        while sending.ledger.waiting > BACKLOG and not sending.over.wait(0.2):
                            pass
                        if sending.over.wait(random.uniform(0, 2 * _THINKING)):
                            break
                        sending.send(client, self._post.letter())
                    client.quit()
            except (OSError, smtplib.SMTPException) as error:
                sending.told[type(error).__name__] += 1
                sending.over.wait(0.2)


def slow(sending: Sending, number: int, seconds: float) -> None:
    """A client that takes all that time over one small message, and one that says nothing."""
    post = Post(f"s{number}")
    try:
        with (
            contextlib.closing(sending.connect("127.0.0.3")),
            contextlib.closing(sending.connect("127.0.0.3")) as client,
        ):
            sending.send(client, post.letter(1), pause=seconds)
    except (OSError, smtplib.SMTPException) as error:
        sending.told[f"slow client: {type(error).__name__}"] += 1


def burst(sending: Sending, count: int) -> Counter[str]:
    """So many connections of one client at once; how often which greeting came."""
    greetings: Counter[str] = Counter()
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.bind(("127.0.0.2", 0))
        sock.settimeout(20)
        socks.append(sock)
        # One that cannot connect is told below.
        with contextlib.suppress(OSError):
            sock.connect(("127.0.0.1", sending.port))
    # None is closed before all are answered.
    for sock in socks:
        try:
            greetings[sock.recv(100)[:3].decode() or "closed"] += 1
        except OSError as error:
            greetings[type(error).__name__] += 1
    for sock in socks:
        sock.close()
    return greetings
