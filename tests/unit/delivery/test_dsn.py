"""Notices, read back with the standard library's parser."""

from __future__ import annotations

import dataclasses
import email
import email.message
import email.policy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.delivery import mail

from gatepost.delivery import report
from gatepost.delivery.dsn import Notices
from gatepost.delivery.outcome import Phase, expired, judge
from gatepost.reply import Reply
from gatepost.spool.interface import Accepted, Message, Recipient, Step

NOW = 1_700_086_400.0
FAILED = judge(Phase.RCPT, Reply(550, "5.1.1", "No such user"), peer="192.0.2.7:25")
LATER = judge(Phase.CONNECT, ConnectionRefusedError(111, "Connection refused"), peer="192.0.2.7:25")
DONE = judge(Phase.END, Reply(250, "2.0.0", "queued"), peer="192.0.2.7:25")
BODY = b"Received: x\r\nSubject: t\r\n\r\n..dot\r\nend\r\n"


def notices(**more: int) -> Notices:
    return Notices("mx1.example.net", lambda sender: f"mx:{sender.split('@')[1]}", new_id, **more)


def new_id(now: float) -> str:
    return f"N{int(now)}"


def unstuff(wire: bytes) -> bytes:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)
    assert b"\r\n.\r\n" not in wire
    assert not wire.startswith(b".\r\n")
    assert wire.endswith(b"\r\n")
    return re.sub(rb"(?m)^\.", b"", wire)


class Read:
    """A notice as its reader sees it."""

    def __init__(self, accepted: Accepted | None) -> None:
        assert accepted is not None
        self.message, self.wire = accepted
        self.octets = unstuff(self.wire)
        self.parsed = email.message_from_bytes(self.octets, policy=email.policy.default)
        assert not self.parsed.defects
        assert self.parsed.get_content_type() == "multipart/report"
        assert self.parsed.get_param("report-type") == "delivery-status"
        self.text, self.status, self.original = self.parsed.get_payload()
        assert self.text.get_content_type() == "text/plain"
        assert self.status.get_content_type() == "message/delivery-status"
        assert not [defect for part in self.parsed.iter_parts() for defect in part.defects]
        self.about, *self.groups = self.status.get_payload()

    def returned(self) -> bytes:
        """The octets of the third part."""
        boundary = self.parsed.get_boundary().encode()
        part = self.octets.split(b"--" + boundary)[3]
        return part[part.index(b"\r\n\r\n") + 4 :].removesuffix(b"\r\n")


def fields(group: email.message.Message) -> list[tuple[str, str]]:
    return [(name, re.sub(r"\r?\n ", " ", str(value))) for name, value in group.items()]


