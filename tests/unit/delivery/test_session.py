"""Transactions against a real server: what is sent, who is harmed by what, what is reused."""

from __future__ import annotations

import asyncio

import pytest
from unit.delivery import mail
from unit.delivery.nexthop import CLOSE, OFFERED, RESET, NextHop
from unit.garbage import watched

from gatepost.delivery import values
from gatepost.delivery.outcome import Unmet
from gatepost.delivery.pool import Bounds, Pool
from gatepost.delivery.relay import Relay
from gatepost.delivery.session import PIECE, Timeouts
from gatepost.delivery.values import ConfigurationFailure, Outcome, Scope, Tls, Verdict
from gatepost.queue.batches import batches
from gatepost.spool.interface import Message, Recipient, Step

STEPWISE = OFFERED[1:]
QUICK = Timeouts(*[20.0] * 7)


async def deliver(
    server: NextHop, *messages: Message, body: bytes = mail.BODY, pool: Pool | None = None
) -> list[Outcome]:
    """The outcomes of messages sent one after the other by one relay, as the queue sends them."""
    relay = Relay(mail.Hops(mail.hop(server.address)), pool=pool or Pool(QUICK))
    outcomes: list[Outcome] = []
    for message in messages:
        for batch in batches(mail.leases(message)):
            outcomes += await relay.run(batch, body)
    await relay.close()
    return outcomes


def verdicts(outcomes: list[Outcome]) -> str:
    return " ".join(outcome.verdict.value for outcome in outcomes)


@pytest.fixture(params=[OFFERED, STEPWISE], ids=["pipelining", "stepwise"])
def offered(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


async def test_one_transaction_for_all_recipients(offered: tuple[str, ...]) -> None:
    async with NextHop(offered=offered) as server:
        outcomes = await deliver(server, mail.message("b@x.example", "c@y.example"))
        [received] = server.received
    assert verdicts(outcomes) == "delivered delivered"
    assert received.rcpts == ["RCPT TO:<b@x.example>", "RCPT TO:<c@y.example>"]
    assert received.content == mail.BODY
    assert all(outcome.dsn and outcome.tls == "" for outcome in outcomes)


async def test_one_refused_recipient_harms_no_other(offered: tuple[str, ...]) -> None:
    script = {"rcpt b@x.example": b"550 5.1.1 no\r\n", "rcpt d@x.example": b"450 4.2.1 busy\r\n"}
    async with NextHop(script, offered=offered) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message("b@x.example", "c@x.example", "d@x.example"))
        [received] = server.received
    assert verdicts(outcomes) == "failed delivered deferred"
    assert received.rcpts == ["RCPT TO:<c@x.example>"]


@pytest.mark.parametrize("data", [b"354 go on\r\n", b"503 no\r\n"])
async def test_all_refused(offered: tuple[str, ...], data: bytes) -> None:
    """Also with DATA answered 354 all the same; and the next message goes over the same
    connection."""
    script = {"rcpt b@x.example": b"550 5.1.1 no\r\n", "data": [data, b"354 go on\r\n"]}
    if offered == STEPWISE:
        script["data"] = [b"354 go on\r\n"]
    async with NextHop(script, offered=offered) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message("b@x.example"), mail.message("c@x.example"))
    assert verdicts(outcomes) == "failed delivered"
    assert server.connections == 1
    assert [it.content for it in server.received] == [mail.BODY]


@pytest.mark.parametrize("phase", ["mail", "data", "end"])
async def test_a_connection_is_reused_after_a_refusal(offered: tuple[str, ...], phase: str) -> None:
    usual = {"mail": b"250 ok\r\n", "data": b"354 go on\r\n", "end": b"250 ok\r\n"}[phase]
    script = {phase: [b"550 5.7.1 no\r\n", usual]}
    async with NextHop(script, offered=offered) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message("b@x.example"), mail.message("c@x.example"))
    assert verdicts(outcomes) == "failed delivered"
    assert server.connections == 1


