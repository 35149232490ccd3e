"""Runs leased steps of one message: one outcome a step.

Promises:
1. `run` raises only ConfigurationFailure (and cancellation); whatever else goes wrong is an
   outcome.
2. The steps of a batch go in one transaction; a refused one harms no other; too many for one
   transaction go in the next at once.
3. A kept connection that the peer has closed meanwhile is replaced at once, where nothing of the
   message can have been accepted. The hosts of a domain are tried in order until one is reached.
4. Refused credentials are read again once; if they have not changed, or are refused too, the relay
   is suspended: its mail is deferred without another login until the credentials change, an
   operator resumes it, or `AUTH_PAUSE` has passed. Never a bounce, never a lockout loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gatepost.delivery.connect import Refusal
from gatepost.delivery.mta_sts import MtaSts
from gatepost.delivery.outcome import Phase, Unmet, Unsendable, judge, refuses_credentials
from gatepost.delivery.pool import Pool
from gatepost.delivery.resolve import Hops, MxResolver
from gatepost.delivery.session import Session, Timeouts
from gatepost.delivery.values import (
    ConfigurationFailure,
    Credentials,
    NextHop,
    Outcome,
    Outgoing,
)
from gatepost.events import Record, nowhere
from gatepost.spool.interface import Lease, Message, Recipient, Step

AUTH_PAUSE = 900.0  # seconds until refused credentials are tried once more


@dataclass(frozen=True, slots=True)
class _Suspension:
    credentials: Credentials
    outcome: Outcome
    until: float


class _Held(Exception):
    """The relay was suspended while this delivery waited to log in."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__()