def test_failed() -> None:
    bob = Recipient("bob@x.example", (), "rfc822;b+2Bob@y.example")
    message = mail.message(bob, "carol@x.example", envid="e+2B1")
    made = notices().failed(message, [(0, FAILED), (1, expired(LATER))], BODY, NOW)
    read = Read(made)
    assert [(it, read.parsed[it]) for it in ("From", "To", "Auto-Submitted", "Message-ID")] == [
        ("From", "Mail Delivery System <MAILER-DAEMON@mx1.example.net>"),
        ("To", "alice@example.org"),
        ("Auto-Submitted", "auto-replied"),
        ("Message-ID", "<N1700086400@mx1.example.net>"),
    ]
    assert fields(read.about) == [
        ("Original-Envelope-Id", "e+1"),
        ("Reporting-MTA", "dns; mx1.example.net"),
        ("Arrival-Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
    ]
    assert fields(read.groups[0]) == [
        ("Original-Recipient", "rfc822; b+ob@y.example"),
        ("Final-Recipient", "rfc822; bob@x.example"),
        ("Action", "failed"),
        ("Status", "5.1.1"),
        ("Last-Attempt-Date", "Wed, 15 Nov 2023 22:13:20 +0000"),
        ("Remote-MTA", "dns; [192.0.2.7]"),
        ("Diagnostic-Code", "smtp; 550 5.1.1 No such user"),
    ]
    second = dict(fields(read.groups[1]))
    assert second["Final-Recipient"] == "rfc822; carol@x.example"
    assert (second["Action"], second["Status"]) == ("failed", "4.4.7")
    assert second["Diagnostic-Code"].startswith("X-Gatepost; delivery time expired")
    assert read.original.get_content_type() == "message/rfc822"
    assert read.returned() == unstuff(BODY)
    assert "bob@x.example" in read.text.get_content()
    assert read.message == Message(
        id="N1700086400",
        received_at=NOW,
        mail_from="",
        recipients=(Recipient("alice@example.org"),),
        steps=(Step(0, "Send", "mx:example.org", "alice@example.org", ""),),
        body_size=len(read.wire),
        attributes={"notice": "failed", "about": "M1"},
    )


def test_through_a_relay() -> None:
    made = Notices("mx1.example.net", lambda _sender: "relay:out", new_id).failed(
        mail.message("bob@x.example"), [(0, FAILED)], BODY, NOW
    )
    [step] = Read(made).message.steps
    assert (step.action, step.destination, step.mail_from) == ("Relay", "relay:out", "")


def test_delayed() -> None:
    made = notices().delayed(mail.message("bob@x.example"), [(0, LATER)], BODY, NOW, NOW + 3600)
    read = Read(made)
    group = dict(fields(read.groups[0]))
    assert (group["Action"], group["Status"]) == ("delayed", "4.4.1")
    assert group["Will-Retry-Until"] == "Wed, 15 Nov 2023 23:13:20 +0000"
    assert read.original.get_content_type() == "text/rfc822-headers"
    assert read.returned() == b"Received: x\r\nSubject: t\r\n"


def test_relayed() -> None:
    bob = Recipient("bob@x.example", ("SUCCESS",))
    message = mail.message(bob, "carol@x.example")
    reports = [(0, DONE), (1, DONE)]
    read = Read(notices().relayed(message, reports, BODY, NOW))
    assert [dict(fields(it))["Action"] for it in read.groups] == ["relayed"]
    assert dict(fields(read.groups[0]))["Status"] == "2.0.0"
    taken_over = [(0, dataclasses.replace(DONE, dsn=True))]
    assert notices().relayed(message, taken_over, BODY, NOW) is None


def test_delivered_to_a_mailbox() -> None:
    message = mail.message(Recipient("bob@x.example", ("SUCCESS",)))
    step = dataclasses.replace(message.steps[0], action="DeliverToMailbox")
    message = dataclasses.replace(message, steps=(step,))
    read = Read(notices().relayed(message, [(0, DONE)], BODY, NOW))
    assert [dict(fields(it))["Action"] for it in read.groups] == ["delivered"]
    assert "delivered to the mailboxes" in read.text.get_content()


@pytest.mark.parametrize(
    ("notify", "wanted"),
    [
        ((), "failed delayed"),
        (("NEVER",), ""),
        (("FAILURE",), "failed"),
        (("DELAY",), "delayed"),
        (("SUCCESS",), "relayed"),
        (("SUCCESS", "FAILURE", "DELAY"), "failed delayed relayed"),
    ],
)
def test_notify(notify: tuple[str, ...], wanted: str) -> None:
    message = mail.message(Recipient("bob@x.example", notify))
    made = {
        "failed": notices().failed(message, [(0, FAILED)], BODY, NOW),
        "delayed": notices().delayed(message, [(0, LATER)], BODY, NOW, NOW),
        "relayed": notices().relayed(message, [(0, DONE)], BODY, NOW),
    }
    assert " ".join(kind for kind, notice in made.items() if notice) == wanted


def test_only_those_who_are_to_be_told_of_are_named() -> None:
    never = Recipient("hidden@x.example", ("NEVER",))
    message = mail.message(never, "bob@x.example")
    read = Read(notices().failed(message, [(0, FAILED), (1, FAILED)], BODY, NOW))
    assert len(read.groups) == 1
    assert b"hidden" not in read.wire


def test_never_about_a_null_sender_and_never_about_a_notice() -> None:
    message = mail.message("bob@x.example", mail_from="")
    assert notices().failed(message, [(0, FAILED)], BODY, NOW) is None
    assert notices().delayed(message, [(0, LATER)], BODY, NOW, NOW) is None
    first = Read(notices().failed(mail.message("bob@x.example"), [(0, FAILED)], BODY, NOW))
    assert notices().failed(first.message, [(0, FAILED)], first.wire, NOW) is None


@pytest.mark.parametrize(
    ("ret", "limit", "kind"),
    [
        ("", 1000, "message/rfc822"),
        ("", 10, "text/rfc822-headers"),
        ("FULL", 1000, "message/rfc822"),
        ("FULL", 10, "text/rfc822-headers"),
        ("HDRS", 1000, "text/rfc822-headers"),
    ],
)
def test_what_is_returned(ret: str, limit: int, kind: str) -> None:
    message = mail.message("bob@x.example", ret=ret)
    read = Read(notices(return_limit=limit).failed(message, [(0, FAILED)], BODY, NOW))
    assert read.original.get_content_type() == kind


BOUNCE = {
    "RoleArn": "arn:aws:iam::123456789012:role/bounce",
    "Sender": "postmaster@example.com",
    "StatusCode": "5.7.1",
    "SmtpReplyCode": "550",
    "DiagnosticMessage": "Not wanted here",
    "Message": "We do not take such mail.",
}


def bounce(**more: str) -> Message:
    step = Step(0, "Bounce", "bounce:", "bob@x.example", "a@y.example", parameters=BOUNCE | more)
    return mail.message(Recipient("bob@x.example"), steps=[step])


def test_the_bounce_action() -> None:
    read = Read(notices().bounced(bounce(), 0, BODY, NOW))
    assert read.parsed["From"] == "Mail Delivery System <postmaster@example.com>"
    group = dict(fields(read.groups[0]))
    assert (group["Action"], group["Status"]) == ("failed", "5.7.1")
    assert group["Diagnostic-Code"] == "smtp; 550 5.7.1 Not wanted here"
    assert "We do not take such mail." in read.text.get_content()
    assert read.message.mail_from == ""
    assert read.returned() == unstuff(BODY)


def test_a_refusal_of_our_own_needs_no_sender() -> None:
    """What plan.within puts in the place of an effect for an unverified domain."""
    parameters = {"SmtpReplyCode": "550", "StatusCode": "5.7.1", "DiagnosticMessage": "Not here"}
    step = Step(0, "Bounce", "bounce:", "bob@x.example", "a@y.example", parameters=parameters)
    made = mail.message(Recipient("bob@x.example"), steps=[step])
    read = Read(notices().bounced(made, 0, BODY, NOW))
    assert read.parsed["From"] == "Mail Delivery System <MAILER-DAEMON@mx1.example.net>"


def test_the_bounce_action_honors_notify_and_the_null_sender() -> None:
    never = (Recipient("bob@x.example", ("NEVER",)),)
    assert notices().bounced(dataclasses.replace(bounce(), recipients=never), 0, BODY, NOW) is None
    assert notices().bounced(dataclasses.replace(bounce(), mail_from=""), 0, BODY, NOW) is None


def test_eight_bit_and_utf8() -> None:
    body = "Subject: Grüße\r\n\r\nü\r\n".encode()
    message = mail.message("ü@x.example", mail_from="ä@y.example", smtputf8=True)
    read = Read(notices().failed(message, [(0, FAILED)], body, NOW))
    assert (read.message.eight_bit, read.message.smtputf8) == (True, True)
    assert dict(fields(read.groups[0]))["Final-Recipient"] == r"utf-8; \x{FC}@x.example"
    assert b"Content-Type: message/global\r\n" in read.octets
    assert read.octets.count(b"Content-Transfer-Encoding: 8bit\r\n") == 2
    assert body in read.octets
    assert "ü@x.example" in read.text.get_content()


@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n", b"\r\nno header\r\n", b"no header\r\n", b"A: b\r\n\r\n", b"....\r\n\r\n..\r\n"],
)
def test_odd_originals(body: bytes) -> None:
    read = Read(notices().failed(mail.message("bob@x.example"), [(0, FAILED)], body, NOW))
    assert read.returned() == re.sub(rb"(?m)^\.", b"", body)


