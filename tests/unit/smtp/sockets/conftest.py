"""A listening relay on loopback, under asyncio and under uvloop, and a client of raw octets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from emulators.ca import Authority
from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.smtp.receiver import Transaction
from gatepost.smtp.server import Listening
from gatepost.spool.interface import Recipient

PATIENCE = 10  # seconds until a test that hangs fails


def pytest_asyncio_loop_factories(config: object, item: object) -> dict[str, Any]:
    """Every test here runs under both loops that the daemon may use."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Keeper:
    """A Receiver that keeps what it accepts. `replies`: what to return or raise, by method.
    `gate`: when set, data() waits for it."""

    def __init__(self) -> None:
        self.replies: dict[str, Any] = {}
        self.accepted: list[tuple[Session, Transaction, bytes]] = []
        self.gate: asyncio.Event | None = None
        self.committing = asyncio.Event()
        self.stored = asyncio.Event()
        self.passwords = {"edge": b"open sesame"}

    def _reply(self, method: str) -> Any:
        reply = self.replies.get(method)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def connected(self, session: Session) -> Reply | None:
        return self._reply("connected")

    async def authenticate(self, session: Session, username: str, password: bytes) -> bool:
        self._reply("authenticate")
        return self.passwords.get(username) == password

    def sender(self, session: Session, transaction: Transaction) -> Reply | None:
        return self._reply("sender")

    def recipient(
        self, session: Session, transaction: Transaction, recipient: Recipient
    ) -> Reply | None:
        if recipient.address.startswith("nobody@"):
            return Reply(550, "5.7.1", "Not here")
        return self._reply("recipient")

    async def data(self, session: Session, transaction: Transaction, body: bytes) -> Reply:
        self.committing.set()
        if self.gate is not None:
            await self.gate.wait()
        reply = self._reply("data")
        if reply is None:
            self.accepted.append((session, transaction, body))
            self.stored.set()
            reply = Reply(250, "2.0.0", "Ok: queued")
        return reply


class Client:
    """Raw octets to the relay and its replies back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """The next whole reply, lines joined by newlines; "" at the end of the connection."""
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), PATIENCE)).decode()
            lines.append(line.rstrip("\r\n"))
            assert not line or line.endswith("\r\n")
            if line[3:4] != "-":
                return "\n".join(lines)

    async def replies(self, count: int) -> list[str]:
        return [await self.reply() for _ in range(count)]

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def ask(self, *lines: bytes) -> str:
        """Sends lines one by one; the reply to the last one."""
        reply = ""
        for line in lines:
            self.say(line + b"\r\n")
            reply = await self.reply()
        return reply

    async def rest(self) -> bytes:
        """All that the server sends until it closes; a reset counts as the end."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionError:
            return b""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        assert (await self.ask(b"STARTTLS")).startswith("220 ")
        await self.writer.start_tls(context, server_hostname="localhost")

    def leave(self, *, reset: bool) -> None:
        """Goes without a word, by a reset or as the kernel closes a dead process's socket."""
        if reset:
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


class Relay:
    """A Listening on loopback with a Keeper and the events it recorded."""

    def __init__(self) -> None:
        self.keeper = Keeper()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.ended = asyncio.Event()
        self.listening: Listening
        self.port = 0
        self.clients: list[Client] = []

    def record(self, event: str, /, **fields: Any) -> None:
        self.events.append((event, fields))
        if event == "Connection":
            self.ended.set()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]

    async def until(self, condition: Callable[[], object]) -> None:
        """What the server shows nobody an event of."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def client(self) -> Client:
        """Connected; the greeting not yet read."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def greeted(self) -> Client:
        """Connected, and EHLO answered."""
        client = await self.client()
        assert (await client.reply()).startswith("220 ")
        assert (await client.ask(b"EHLO client.example")).startswith("250-")
        return client

    async def at_data(self) -> Client:
        """In the content of a message from a@example.org to b@example.com."""
        client = await self.greeted()
        reply = await client.ask(b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>", b"DATA")
        assert reply.startswith("354 ")
        return client


@pytest_asyncio.fixture
async def relay() -> AsyncIterator[Callable[..., Any]]:
    """`await relay(**options of Listening)` gives a Relay."""
    relays: list[Relay] = []

    async def start(**options: Any) -> Relay:
        found = Relay()
        found.listening = Listening(
            hostname="mx.example.net", receiver=found.keeper, record=found.record, **options
        )
        sock = socket.create_server(("127.0.0.1", 0))
        found.port = sock.getsockname()[1]
        await found.listening.serve(sock)
        relays.append(found)
        return found

    yield start
    for each in relays:
        for client in each.clients:
            client.close()
        if each.keeper.gate is not None:
            each.keeper.gate.set()
        assert await each.listening.drain(PATIENCE) == 0
        assert each.listening.load.memory == 0


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def server_context(authority: Authority) -> ssl.SSLContext:
    return authority.server_context(["localhost"])


@pytest.fixture
def client_context(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))
