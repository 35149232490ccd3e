"""Notices to senders (RFC 3461, RFC 3464): failed, delayed, relayed, and the Bounce action.

Promises: null sender, and never about mail that has a null sender itself; NOTIFY is honored; a
notice holds what was accepted, byte for byte, or its header; no foreign text can end a field or a
part. Pure: returns messages for the spool, in wire form. The original is in wire form already, so
that its dot-stuffing stands as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gatepost.delivery import command, report
from gatepost.delivery.outcome import Unsendable
from gatepost.delivery.report import Group
from gatepost.delivery.trace import date, header_end
from gatepost.delivery.values import Outcome
from gatepost.spool.interface import Accepted, Message, Recipient, Step

RETURN_LIMIT = 65536  # octets of an original that is returned whole; of a larger one, the header

Reports = Sequence[tuple[int, Outcome]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """notify: the word of NOTIFY that asks for it. default: sent too where NOTIFY was not given."""

    action: str
    notify: str
    default: bool
    subject: str
    opening: str


_FAILED = _Kind(
    "failed",
    "FAILURE",
    True,
    "Undelivered mail returned to sender",
    "Your message could not be delivered to the recipients below. It is not tried again.",
)
_DELAYED = _Kind(
    "delayed",
    "DELAY",
    True,
    "Delayed mail",
    "Your message could not be delivered to the recipients below yet. You need not send it again:"
    " delivery is tried until {until}.",
)
_RELAYED = _Kind(
    "relayed",
    "SUCCESS",
    False,
    "Mail was relayed",
    "Your message was handed on for the recipients below, to a system that sends no notice of"
    " delivery.",
)
_DELIVERED = _Kind(
    "delivered",
    "SUCCESS",
    False,
    "Mail was delivered",
    "Your message was delivered to the mailboxes of the recipients below.",
)


class Notices:
    """Makes notices. hostname: the reporting MTA. route: the destination ("relay:NAME" or
    "mx:DOMAIN") of mail to a sender's address. new_id: a message id for the time given."""

    def __init__(
        self,
        hostname: str,
        route: Callable[[str], str],
        new_id: Callable[[float], str],
        *,
        return_limit: int = RETURN_LIMIT,
    ) -> None:
        self._hostname = hostname
        self._route = route
        self._new_id = new_id
        self._return_limit = return_limit

    def failed(
        self, message: Message, reports: Reports, body: bytes, now: float
    ) -> Accepted | None:
        """reports: (index of the step, its last outcome). None where nobody is to be told."""
        return self._notice(_FAILED, message, reports, body, now)

    def delayed(
        self, message: Message, reports: Reports, body: bytes, now: float, until: float
    ) -> Accepted | None:
        """until: when delivery is given up."""
        return self._notice(_DELAYED, message, reports, body, now, until)

    def relayed(
        self, message: Message, reports: Reports, body: bytes, now: float
    ) -> Accepted | None:
        """About recipients with NOTIFY=SUCCESS, delivered to a next hop that has not taken over the
        request (RFC 3461 section 5.2.2), or to a mailbox (section 6.2)."""
        wanted = [(step, outcome) for step, outcome in reports if not outcome.dsn]
        kept = wanted and message.steps[wanted[0][0]].action == "DeliverToMailbox"
        return self._notice(_DELIVERED if kept else _RELAYED, message, wanted, body, now)

    def bounced(self, message: Message, step: int, body: bytes, now: float) -> Accepted | None:
        """The Bounce action of the API (SES Mail Manager, BounceAction): the rule's own words.
        Without a Sender, which a rule always gives, the notice is the host's own."""
        parameters = message.steps[step].parameters
        status = str(parameters["StatusCode"])
        said = f"{parameters['SmtpReplyCode']} {status} {parameters['DiagnosticMessage']}"
        group = self._group(_FAILED, message, step, status, now)
        group += [("Diagnostic-Code", f"smtp; {said}")]
        if not _wants(message.recipients[message.steps[step].program], _FAILED):
            return None
        opening = str(parameters.get("Message") or _FAILED.opening)
        lines = [f"{message.steps[step].recipient}: {said}"]
        sender = str(parameters.get("Sender") or "")
        return self._accepted(_FAILED, message, opening, lines, [group], body, now, sender)

    def _notice(
        self,
        kind: _Kind,
        message: Message,
        reports: Reports,
        body: bytes,
        now: float,
        until: float = 0.0,
    ) -> Accepted | None:
        groups: list[Group] = []
        lines: list[str] = []
        for index, outcome in reports:
            step = message.steps[index]
            if not _wants(message.recipients[step.program], kind):
                continue
            group = self._group(kind, message, index, outcome.status, now)
            if outcome.peer and not outcome.peer.startswith("/"):  # a socket has no name
                host = outcome.peer.rpartition(":")[0].strip("[]")
                literal = f"IPv6:{host}" if ":" in host else host
                group.append(("Remote-MTA", f"dns; [{literal}]"))
            if outcome.reply is not None:
                group.append(("Diagnostic-Code", f"smtp; {outcome.reply}"))
            elif outcome.text:
                group.append(("Diagnostic-Code", f"X-Gatepost; {outcome.text}"))
            if kind is _DELAYED:
                group.append(("Will-Retry-Until", date(until)))
            groups.append(group)
            lines.append(f"{step.recipient}: {outcome.text}")
        opening = kind.opening.format(until=date(until))
        return self._accepted(kind, message, opening, lines, groups, body, now)

    def _group(self, kind: _Kind, message: Message, index: int, status: str, now: float) -> Group:
        step = message.steps[index]
        group: Group = []
        original = report.original_recipient(message.recipients[step.program].orcpt)
        if original:
            group.append(("Original-Recipient", original))
        group += [
            ("Final-Recipient", report.address(step.recipient)),
            ("Action", kind.action),
            ("Status", status),
            ("Last-Attempt-Date", date(now)),
        ]
        return group

    def _accepted(
        self,
        kind: _Kind,
        message: Message,
        opening: str,
        lines: Iterable[str],
        groups: list[Group],
        body: bytes,
        now: float,
        author: str = "",
    ) -> Accepted | None:
        to = _path(message.mail_from)
        if not groups or not to:
            return None
        author_path = _path(author)
        if not author_path.isascii() or not author_path:
            author_path = f"<MAILER-DAEMON@{self._hostname}>"
        identity = self._new_id(now)
        whole = kind is _FAILED and message.ret != "HDRS" and len(body) <= self._return_limit
        returned = body if whole else _header(body, self._return_limit)
        notice = report.compose(
            fields=[
                ("From", f"Mail Delivery System {author_path}"),
                ("To", to),
                ("Subject", kind.subject),
                ("Date", date(now)),
                ("Message-ID", f"<{identity}@{self._hostname}>"),
                ("Auto-Submitted", "auto-replied"),
            ],
            text=[f"This is the mail system at {self._hostname}.", "", opening, "", *lines],
            about=self._about(message),
            groups=groups,
            original=returned,
            whole=whole,
            smtputf8=message.smtputf8,
            boundary=f"gatepost-{identity}",
        )
        destination = self._route(message.mail_from)
        step = Step(
            program=0,
            action="Send" if destination.startswith("mx:") else "Relay",
            destination=destination,
            recipient=message.mail_from,
            mail_from="",
        )
        accepted = Message(
            id=identity,
            received_at=now,
            mail_from="",
            recipients=(Recipient(message.mail_from),),
            steps=(step,),
            body_size=len(notice),
            eight_bit=not notice.isascii(),
            smtputf8=not message.mail_from.isascii(),
            attributes={"notice": kind.action, "about": message.id},
        )
        return accepted, notice

    def _about(self, message: Message) -> Group:
        group: Group = []
        if message.envid:
            group.append(("Original-Envelope-Id", report.decode_xtext(message.envid)))
        return [
            *group,
            ("Reporting-MTA", f"dns; {self._hostname}"),
            ("Arrival-Date", date(message.received_at)),
        ]


def _wants(recipient: Recipient, kind: _Kind) -> bool:
    return kind.notify in recipient.notify if recipient.notify else kind.default


def _path(address: str) -> str:
    """ "<address>", "" for the null sender and for what cannot be written in SMTP."""
    if not address:
        return ""
    try:
        return command.path(address).decode()
    except Unsendable:
        return ""


def _header(body: bytes, limit: int) -> bytes:
    """The header section without its blank line, whole lines up to the limit."""
    header = body[: header_end(body)]
    return header if len(header) <= limit else header[: header.rfind(b"\r\n", 0, limit) + 2]