def test_a_boundary_in_the_original() -> None:
    body = b"Subject: t\r\n\r\n--gatepost-N1700086400\r\n--gatepost-N1700086400-x\r\n"
    read = Read(notices().failed(mail.message("bob@x.example"), [(0, FAILED)], body, NOW))
    assert body in read.octets


HOSTILE = st.text() | st.sampled_from(["\r\n\r\n--gatepost-N1700086400--\r\n", "\r\nBcc: x", "."])


@settings(deadline=None)
@given(text=HOSTILE, envid=HOSTILE, orcpt=HOSTILE, recipient=HOSTILE)
def test_nothing_foreign_makes_a_field_or_a_part(
    text: str, envid: str, orcpt: str, recipient: str
) -> None:
    outcome = dataclasses.replace(FAILED, text=text, reply=Reply(550, "", text))
    message = mail.message(Recipient(recipient, (), f"rfc822;{orcpt}"), envid=envid)
    read = Read(notices().failed(message, [(0, outcome)], BODY, NOW))
    assert len(read.groups) == 1
    assert set(read.groups[0].keys()) <= {
        "Original-Recipient",
        "Final-Recipient",
        "Action",
        "Status",
        "Last-Attempt-Date",
        "Remote-MTA",
        "Diagnostic-Code",
    }
    assert "Bcc" not in read.parsed
    assert read.returned() == unstuff(BODY)


@pytest.mark.parametrize(
    ("orcpt", "wanted"),
    [
        ("", ""),
        ("nothing", ""),
        ("rfc822;a+2Bb@c.d", "rfc822; a+b@c.d"),
        (r"utf-8;\x{FC}@c.d", r"utf-8; \x{FC}@c.d"),
        ("bad kind;x", ""),
    ],
)
def test_original_recipient(orcpt: str, wanted: str) -> None:
    assert report.original_recipient(orcpt) == wanted
