"""The load: SMTP sessions in a few processes, each one loop over epoll.

Promises: a message counts as accepted when its 250 has been read; every other reply ends the run
with its text. A session pipelines MAIL, RCPT and DATA (RFC 2920) where the server offers it, as
mail servers do. Each message carries when it was sent (`STAMP`), by the machine's monotonic clock.
"""

from __future__ import annotations

import gc
import multiprocessing
import select
import socket
import ssl
import time
from array import array
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

# In the Message-ID of each message: nanoseconds of the monotonic clock, 20 digits.
STAMP: Final = b"Message-ID: <"
_LINE: Final = b"The quick brown fox jumps over the lazy dog, and the dog does not mind.\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """size: octets of a message, header included. sessions: at once, over all processes.
    per_connection: messages; 0 is as many as there is time for. seconds: how long new messages are
    begun. recipients: domain of the envelope's recipients."""

    size: int
    sessions: int
    per_connection: int = 0
    seconds: float = 5.0
    processes: int = 2
    starttls: bool = False
    domain: str = "example.com"


@dataclass(slots=True)
class Sent:
    """began, ended: of the first byte and the last 250, monotonic seconds. latency: seconds from
    MAIL to the 250 of each message. errors: replies that were not hoped for, and lost sessions."""

    began: float
    ended: float
    accepted: int
    latency: array[float] = field(default_factory=lambda: array("f"))
    errors: list[str] = field(default_factory=list)


