"""TLS and credentials: what is demanded is had, or nothing is sent; a lockout is never provoked."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest
from unit.delivery import mail
from unit.delivery.nexthop import CLOSE, OFFERED, NextHop
from unit.delivery.pki import DAY, NOW, Authority

from gatepost.delivery.relay import AUTH_PAUSE, Relay
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import Credentials, Outcome, Tls, Verdict

QUICK = Timeouts(*[20.0] * 7)
LOGIN = (*OFFERED, "AUTH LOGIN")
PLAIN = (*OFFERED, "AUTH CRAM-MD5 LOGIN PLAIN")
RIGHT = Credentials("relay-user", "right-pässword")
WRONG = Credentials("relay-user", "wrong-password")
USERS = {RIGHT.username: RIGHT.password}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def deliver(relay: Relay, *recipients: str) -> list[Outcome]:
    message = mail.message(*(recipients or ("bob@x.example",)))
    return await relay.run(mail.leases(message), mail.BODY)


async def one(server: NextHop, tls: Tls, **more: object) -> Outcome:
    relay = Relay(mail.Hops(mail.hop(server.address, tls, **more)), timeouts=QUICK)
    [outcome] = await deliver(relay)
    await relay.close()
    return outcome


@pytest.mark.parametrize("tls", [Tls.MAY, Tls.ENCRYPT, Tls.VERIFY])
async def test_encrypted_and_named(tls: Tls, authority: Authority) -> None:
    async with NextHop(tls=authority.context("next.example")) as server:
        outcome = await one(server, tls, ca_file=str(authority.file))
    assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "TLSv1.3")
    assert server.names == ["next.example"]
    assert [line.split()[0] for line in server.commands[:3]] == ["EHLO", "STARTTLS", "EHLO"]


async def test_none_never_encrypts(authority: Authority) -> None:
    async with NextHop(tls=authority.context("next.example")) as server:
        outcome = await one(server, Tls.NONE)
    assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "")
    assert "STARTTLS" not in server.commands


@pytest.mark.parametrize("tls", [Tls.MAY, Tls.ENCRYPT])
async def test_a_certificate_that_is_not_judged(tls: Tls, authority: Authority) -> None:
    async with NextHop(tls=authority.context("other.example", until=NOW - DAY)) as server:
        outcome = await one(server, tls)
    assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "TLSv1.3")


@pytest.mark.parametrize("tls", [Tls.ENCRYPT, Tls.VERIFY])
async def test_encryption_that_is_not_offered_defers(tls: Tls) -> None:
    async with NextHop() as server:
        outcome = await one(server, tls)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.4")
    assert server.commands == ["EHLO mx.example.net"]


async def test_may_goes_on_in_the_clear(authority: Authority) -> None:
    async with NextHop() as server:
        outcome = await one(server, Tls.MAY)
    assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "")
    context = authority.context("next.example")
    for refusal in (b"454 4.7.0 not now\r\n", CLOSE):
        async with NextHop({"starttls": refusal}, tls=context) as server:
            outcome = await one(server, Tls.MAY)
        assert (outcome.verdict, outcome.tls) == (Verdict.DELIVERED, "")
        assert server.connections == 2


@pytest.mark.parametrize("fault", ["wrong host", "expired", "untrusted"])
async def test_a_certificate_that_is_not_accepted_defers(
    fault: str, authority: Authority, tmp_path: Path
) -> None:
    issuer = Authority(tmp_path, "Stranger") if fault == "untrusted" else authority
    host = "other.example" if fault == "wrong host" else "next.example"
    context = issuer.context(host, until=NOW - DAY if fault == "expired" else NOW + DAY)
    async with NextHop(tls=context, offered=PLAIN, users=USERS) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=RIGHT)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.5")
    assert "certificate not accepted" in outcome.text
    assert server.logins == []
    assert server.received == []


async def test_the_systems_authorities_do_not_trust_a_test_ca(authority: Authority) -> None:
    async with NextHop(tls=authority.context("next.example")) as server:
        outcome = await one(server, Tls.VERIFY)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.5")


async def test_an_address_is_verified_where_it_is_the_name(authority: Authority) -> None:
    async with NextHop(tls=authority.context("127.0.0.1")) as server:
        outcome = await one(
            server, Tls.VERIFY, ca_file=str(authority.file), server_name="127.0.0.1"
        )
    assert outcome.verdict is Verdict.DELIVERED


async def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for name in ("junk.pem", "missing.pem"):
        async with NextHop(tls=authority.context("next.example")) as server:
            outcome = await one(server, Tls.VERIFY, ca_file=str(tmp_path / name))
        assert outcome.verdict is Verdict.DEFERRED
        assert name in outcome.text


@pytest.mark.parametrize(("offered", "mechanism"), [(PLAIN, "PLAIN"), (LOGIN, "LOGIN")])
async def test_the_mechanism_is_chosen_from_the_offer(
    offered: tuple[str, ...], mechanism: str, authority: Authority
) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=offered, users=USERS) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=RIGHT)
    assert outcome.verdict is Verdict.DELIVERED
    assert server.logins == [(mechanism, RIGHT.username, RIGHT.password)]


@pytest.mark.parametrize("offered", [OFFERED, (*OFFERED, "AUTH CRAM-MD5 NTLM")])
async def test_no_mechanism_that_we_speak(offered: tuple[str, ...], authority: Authority) -> None:
    async with NextHop(tls=authority.context("next.example"), offered=offered) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=RIGHT)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.4")


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.MAY, Tls.ENCRYPT])
async def test_credentials_need_verified_tls(tls: Tls, authority: Authority) -> None:
    async with NextHop(tls=authority.context("next.example"), offered=PLAIN) as server:
        outcome = await one(server, tls, credentials=RIGHT)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.11")
    assert 'need "tls: verify"' in outcome.text
    assert server.connections == 0


async def test_a_server_that_repeats_the_secret(authority: Authority) -> None:
    plain = base64.b64encode(f"\0{RIGHT.username}\0{RIGHT.password}".encode())
    echo = b"535 5.7.8 no: " + plain + b" " + RIGHT.password.encode() + b"\r\n"
    context = authority.context("next.example")
    async with NextHop({"auth": echo}, tls=context, offered=PLAIN) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=RIGHT)
    assert "[hidden]" in outcome.text
    assert RIGHT.password not in repr(outcome)
    assert plain.decode() not in repr(outcome)


class World:
    """A relay to a server with users, and a secret that can be rotated."""

    def __init__(self, server: NextHop, authority: Authority, first: Credentials) -> None:
        self.now = 1000.0
        self.secret: Credentials | None = first
        self.events: list[str] = []
        hop = mail.hop(server.address, Tls.VERIFY, ca_file=str(authority.file), credentials=first)
        self.hops = mail.Hops(hop, renewed=lambda: self.secret)
        self.relay = Relay(
            self.hops,
            timeouts=QUICK,
            clock=lambda: self.now,
            record=lambda event, /, **fields: self.events.append(f"{event} {fields.get('relay')}"),
        )


async def test_a_rotated_secret_is_read_again_once(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=PLAIN, users=USERS) as server:
        world = World(server, authority, WRONG)
        world.secret = RIGHT
        [outcome] = await deliver(world.relay)
        assert outcome.verdict is Verdict.DELIVERED
        assert [password for _, _, password in server.logins] == [WRONG.password, RIGHT.password]
        assert world.relay.suspended() == {}
        await world.relay.close()


async def test_refused_credentials_suspend_the_relay(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=PLAIN, users=USERS) as server:
        world = World(server, authority, WRONG)
        outcomes = [*await deliver(world.relay), *await deliver(world.relay)]
        assert {it.verdict for it in outcomes} == {Verdict.DEFERRED}
        assert outcomes[1].text.startswith("relay out is suspended, its credentials were refused")
        assert len(server.logins) == 1
        assert world.events == ["Suspension out"]
        assert list(world.relay.suspended()) == ["out"]

        world.now += AUTH_PAUSE - 1
        await deliver(world.relay)
        assert len(server.logins) == 1
        world.now += 2
        await deliver(world.relay)
        await deliver(world.relay)
        assert len(server.logins) == 2

        world.relay.resume("out")
        await deliver(world.relay)
        assert len(server.logins) == 3

        world.secret = RIGHT
        world.hops.refused("relay:out", WRONG)  # a reload
        [outcome] = await deliver(world.relay)
        assert outcome.verdict is Verdict.DELIVERED
        assert world.relay.suspended() == {}
        await world.relay.close()


async def test_a_new_secret_that_is_wrong_too_is_tried_once(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=PLAIN, users=USERS) as server:
        world = World(server, authority, WRONG)
        world.secret = Credentials("relay-user", "wrong again")
        await deliver(world.relay)
        await deliver(world.relay)
        assert len(server.logins) == 2
        assert list(world.relay.suspended()) == ["out"]


async def test_many_deliveries_at_once_cost_one_failure(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=PLAIN, users=USERS) as server:
        world = World(server, authority, WRONG)
        results = await asyncio.gather(*(deliver(world.relay) for _number in range(20)))
        assert {it.verdict for [it] in results} == {Verdict.DEFERRED}
        assert len(server.logins) == 1


async def test_a_temporary_failure_of_auth_suspends_nothing(authority: Authority) -> None:
    context = authority.context("next.example")
    script = {"auth": b"454 4.7.0 try later\r\n"}
    async with NextHop(script, tls=context, offered=PLAIN) as server:  # type: ignore[arg-type]
        world = World(server, authority, RIGHT)
        [outcome] = await deliver(world.relay)
        assert outcome.verdict is Verdict.DEFERRED
        assert world.relay.suspended() == {}
        assert world.hops.refusals == 0


async def test_accepted_credentials_that_are_refused_later(authority: Authority) -> None:
    context = authority.context("next.example")
    users = dict(USERS)
    async with NextHop(tls=context, offered=PLAIN, users=users, hang_up_after=1) as server:
        world = World(server, authority, RIGHT)
        [first] = await deliver(world.relay)
        users[RIGHT.username] = "rotated"
        [second] = await deliver(world.relay)
        assert (first.verdict, second.verdict) == (Verdict.DELIVERED, Verdict.DEFERRED)
        world.relay.resume("out")
        world.secret = Credentials(RIGHT.username, "rotated")
        [third] = await deliver(world.relay)
        assert third.verdict is Verdict.DELIVERED
        await world.relay.close()


XOAUTH2 = (*OFFERED, "AUTH PLAIN LOGIN XOAUTH2")
GOOD_TOKEN = Credentials("relay@x.example", "ya29.good-token", token=True)
OLD_TOKEN = Credentials("relay@x.example", "ya29.old-token", token=True)
BEARERS = {GOOD_TOKEN.username: GOOD_TOKEN.password}


async def test_a_token_is_spoken_by_xoauth2(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=XOAUTH2, users=BEARERS) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=GOOD_TOKEN)
    assert outcome.verdict is Verdict.DELIVERED
    assert server.logins == [("XOAUTH2", GOOD_TOKEN.username, GOOD_TOKEN.password)]


async def test_a_token_is_sent_by_no_other_mechanism(authority: Authority) -> None:
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=PLAIN, users=BEARERS) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=GOOD_TOKEN)
    assert (outcome.verdict, outcome.status) == (Verdict.DEFERRED, "4.7.4")
    assert server.logins == []


async def test_an_expired_token_waits_for_the_next_one(authority: Authority) -> None:
    """The challenge is answered, the relay suspended, and released by the renewed token."""
    context = authority.context("next.example")
    async with NextHop(tls=context, offered=XOAUTH2, users=BEARERS) as server:
        world = World(server, authority, OLD_TOKEN)
        world.secret = OLD_TOKEN
        [first] = await deliver(world.relay)
        assert (first.verdict, first.status) == (Verdict.DEFERRED, "4.7.8")
        assert OLD_TOKEN.password not in repr(first)
        assert world.events == ["Suspension out"]
        await deliver(world.relay)
        assert len(server.logins) == 1
        world.secret = GOOD_TOKEN
        world.hops.refused("relay:out", OLD_TOKEN)  # the file was renewed
        [last] = await deliver(world.relay)
        assert last.verdict is Verdict.DELIVERED
        assert world.relay.suspended() == {}
        await world.relay.close()


async def test_a_server_that_repeats_the_token(authority: Authority) -> None:
    bearer = f"user={GOOD_TOKEN.username}\x01auth=Bearer {GOOD_TOKEN.password}\x01\x01".encode()
    echo = b"535 5.7.8 " + base64.b64encode(bearer) + b" " + GOOD_TOKEN.password.encode() + b"\r\n"
    context = authority.context("next.example")
    async with NextHop({"auth": echo}, tls=context, offered=XOAUTH2) as server:
        outcome = await one(server, Tls.VERIFY, ca_file=str(authority.file), credentials=GOOD_TOKEN)
    assert outcome.text.count("[hidden]") == 2
    assert GOOD_TOKEN.password not in repr(outcome)
    assert base64.b64encode(bearer).decode() not in repr(outcome)