class Relay:
    """The runner of the actions that end in SMTP. clock: seconds since the epoch."""

    def __init__(
        self,
        hops: Hops,
        *,
        mx: MxResolver | None = None,
        sts: MtaSts | None = None,
        pool: Pool | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008
        record: Record = nowhere,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hops = hops
        self.mx = mx
        self.sts = sts
        self._pool = pool or Pool(timeouts)
        self._record = record
        self._clock = clock
        self._suspended: dict[str, _Suspension] = {}
        self._proved: set[NextHop] = set()
        self._logins: dict[str, asyncio.Lock] = {}

    async def run(self, batch: Sequence[Lease], body: bytes) -> list[Outcome]:
        """batch: steps that one transaction can carry (of one message, destination, sender and
        added headers, no recipient twice). Returns their outcomes in order. Raises
        ConfigurationFailure, for which nothing of the batch was sent."""
        destination = _step(batch[0]).destination
        try:
            hop = self._hops.hop(destination)
        except Unmet as error:
            return [judge(Phase.RESOLVE, error)] * len(batch)
        try:
            outgoing = _outgoing(batch, body)
            if destination.startswith("mx:"):
                return await self._by_mx(destination, hop, outgoing)
            held = self._held(hop)
            if held is not None:
                return [held] * len(batch)
            return await self._through(destination, hop, outgoing)
        except (Refusal, _Held) as error:
            return [error.outcome] * len(batch)
        except Exception as error:
            # Without its text, which may quote what was sent or a credential.
            self._record(
                "Fault", where="delivery", destination=destination, reason=type(error).__name__
            )
            return [judge(Phase.CONNECT, error)] * len(batch)

    def suspended(self) -> Mapping[str, str]:
        """Relays whose credentials were refused, with the reason."""
        return {name: held.outcome.text for name, held in self._suspended.items()}

    def resume(self, name: str) -> None:
        """An operator's word that the credentials may be tried again."""
        self._suspended.pop(name, None)

    def refresh(self) -> None:
        """On a reload: connections and TLS contexts are made anew."""
        self._pool.refresh()

    async def close(self) -> None:
        self._pool.close()
        await asyncio.sleep(0)  # transports say goodbye in the loop's next turn

    async def _by_mx(self, destination: str, hop: NextHop, outgoing: Outgoing) -> list[Outcome]:
        """Raises Refusal when no host could be reached: the first one's."""
        try:
            exchangers = await self._exchangers(hop)
        except (Unmet, Unsendable) as error:
            return [judge(Phase.RESOLVE, error)] * len(outgoing.recipients)
        refusal: Refusal | None = None
        for exchanger in exchangers:
            try:
                return await self._through(destination, exchanger, outgoing)
            except Refusal as error:
                refusal = refusal or error
        assert refusal is not None  # noqa: S101  # a domain has at least one host
        try:
            raise refusal
        finally:
            refusal = None  # its traceback holds this frame

    async def _exchangers(self, hop: NextHop) -> list[NextHop]:
        if self.mx is None:
            raise Unmet("4.4.4", "delivery by MX is not configured")
        exchangers = await self.mx.expand(hop)
        return exchangers if self.sts is None else await self.sts.apply(hop.name, exchangers)

    async def _through(self, destination: str, hop: NextHop, outgoing: Outgoing) -> list[Outcome]:
        """One transaction, and another at once for recipients that are too many for one. Raises
        Refusal or _Held when no session could be had."""
        session = self._pool.kept(hop)
        if session is None:
            session, hop = await self._session(destination, hop, fresh=False)
        reused = session.transactions > 0
        try:
            sent = await session.send(outgoing)
        finally:
            self._pool.release(session)
        if reused and sent.hung_up:  # it was stale
            session, hop = await self._session(destination, hop, fresh=True)
            try:
                sent = await session.send(outgoing)
            finally:
                self._pool.release(session)
        outcomes = sent.outcomes
        if sent.overflow:
            # They keep the refusal that they have where no session can be had for them.
            with contextlib.suppress(Refusal, _Held):
                rest = await self._through(destination, hop, _only(outgoing, sent.overflow))
                for index, outcome in zip(sent.overflow, rest, strict=True):
                    outcomes[index] = outcome
        return outcomes

    async def _session(
        self, destination: str, hop: NextHop, *, fresh: bool
    ) -> tuple[Session, NextHop]:
        """Raises Refusal, _Held. Credentials that were not accepted yet are tried by one login at a
        time, so that a wrong password costs the account one failure and not twenty."""
        if hop.credentials is None or hop in self._proved:
            try:
                return await self._pool.acquire(hop, fresh=fresh), hop
            except Refusal as refusal:
                if not refuses_credentials(refusal.phase, refusal.cause):
                    raise
                self._proved.discard(hop)
                hop = self._renewed(destination, hop, refusal)
        async with self._logins.setdefault(hop.name, asyncio.Lock()):
            held = self._held(hop)
            if held is not None:
                raise _Held(held)
            try:
                return await self._login(hop, fresh=fresh), hop
            except Refusal as refusal:
                if not refuses_credentials(refusal.phase, refusal.cause):
                    raise
                hop = self._renewed(destination, hop, refusal)
            try:
                return await self._login(hop, fresh=fresh), hop
            except Refusal as refusal:
                if refuses_credentials(refusal.phase, refusal.cause):
                    self._suspend(hop, refusal.outcome)
                raise

    async def _login(self, hop: NextHop, *, fresh: bool) -> Session:
        session = await self._pool.acquire(hop, fresh=fresh)
        # The hop of a token before is not met again.
        self._proved = {it for it in self._proved if it.name != hop.name} | {hop}
        self._suspended.pop(hop.name, None)
        return session

    def _renewed(self, destination: str, hop: NextHop, refusal: Refusal) -> NextHop:
        """The hop with the credentials that are there now. Raises the refusal, the relay suspended,
        when they are those that were refused."""
        assert hop.credentials is not None  # noqa: S101
        try:
            newer = self._hops.refused(destination, hop.credentials)
        except (ConfigurationFailure, Unmet):
            newer = hop
        if newer.credentials in (None, hop.credentials):
            self._suspend(hop, refusal.outcome)
            raise refusal
        return newer

    def _suspend(self, hop: NextHop, outcome: Outcome) -> None:
        assert hop.credentials is not None  # noqa: S101
        until = self._clock() + AUTH_PAUSE
        self._suspended[hop.name] = _Suspension(hop.credentials, outcome, until)
        self._record("Suspension", relay=hop.name, reason=outcome.text)

    def _held(self, hop: NextHop) -> Outcome | None:
        """The outcome of mail for a relay that is suspended, None where it is not."""
        held = self._suspended.get(hop.name)
        if held is None or held.credentials != hop.credentials or self._clock() >= held.until:
            return None
        text = f"relay {hop.name} is suspended, its credentials were refused: {held.outcome.text}"
        return dataclasses.replace(held.outcome, text=text)


def _outgoing(batch: Sequence[Lease], body: bytes) -> Outgoing:
    message = batch[0].entry.message
    step = _step(batch[0])
    return Outgoing(
        mail_from=step.mail_from,
        recipients=tuple([_recipient(message, _step(lease)) for lease in batch]),
        body=body,
        headers=step.headers,
        eight_bit=message.eight_bit,
        smtputf8=message.smtputf8,
        ret=message.ret,
        envid=message.envid,
    )


def _recipient(message: Message, step: Step) -> Recipient:
    """With the DSN requests of the one whose program it is."""
    named = message.recipients[step.program]
    if named.address == step.recipient:
        return named
    return dataclasses.replace(named, address=step.recipient)


def _only(outgoing: Outgoing, indexes: Sequence[int]) -> Outgoing:
    recipients = tuple(outgoing.recipients[index] for index in indexes)
    return dataclasses.replace(outgoing, recipients=recipients)


def _step(lease: Lease) -> Step:
    return lease.entry.message.steps[lease.entry.step]