async def test_a_refused_recipient_keeps_its_answer_when_the_connection_breaks() -> None:
    script = {"rcpt b@x.example": b"550 5.1.1 no\r\n", "end": RESET}
    async with NextHop(script) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message("b@x.example", "c@x.example"))
    assert [it.verdict for it in outcomes] == [Verdict.FAILED, Verdict.DEFERRED]


async def test_421_between_recipients() -> None:
    script = {"rcpt b@x.example": b"550 5.1.1 no\r\n", "rcpt c@x.example": b"421 4.3.2 bye\r\n"}
    async with NextHop(script) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message("b@x.example", "c@x.example", "d@x.example"))
    assert [it.verdict for it in outcomes] == [
        Verdict.FAILED,
        Verdict.DEFERRED,
        Verdict.DEFERRED,
    ]


@pytest.mark.parametrize("reply", [b"452 4.5.3 too many\r\n", b"552 too many\r\n"])
async def test_too_many_recipients_go_in_the_next_transaction_at_once(
    offered: tuple[str, ...], reply: bytes
) -> None:
    good = b"250 ok\r\n"
    script = {"rcpt": [good, good, reply, reply, good]}
    async with NextHop(script, offered=offered) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, mail.message(*(f"r{n}@x.example" for n in range(4))))
    assert {it.verdict for it in outcomes} == {Verdict.DELIVERED}
    assert [len(it.rcpts) for it in server.received] == [2, 2]
    assert server.connections == 1


