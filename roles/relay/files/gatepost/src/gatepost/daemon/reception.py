"""Reception: what becomes of a session's mail, from RCPT to the 250.

Admission at RCPT, one plan a recipient after DATA, the spool, and only then a positive reply.
Everything that the documents decide is decided here and stored; nothing here touches a next hop.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from gatepost.config.secrets import read_password
from gatepost.config.values import Config, IngressPoint
from gatepost.daemon.flow import Flow
from gatepost.daemon.program import steps
from gatepost.daemon.returns import EXPIRED, Returns
from gatepost.delivery import trace
from gatepost.delivery.srs import SrsError
from gatepost.events import Record
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import admit
from gatepost.policy.conditions import NO_VERDICTS
from gatepost.policy.message import Message as Facts
from gatepost.policy.plan import plans, within
from gatepost.policy.values import Admission, Empty, Plan, Session, Verdicts
from gatepost.reply import Reply
from gatepost.smtp.receiver import Transaction
from gatepost.spool.interface import Message, Recipient, Spool
from gatepost.verdicts.inquiry import Inquiry
from gatepost.verdicts.stage import Stage
from gatepost.verdicts.values import Mail

_LOOP: Final = Reply(554, "5.4.6", "Too many hops: the message is in a loop")
_TOO_BIG: Final = Reply(552, "5.3.4", "The message exceeds this policy's maximum size")
_UNVERIFIED: Final = Reply(550, "5.7.1", "Mail for this domain is not accepted here")
_DENIED: Final = Reply(550, "5.7.1", "Denied by policy")
_NO_TLS: Final = Reply(530, "5.7.0", "STARTTLS first")
_UNDECIDED: Final = Reply(451, "4.7.0", "The policy cannot be decided now; try again later")
_REPLIES: Final = {"verified_domains": _UNVERIFIED, "size": _TOO_BIG, "tls_policy": _NO_TLS}


class Reception:
    """The Receiver of one ingress point, under one reading of the file."""

    def __init__(
        self,
        config: Config,
        point: IngressPoint,
        spool: Spool,
        new_id: Callable[[float], str],
        record: Record,
        stage: Stage,
        flow: Flow,
        address_lists: Mapping[str, AddressList] = Empty,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """address_lists: as the documents spell them. Raises ConfigError when a secret cannot be
        read."""
        self._config = config
        self._point = point
        self._policy = config.traffic_policies[point.traffic_policy]
        self._rules = config.rule_sets[point.rule_set]
        self._domains = config.verified_domains if point.type == "OPEN" else None
        self._spool = spool
        self._new_id = new_id
        self._record = record
        self._stage = stage
        self._flow = flow
        self._address_lists = address_lists
        self._clock = clock
        self._returns = Returns(config, record)
        self._password = (
            None
            if point.secret_file is None
            else read_password(config.file, f"{point.path}.auth.secret_file", point.secret_file)
        )

    def connected(self, session: Session) -> Reply | None:  # noqa: ARG002
        return None

    async def authenticate(
        self,
        session: Session,  # noqa: ARG002
        username: str,
        password: bytes,
    ) -> bool:
        if self._password is None:
            return False
        # Both are always compared, so that the time tells neither.
        known = hmac.compare_digest(username.encode(), self._point.username.encode())
        right = hmac.compare_digest(password, self._password)
        return known and right

    def sender(
        self,
        session: Session,  # noqa: ARG002
        transaction: Transaction,  # noqa: ARG002
    ) -> Reply | None:
        return None

    def recipient(
        self, session: Session, transaction: Transaction, recipient: Recipient
    ) -> Reply | Awaitable[Reply | None] | None:
        returned = self._returns.is_return(recipient.address)
        if returned:
            refusal = self._returns.refusal(recipient.address, self._clock())
            if refusal is not None:
                return self._deny(session, transaction.mail_from, recipient.address, "srs", refusal)
        # Most decisions hang on no verdict; an inquiry begins where one does.
        admission = self._admission(session, recipient.address, NO_VERDICTS, returned=returned)
        if admission.admitted is None:
            mail = Mail(session, transaction.mail_from, (recipient.address,), self._point.name)
            inquiry = self._stage.inquire(
                mail, ingress=self._point.name, recipient=recipient.address
            )
            if inquiry.unasked(admission.undecided):
                return self._asked(inquiry, mail, admission, returned=returned)
        return self._answer(
            session, transaction.mail_from, recipient.address, admission, returned=returned
        )

    def _admission(
        self, session: Session, recipient: str, verdicts: Verdicts, *, returned: bool
    ) -> Admission:
        return admit(
            self._policy,
            session,
            recipient,
            tls_policy=self._point.tls_policy,
            # Where rules replace recipients the law holds for the replacements, at DATA.
            verified_domains=None if returned or self._rules.replaces else self._domains,
            verdicts=verdicts,
            address_lists=self._address_lists,
        )

    async def _asked(
        self, inquiry: Inquiry, mail: Mail, admission: Admission, *, returned: bool
    ) -> Reply | None:
        """With the analyses that the traffic policy lacked."""
        recipient = mail.recipients[0]
        while needs := inquiry.unasked(admission.undecided):
            await inquiry.find(needs)
            admission = self._admission(
                mail.session, recipient, inquiry.verdicts, returned=returned
            )
        return self._answer(mail.session, mail.mail_from, recipient, admission, returned=returned)

    def _answer(
        self,
        session: Session,
        mail_from: str,
        recipient: str,
        admission: Admission,
        *,
        returned: bool,
    ) -> Reply | None:
        if admission.admitted or (returned and admission.by == "default"):
            return None
        reply = _REPLIES.get(admission.by, _DENIED) if admission.admitted is False else _UNDECIDED
        return self._deny(session, mail_from, recipient, admission.by, reply)

    async def data(self, session: Session, transaction: Transaction, body: bytes) -> Reply:
        now, started = self._clock(), time.perf_counter()
        facts = Facts(body, transaction.mail_from)
        refusal = self._refusal_of_content(facts)
        if refusal is not None:
            return self._deny(session, transaction.mail_from, None, *refusal)
        addresses = [each.address for each in transaction.recipients]
        returns: dict[str, Plan] = {}
        for address in filter(self._returns.is_return, addresses):
            try:
                returns[address] = self._returns.plan(address, transaction.mail_from, now)
            except SrsError:  # good at RCPT, and over since
                return self._deny(session, transaction.mail_from, address, "srs", EXPIRED)
        message_id = self._new_id(now)
        others = [each for each in addresses if each not in returns] if returns else addresses
        judged = self._plans(session, facts, others, NO_VERDICTS)
        if any(each.undecided for each in judged):
            mail = Mail(session, transaction.mail_from, tuple(addresses), self._point.name)
            judged = await self._decided(mail, facts, others, judged, message_id)
            missing = sorted(_undecided(judged))
            if missing:
                self._record("Fault", where="policy", reason=f"undecided: {', '.join(missing)}")
                return _UNDECIDED
        if self._domains is not None:
            judged, kept = within(judged, self._domains)
            if not kept and not returns:
                return self._deny(
                    session, transaction.mail_from, None, "verified_domains", _UNVERIFIED
                )
        rest = iter(judged)
        programs = [returns.get(address) or next(rest) for address in addresses]
        program = steps(
            programs,
            self._config.send_relay,
            functools.partial(self._returns.sender, message_id=message_id, now=now),
        )
        stored = self._received(session, transaction, message_id, now) + body
        message = Message(
            id=message_id,
            received_at=now,
            mail_from=transaction.mail_from,
            recipients=tuple(transaction.recipients),
            steps=program,
            body_size=len(stored),
            eight_bit=transaction.eight_bit,
            smtputf8=transaction.smtputf8,
            ret=transaction.ret,
            envid=transaction.envid,
            attributes=self._attributes(session),
        )
        await self._spool.accept(message, stored)
        pause = self._flow.stored(message_id) if program else 0.0
        self._report(message, programs, time.perf_counter() - started)
        if pause:
            await self._flow.rest(pause)
        return Reply(250, "2.0.0", f"Accepted as {message_id}")

    def _plans(
        self, session: Session, facts: Facts, recipients: Sequence[str], verdicts: Verdicts
    ) -> Sequence[Plan]:
        return plans(self._rules, session, facts, recipients, verdicts, self._address_lists)

    async def _decided(
        self,
        mail: Mail,
        facts: Facts,
        recipients: Sequence[str],
        found: Sequence[Plan],
        message_id: str,
    ) -> Sequence[Plan]:
        """Made anew with what they lacked, until nothing is left that can be found out."""
        inquiry = self._stage.inquire(mail, facts, ingress=self._point.name, id=message_id)
        with contextlib.closing(inquiry):
            while needs := inquiry.unasked(_undecided(found)):
                await inquiry.find(needs)
                found = self._plans(mail.session, facts, recipients, inquiry.verdicts)
        return found

    def _refusal_of_content(self, facts: Facts) -> tuple[str, Reply] | None:
        admits = self._policy.admit_size
        # With its dots stuffed it is no smaller, and seldom too large even so.
        if not (admits(len(facts.body)).admitted or admits(facts.size).admitted):
            return "size", _TOO_BIG
        if facts.count("received") >= self._config.limits.hops:
            return "loop", _LOOP
        return None

    def _received(
        self, session: Session, transaction: Transaction, message_id: str, now: float
    ) -> bytes:
        alone = len(transaction.recipients) == 1
        return trace.received(
            helo=session.helo,
            source_ip=session.source_ip,
            by=self._config.hostname,
            protocol=trace.protocol(
                esmtp=transaction.extended,
                tls=session.tls_version is not None,
                auth=session.authenticated is not None,
                smtputf8=transaction.smtputf8,
            ),
            id=message_id,
            when=now,
            recipient=transaction.recipients[0].address if alone else "",
            tls=session.tls_version or "",
        )

    def _attributes(self, session: Session) -> dict[str, str]:
        found = {"ingress": self._point.name, "source_ip": session.source_ip}
        if session.helo:
            found["helo"] = session.helo
        if session.tls_version:
            found["tls"] = session.tls_version
        if session.authenticated:
            found["authenticated"] = session.authenticated
        return found

    def _deny(
        self, session: Session, mail_from: str, recipient: str | None, by: str, reply: Reply
    ) -> Reply:
        self._record(
            "Denial",
            ingress=self._point.name,
            source_ip=session.source_ip,
            helo=session.helo,
            mail_from=mail_from,
            recipient=recipient,
            by=by,
            reply=str(reply),
        )
        return reply

    def _report(self, message: Message, plans: Sequence[Plan], seconds: float) -> None:
        self._record(
            "Reception",
            id=message.id,
            mail_from=message.mail_from,
            recipients=len(message.recipients),
            to=", ".join([each.address for each in message.recipients]),
            size=message.body_size,
            steps=len(message.steps),
            save_seconds=round(seconds, 6),
            **message.attributes,
        )
        for each in plans:
            for seen in each.trace:
                if seen.matched:
                    self._record(
                        "Match",
                        id=message.id,
                        recipient=seen.recipient,
                        rule_set=self._point.rule_set,
                        rule=seen.rule,
                        rule_index=seen.index,
                        by=seen.by,
                    )
            if each.final == "drop":
                self._record("Drop", id=message.id, recipient=each.recipient, rule=_last(each))
            elif each.final == "none":
                self._record(
                    "Unrouted",
                    id=message.id,
                    recipient=each.recipient,
                    rule_set=self._point.rule_set,
                )


def _undecided(found: Sequence[Plan]) -> set[str]:
    return {name for each in found for name in each.undecided}


def _last(each: Plan) -> str | None:
    """The rule that ended a dropped recipient's program: the last that matched."""
    matched = [seen.rule for seen in each.trace if seen.matched]
    return matched[-1] if matched else None
