"""LMTP to a real server, by TCP and by a socket of the host: every recipient its own answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.delivery import mail
from unit.delivery.nexthop import CLOSE, GARBAGE, OFFERED, NextHop

from gatepost.delivery.relay import Relay
from gatepost.delivery.session import PIECE, Timeouts
from gatepost.delivery.values import Outcome, Verdict
from gatepost.spool.interface import Message

QUICK = Timeouts(*[20.0] * 7)


def to(*recipients: str) -> Message:
    return mail.message(*recipients, destination="mailbox:m-1")


async def deliver(
    server: NextHop, *messages: Message, body: bytes = mail.BODY, **more: object
) -> list[Outcome]:
    address = ("localhost", 24) if server.unix else server.address
    hop = mail.hop(address, unix=server.unix, lmtp=True, **more)
    relay = Relay(mail.Hops(hop), timeouts=QUICK)
    outcomes: list[Outcome] = []
    for message in messages:
        outcomes += await relay.run(mail.leases(message), body)
    await relay.close()
    return outcomes


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.verdict.value for outcome in outcomes]


@pytest.fixture(params=[OFFERED, OFFERED[1:]], ids=["pipelining", "stepwise"])
def offered(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


async def test_each_recipient_is_settled_alone(offered: tuple[str, ...]) -> None:
    script = {
        "rcpt b@x.test": b"550 5.1.1 no such mailbox\r\n",
        "end c@x.test": b"452 4.2.2 mailbox full\r\n",
        "end d@x.test": b"554 5.2.0 refused by its filter\r\n",
    }
    async with NextHop(script, offered=offered, lmtp=True) as server:  # type: ignore[arg-type]
        first = to("a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test")
        outcomes = await deliver(server, first, to("f@x.test"))
    assert verdicts(outcomes) == [
        *("delivered", "failed", "deferred", "failed", "delivered"),
        "delivered",
    ]
    assert [outcome.status for outcome in outcomes[1:4]] == ["5.1.1", "4.2.2", "5.2.0"]
    assert server.commands[0] == "LHLO mx.example.net"
    assert server.connections == 1
    assert [[it[9:-1] for it in got.rcpts] for got in server.received] == [
        ["a@x.test", "e@x.test"],
        ["f@x.test"],
    ]
    assert {got.content for got in server.received} == {mail.BODY}


@pytest.mark.parametrize("act", [CLOSE, GARBAGE, b"421 4.3.2 stopping\r\n"])
async def test_who_was_answered_for_stays_delivered(
    offered: tuple[str, ...], act: bytes | str
) -> None:
    """The connection is lost between the answers: those after it may have been delivered, and are
    tried again."""
    async with NextHop({"end b@x.test": act}, offered=offered, lmtp=True) as server:
        outcomes = await deliver(server, to("a@x.test", "b@x.test", "c@x.test"))
    assert verdicts(outcomes) == ["delivered", "deferred", "deferred"]
    assert server.connections == 1


async def test_by_a_socket_of_this_host(tmp_path: Path) -> None:
    path = str(tmp_path / "lmtp.sock")
    async with NextHop(unix=path, lmtp=True) as server:
        [outcome] = await deliver(server, to("a@x.test"))
        assert server.received[0].content == mail.BODY
    assert (outcome.verdict, outcome.peer) == (Verdict.DELIVERED, path)


async def test_a_socket_that_is_not_there_defers(tmp_path: Path) -> None:
    server = NextHop(unix=str(tmp_path / "absent.sock"), lmtp=True)
    [outcome] = await deliver(server, to("a@x.test"))
    assert outcome.verdict is Verdict.DEFERRED
    assert outcome.text == f"{tmp_path}/absent.sock: No such file or directory while connecting"


async def test_a_large_message() -> None:
    body = b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * PIECE
    script = {"end b@x.test": b"452 4.2.2 full\r\n"}
    async with NextHop(script, lmtp=True) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, to("a@x.test", "b@x.test"), body=body)
        assert server.received[0].content == body
    assert verdicts(outcomes) == ["delivered", "deferred"]


async def test_data_for_nobody_that_is_answered_354_ends_the_connection() -> None:
    """No answer would follow the content (RFC 2033 section 4.2 forbids it)."""
    script = {"rcpt": b"550 5.1.1 no\r\n", "data": b"354 go on\r\n"}
    async with NextHop(script, lmtp=True) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, to("a@x.test", "b@x.test"))
    assert verdicts(outcomes) == ["failed", "failed"]


async def test_a_server_of_smtp_is_not_taken_for_one() -> None:
    async with NextHop() as server:
        [outcome] = await deliver(server, to("a@x.test"))
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.5.1")
    assert server.received == []