def send(load: Load, port: int) -> Sent:
    """Runs the load against 127.0.0.1:port."""
    context = multiprocessing.get_context("spawn")
    count = min(load.processes, load.sessions)
    shares = [load.sessions // count + (n < load.sessions % count) for n in range(count)]
    pipes, processes = [], []
    for share in shares:
        mine, theirs = context.Pipe()
        process = context.Process(target=_worker, args=(load, port, share, theirs), daemon=True)
        process.start()
        theirs.close()  # so that a worker that dies is an EOFError here
        pipes.append(mine)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()  # ready
    for pipe in pipes:
        pipe.send("go")
    parts: list[Sent] = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join(10)
    return Sent(
        min(each.began for each in parts),
        max(each.ended for each in parts),
        sum(each.accepted for each in parts),
        array("f", (second for each in parts for second in each.latency)),
        [error for each in parts for error in each.errors],
    )


def _worker(load: Load, port: int, sessions: int, pipe: Connection) -> None:
    worker = Worker(load, port)
    gc.disable()
    pipe.send("ready")
    pipe.recv()
    pipe.send(worker.run(sessions))


class _Session:
    """One connection's state. wanted: replies still to be read before the next step."""

    __slots__ = (
        "begun",
        "blocked",
        "buffer",
        "left",
        "offered",
        "pending",
        "sock",
        "step",
        "wanted",
    )

    def __init__(self, sock: socket.socket, left: int) -> None:
        self.sock = sock
        self.step = "greeting"
        self.wanted = 1
        self.buffer = b""
        self.offered = b""
        self.left = left
        self.begun = 0.0
        self.pending: list[memoryview] = []
        self.blocked = False


class Worker:
    def __init__(self, load: Load, port: int) -> None:
        self.load = load
        self.port = port
        self.poll = select.epoll()
        self.sessions: dict[int, _Session] = {}
        self.sent = Sent(0.0, 0.0, 0)
        self.number = 0
        self.envelopes = [
            (
                b"MAIL FROM:<sender%d@client%d.example>\r\n" % (n, n % 97),
                b"RCPT TO:<user%d@%s>\r\n" % (n, load.domain.encode()),
            )
            # More than anybody keeps in memory of what came before.
            for n in range(10_000)
        ]
        self.pipelined = [b"".join((*each, b"DATA\r\n")) for each in self.envelopes]
        self.head = b">\r\nFrom: Sender <sender@client.example>\r\nTo: <user@example.com>\r\n"
        self.head += b"Subject: a message of the bench\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
        self.head += b"\r\n"
        rest = max(0, load.size - len(STAMP) - 20 - len(self.head))
        whole, part = divmod(rest, len(_LINE))
        self.tail = self.head + _LINE * whole + (b"x" * (part - 2) + b"\r\n") * (part > 2)
        self.tail += b".\r\n"
        self.tls = ssl.create_default_context() if load.starttls else None
        if self.tls is not None:
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE

    def run(self, sessions: int) -> Sent:
        self.sent.began = self.sent.ended = time.monotonic()
        self.until = self.sent.began + self.load.seconds
        for _ in range(sessions):
            self._connect()
        while self.sessions:
            for number, _event in self.poll.poll(60):
                self._ready(self.sessions[number])
            if len(self.sent.errors) > 20:
                break
        return self.sent

    def _connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self.port), 30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        session = _Session(sock, self.load.per_connection or 1 << 60)
        self.sessions[sock.fileno()] = session
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def _close(self, session: _Session) -> None:
        number = session.sock.fileno()
        self.poll.unregister(number)
        del self.sessions[number]
        session.sock.close()

    def _ready(self, session: _Session) -> None:
        try:
            if session.pending:
                self._flush(session)
                return
            data = session.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            data = b""
            self.sent.errors.append(f"{session.step}: {error}")
        if not data:
            if session.step != "quit":
                self.sent.errors.append(f"{session.step}: connection closed")
            self._ended(session)
            return
        data = session.buffer + data
        while True:
            line, end, rest = data.partition(b"\n")
            if not end:
                session.buffer = line
                return
            data = rest
            if line[3:4] == b"-":
                session.offered += line
                continue
            if line[:1] not in b"23":
                self.sent.errors.append(f"{session.step}: {line.decode(errors='replace').strip()}")
                session.step, session.wanted = "quit", 1
                self._write(session, b"QUIT\r\n")
                return
            session.wanted -= 1
            if not session.wanted:
                session.buffer = data
                self._step(session)
                return

    def _step(self, session: _Session) -> None:
        """All replies of a step are there: the next one."""
        step = session.step
        if step == "greeting":
            self._write(session, b"EHLO client.example\r\n")
            session.step, session.wanted = "ehlo", 1
        elif step == "ehlo":
            session.offered = session.offered.upper()
            if self.tls is not None and not isinstance(session.sock, ssl.SSLSocket):
                self._write(session, b"STARTTLS\r\n")
                session.step, session.wanted = "starttls", 1
            else:
                self._message(session)
        elif step == "starttls":
            self._secure(session)
        elif step == "mail":
            self._write(session, self.envelopes[self.number][1])
            session.step, session.wanted = "rcpt", 1
        elif step == "rcpt":
            self._write(session, b"DATA\r\n")
            session.step, session.wanted = "envelope", 1
        elif step == "envelope":
            stamp = b"%s%020d" % (STAMP, time.monotonic_ns())
            session.step, session.wanted = "body", 1
            self._send(session, [memoryview(stamp), memoryview(self.tail)])
        elif step == "body":
            now = time.monotonic()
            self.sent.accepted += 1
            self.sent.latency.append(now - session.begun)
            self.sent.ended = now
            session.left -= 1
            self._message(session, now)
        else:
            self._ended(session)

    def _message(self, session: _Session, now: float = 0.0) -> None:
        now = now or time.monotonic()
        if not session.left or now >= self.until:
            self._write(session, b"QUIT\r\n")
            session.step, session.wanted = "quit", 1
            return
        session.begun = now
        self.number = number = (self.number + 1) % len(self.envelopes)
        if b"PIPELINING" in session.offered:
            session.step, session.wanted = "envelope", 3
            self._write(session, self.pipelined[number])
        else:
            session.step, session.wanted = "mail", 1
            self._write(session, self.envelopes[number][0])

    def _ended(self, session: _Session) -> None:
        self._close(session)
        if time.monotonic() < self.until and len(self.sent.errors) <= 20:
            self._connect()

    def _secure(self, session: _Session) -> None:
        assert self.tls is not None
        number = session.sock.fileno()
        self.poll.unregister(number)
        del self.sessions[number]
        session.sock.settimeout(30)
        try:
            session.sock = self.tls.wrap_socket(session.sock, server_hostname="bench.example")
        except OSError as error:
            self.sent.errors.append(f"starttls: {error}")
            session.sock.close()
            return
        session.sock.setblocking(False)
        self.sessions[session.sock.fileno()] = session
        self.poll.register(session.sock.fileno(), select.EPOLLIN)
        session.offered = b""
        self._write(session, b"EHLO client.example\r\n")
        session.step, session.wanted = "ehlo", 1

    def _write(self, session: _Session, data: bytes) -> None:
        self._send(session, [memoryview(data)])

    def _send(self, session: _Session, parts: list[memoryview]) -> None:
        session.pending = parts
        self._flush(session)

    def _flush(self, session: _Session) -> None:
        """Writes what is pending; the rest when the socket takes more."""
        parts = session.pending
        try:
            while parts:
                if isinstance(session.sock, ssl.SSLSocket):
                    count = session.sock.send(parts[0])
                else:
                    count = session.sock.sendmsg(parts)
                while parts and count >= len(parts[0]):
                    count -= len(parts.pop(0))
                if count:
                    parts[0] = parts[0][count:]
        except (BlockingIOError, ssl.SSLWantWriteError):
            if not session.blocked:
                session.blocked = True
                self.poll.modify(session.sock.fileno(), select.EPOLLOUT)
            return
        except OSError as error:
            self.sent.errors.append(f"{session.step}: {error}")
            self._ended(session)
            return
        if session.blocked:
            session.blocked = False
            self.poll.modify(session.sock.fileno(), select.EPOLLIN)