async def test_too_many_without_progress_defers() -> None:
    async with NextHop({"rcpt": b"452 4.5.3 too many\r\n"}) as server:
        outcomes = await deliver(server, mail.message("a@x.example", "b@x.example"))
    assert {it.verdict for it in outcomes} == {Verdict.DEFERRED}
    assert server.commands.count("DATA") == 1


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])
async def test_a_body_of_any_size(size: int) -> None:
    body = (b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n")[: size - 2]
    line = b"0123456789" * 7 + b"\r\n"
    body = body + line * ((size - len(body)) // len(line)) + b"end\r\n"
    async with NextHop(offered=("PIPELINING", "8BITMIME")) as server:
        [outcome] = await deliver(server, mail.message("b@x.example"), body=body)
    assert outcome.verdict is Verdict.DELIVERED
    assert server.received[0].content == body


async def test_no_octet_is_changed() -> None:
    body = b"Subject: t\r\n\r\n..\r\n...\r\n \t\r\n" + bytes(range(128, 256)) + b"\r\n\r\n\r\n"
    steps = [Step(0, "Relay", "relay:out", "b@x.example", "a@y.example", headers=(("X-A", "1"),))]
    message = mail.message("b@x.example", steps=steps, eight_bit=True)
    async with NextHop() as server:
        await deliver(server, message, body=body)
    assert server.received[0].content == b"X-A: 1\r\n" + body
    assert "BODY=8BITMIME" in server.received[0].mail


async def test_dsn_requests_are_passed_on() -> None:
    bob = Recipient("b@x.example", ("SUCCESS", "DELAY"), "rfc822;c@x.example")
    message = mail.message(bob, ret="HDRS", envid="e1")
    async with NextHop() as server:
        [outcome] = await deliver(server, message)
    assert outcome.dsn
    assert server.received[0].mail.endswith(" RET=HDRS ENVID=e1")
    assert server.received[0].rcpts == [
        "RCPT TO:<b@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@x.example"
    ]
    async with NextHop(offered=("PIPELINING",)) as server:
        [outcome] = await deliver(server, message)
    assert not outcome.dsn
    assert server.received[0].mail == "MAIL FROM:<alice@example.org>"


async def test_what_cannot_be_sent_fails_only_its_recipient() -> None:
    async with NextHop(offered=("PIPELINING",)) as server:
        outcomes = await deliver(server, mail.message("ü@x.example", "b@x.example"))
    assert [(it.verdict, it.status) for it in outcomes] == [
        (Verdict.FAILED, "5.6.7"),
        (Verdict.DELIVERED, "2.0.0"),
    ]


async def test_a_message_that_is_too_big_is_not_sent() -> None:
    async with NextHop(offered=("PIPELINING", "SIZE 10")) as server:
        [outcome] = await deliver(server, mail.message("b@x.example"))
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "5.3.4")
    assert server.commands == ["EHLO mx.example.net"]


async def test_a_server_that_knows_no_ehlo() -> None:
    async with NextHop({"ehlo": b"500 what\r\n"}) as server:
        [outcome] = await deliver(server, mail.message("b@x.example"))
    assert outcome.verdict is Verdict.DELIVERED
    assert server.commands[:2] == ["EHLO mx.example.net", "HELO mx.example.net"]


async def test_the_same_recipient_of_two_steps_is_sent_twice() -> None:
    steps = [Step(0, "Relay", "relay:out", "b@x.example", "a@y.example")] * 2
    async with NextHop() as server:
        outcomes = await deliver(server, mail.message("b@x.example", steps=steps))
    assert [it.verdict for it in outcomes] == [Verdict.DELIVERED] * 2
    assert [len(it.rcpts) for it in server.received] == [1, 1]


async def test_steps_that_differ_go_in_transactions_of_their_own() -> None:
    steps = [
        Step(0, "Relay", "relay:out", "b@x.example", "a@y.example"),
        Step(1, "Relay", "relay:out", "c@x.example", "srs@y.example"),
        Step(2, "Relay", "relay:out", "d@x.example", "a@y.example", headers=(("X-A", "1"),)),
        Step(3, "Relay", "relay:out", "e@x.example", "a@y.example"),
    ]
    people = [f"{name}@x.example" for name in "bcde"]
    async with NextHop() as server:
        outcomes = await deliver(server, mail.message(*people, steps=steps))
    assert {it.verdict for it in outcomes} == {Verdict.DELIVERED}
    assert [len(it.rcpts) for it in server.received] == [2, 1, 1]
    assert server.connections == 1


async def test_a_kept_connection_that_the_peer_closed_is_replaced_at_once() -> None:
    async with NextHop(hang_up_after=1) as server:
        outcomes = await deliver(server, *[mail.message("b@x.example")] * 3)
    assert {it.verdict for it in outcomes} == {Verdict.DELIVERED}
    assert server.connections == 3


async def test_a_kept_connection_that_says_421_is_replaced_at_once() -> None:
    script = {"mail": [b"250 ok\r\n", b"421 4.4.2 idle\r\n", b"250 ok\r\n"]}
    async with NextHop(script) as server:  # type: ignore[arg-type]
        outcomes = await deliver(server, *[mail.message("b@x.example")] * 2)
    assert {it.verdict for it in outcomes} == {Verdict.DELIVERED}
    assert server.connections == 2


@pytest.mark.parametrize("act", [RESET, CLOSE, b"421 4.3.2 bye\r\n"])
async def test_a_message_that_may_have_been_accepted_is_not_sent_again(act: bytes | str) -> None:
    async with NextHop({"end": [b"250 ok\r\n", act, b"250 ok\r\n"]}) as server:
        outcomes = await deliver(server, *[mail.message("b@x.example")] * 2)
    assert [it.verdict for it in outcomes] == [Verdict.DELIVERED, Verdict.DEFERRED]
    assert len(server.received) == 1


async def test_a_fresh_connection_that_breaks_is_not_tried_again() -> None:
    async with NextHop({"mail": [RESET, b"250 ok\r\n"]}) as server:
        [outcome] = await deliver(server, mail.message("b@x.example"))
    assert outcome.verdict is Verdict.DEFERRED
    assert server.connections == 1


async def test_no_connection_carries_more_than_its_share() -> None:
    async with NextHop() as server:
        pool = Pool(QUICK, Bounds(messages=2))
        await deliver(server, *[mail.message("b@x.example")] * 5, pool=pool)
    assert server.connections == 3


async def test_an_idle_connection_is_closed_in_time() -> None:
    async with NextHop() as server:
        pool = Pool(QUICK, Bounds(idle_seconds=0.05))
        session = await pool.acquire(mail.hop(server.address))
        pool.release(session)
        assert pool.idle == 1
        async with asyncio.timeout(20):
            await server.said_quit.wait()
        assert (session.usable, pool.idle) == (False, 0)
        pool.close()


async def test_unasked_words_make_a_kept_connection_useless() -> None:
    async with NextHop({"end": b"250 ok\r\n421 4.4.2 and goodbye\r\n"}) as server:
        outcomes = await deliver(server, *[mail.message("b@x.example")] * 2)
    assert server.connections == 2
    assert {it.verdict for it in outcomes} == {Verdict.DEFERRED} or len(server.received) == 2


async def test_a_refresh_makes_connections_anew() -> None:
    async with NextHop() as server:
        pool = Pool(QUICK)
        hop = mail.hop(server.address)
        busy, idle = await pool.acquire(hop), await pool.acquire(hop)
        pool.release(idle)
        pool.refresh()
        pool.release(busy)
        assert (busy.usable, idle.usable, pool.idle) == (False, False, 0)


async def test_nobody_listens() -> None:
    async with NextHop() as server:
        address = server.address
    relay = Relay(mail.Hops(mail.hop(address)), timeouts=QUICK)
    [outcome] = await relay.run(mail.leases(mail.message("b@x.example")), mail.BODY)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.4.1")


async def test_a_missing_relay_is_a_configuration_failure() -> None:
    relay = Relay(mail.Hops(mail.hop(("127.0.0.1", 1))))
    message = mail.message("b@x.example", destination="relay:missing")
    with pytest.raises(ConfigurationFailure, match="no such relay"):
        await relay.run(mail.leases(message), mail.BODY)


async def test_a_hop_that_cannot_be_told_now_defers() -> None:
    class Unreadable(mail.Hops):
        def hop(self, destination: str) -> values.NextHop:
            raise Unmet("4.3.5", f"{destination}: its secret cannot be read")

    relay = Relay(Unreadable(mail.hop(("127.0.0.1", 1))))
    [outcome] = await relay.run(mail.leases(mail.message("b@x.example")), mail.BODY)
    assert (outcome.verdict, outcome.scope) == (Verdict.DEFERRED, Scope.SITE)
    assert outcome.status == "4.3.5"


async def test_a_defect_defers_and_is_recorded() -> None:
    events: list[tuple[str, object]] = []

    async def broken(*_arguments: object) -> object:
        raise RuntimeError("secret detail")

    relay = Relay(
        mail.Hops(mail.hop(("127.0.0.1", 1), Tls.NONE)),
        pool=Pool(connect=broken),  # type: ignore[arg-type]
        record=lambda event, /, **fields: events.append((event, fields["reason"])),
    )
    [outcome] = await relay.run(mail.leases(mail.message("b@x.example")), mail.BODY)
    assert outcome.verdict is Verdict.DEFERRED
    assert "secret" not in outcome.text
    assert events == [("Fault", "RuntimeError")]


@pytest.mark.parametrize("phase", ["", "mail", "data", "end"])
async def test_a_connection_leaves_nothing_to_the_collector_of_cycles(phase: str) -> None:
    async with NextHop({phase: [RESET, RESET]} if phase else {}) as server:
        with watched() as found:
            outcomes = await deliver(server, mail.message("b@x.example"))
            await asyncio.sleep(0.02)
            assert verdicts(outcomes) == ("deferred" if phase else "delivered")
            del outcomes
    assert not found
