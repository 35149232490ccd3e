"""Replies and errors to outcomes, as data."""

from __future__ import annotations

import socket
import ssl

import pytest

from gatepost.delivery.outcome import (
    Disconnected,
    Malformed,
    Phase,
    Unmet,
    Unsendable,
    expired,
    judge,
    refuses_credentials,
    too_many_recipients,
)
from gatepost.delivery.values import Verdict
from gatepost.reply import Reply

# phase, code, enhanced -> verdict/scope, status
REPLIES = """
GREETING  554 5.7.1   deferred/session   4.7.1
GREETING  220 -       deferred/session   4.0.0
EHLO      550 -       deferred/session   4.0.0
STARTTLS  454 4.7.0   deferred/site      4.7.0
STARTTLS  501 5.5.4   deferred/site      4.5.4
AUTH      535 5.7.8   deferred/session   4.7.8
AUTH      454 4.7.0   deferred/session   4.7.0
AUTH      432 4.7.12  deferred/session   4.7.12
RSET      500 -       deferred/session   4.0.0
MAIL      421 4.3.2   deferred/session   4.3.2
MAIL      432 4.3.2   deferred/message   4.3.2
MAIL      450 -       deferred/message   4.0.0
MAIL      452 4.3.1   deferred/message   4.3.1
MAIL      500 5.5.1   deferred/session   4.5.1
MAIL      501 5.1.7   failed/message     5.1.7
MAIL      503 5.5.1   deferred/session   4.5.1
MAIL      530 5.7.0   deferred/session   4.7.0
MAIL      535 5.7.8   deferred/session   4.7.8
MAIL      550 5.7.1   failed/message     5.7.1
MAIL      552 5.3.4   failed/message     5.3.4
MAIL      553 -       failed/message     5.0.0
MAIL      354 -       deferred/message   4.0.0
RCPT      421 -       deferred/session   4.0.0
RCPT      450 4.2.1   deferred/recipient 4.2.1
RCPT      452 4.5.3   deferred/recipient 4.5.3
RCPT      550 5.1.1   failed/recipient   5.1.1
RCPT      550 5.4.1   failed/recipient   5.4.1
RCPT      551 -       failed/recipient   5.0.0
RCPT      552 -       deferred/recipient 4.0.0
RCPT      552 5.5.3   deferred/recipient 4.5.3
RCPT      552 5.2.2   failed/recipient   5.2.2
RCPT      552 5.3.4   failed/recipient   5.3.4
RCPT      553 5.1.3   failed/recipient   5.1.3
RCPT      554 5.7.1   failed/recipient   5.7.1
RCPT      530 5.7.0   deferred/session   4.7.0
RCPT      354 -       deferred/recipient 4.0.0
DATA      451 4.3.0   deferred/message   4.3.0
DATA      503 5.5.1   deferred/session   4.5.1
DATA      554 5.5.1   failed/message     5.5.1
DATA      250 -       deferred/message   4.0.0
END       250 2.0.0   delivered/message  2.0.0
END       250 -       delivered/message  2.0.0
END       299 -       delivered/message  2.0.0
END       354 -       deferred/message   4.0.0
END       421 4.3.0   deferred/session   4.3.0
END       450 4.2.1   deferred/message   4.2.1
END       452 4.3.1   deferred/message   4.3.1
END       550 5.7.1   failed/message     5.7.1
END       552 5.3.4   failed/message     5.3.4
END       554 5.6.0   failed/message     5.6.0
END       500 5.5.1   deferred/session   4.5.1
"""


@pytest.mark.parametrize("row", REPLIES.strip().splitlines())
def test_reply(row: str) -> None:
    phase, code, enhanced, wanted, status = row.split()
    reply = Reply(int(code), enhanced.strip("-"), "text\nmore")
    outcome = judge(Phase[phase], reply, peer="192.0.2.1:25", tls="TLSv1.3", dsn=True)
    assert f"{outcome.verdict.value}/{outcome.scope.value}" == wanted
    assert outcome.status == status
    assert outcome.reply is reply
    assert (outcome.peer, outcome.tls) == ("192.0.2.1:25", "TLSv1.3")
    assert outcome.dsn is (outcome.verdict is Verdict.DELIVERED)
    assert "\n" not in outcome.text


ERRORS = [
    (Phase.RESOLVE, socket.gaierror(-2, "Name or service not known"), "site", "4.4.3"),
    (Phase.RESOLVE, Unmet("4.4.3", "DNS"), "site", "4.4.3"),
    (Phase.CONNECT, ConnectionRefusedError(111, "Connection refused"), "site", "4.4.1"),
    (Phase.CONNECT, TimeoutError(), "site", "4.4.1"),
    (Phase.GREETING, TimeoutError(), "session", "4.4.2"),
    (Phase.TLS, ssl.SSLCertVerificationError(1, "expired"), "site", "4.7.5"),
    (Phase.TLS, ssl.SSLError(1, "handshake"), "site", "4.7.5"),
    (Phase.AUTH, Unmet("4.7.11", "no TLS"), "session", "4.7.11"),
    (Phase.RCPT, TimeoutError(), "session", "4.4.2"),
    (Phase.RCPT, Disconnected(), "session", "4.4.2"),
    (Phase.END, ConnectionResetError(104, "reset"), "session", "4.4.2"),
    (Phase.END, Malformed("garbage"), "session", "4.5.0"),
    (Phase.MAIL, RuntimeError("a defect"), "session", "4.3.0"),
]


@pytest.mark.parametrize(("phase", "error", "scope", "status"), ERRORS)
def test_every_error_defers(phase: Phase, error: Exception, scope: str, status: str) -> None:
    outcome = judge(phase, error)
    assert outcome.verdict is Verdict.DEFERRED
    assert (outcome.scope.value, outcome.status) == (scope, status)
    assert "a defect" not in outcome.text


@pytest.mark.parametrize("phase", list(Phase))
def test_no_reply_of_a_session_or_site_ever_fails_a_recipient(phase: Phase) -> None:
    for code in range(200, 600):
        verdict = judge(phase, Reply(code, "", "")).verdict
        if phase not in (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.END) or code < 500:
            assert verdict is not Verdict.FAILED
        assert (verdict is Verdict.DELIVERED) == (phase is Phase.END and code < 300)


def test_what_is_hopeless_fails() -> None:
    outcome = judge(Phase.RCPT, Unsendable("5.6.7", "no SMTPUTF8"))
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "5.6.7")


def test_expiry_fails_with_the_last_word() -> None:
    last = judge(Phase.RCPT, Reply(450, "4.2.1", "busy"))
    outcome = expired(last)
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, "4.4.7")
    assert "busy" in outcome.text
    assert outcome.reply == last.reply


@pytest.mark.parametrize(
    ("code", "enhanced", "wanted"),
    [
        (452, "", True),
        (452, "4.5.3", True),
        (452, "4.2.2", False),
        (552, "", True),
        (552, "5.5.3", True),
        (552, "5.2.2", False),
        (450, "4.5.3", False),
    ],
)
def test_too_many_recipients(code: int, enhanced: str, wanted: bool) -> None:
    assert too_many_recipients(Reply(code, enhanced, "")) is wanted


def test_only_a_5xx_to_auth_refuses_credentials() -> None:
    assert refuses_credentials(Phase.AUTH, Reply(535, "", ""))
    assert not refuses_credentials(Phase.AUTH, Reply(454, "", ""))
    assert not refuses_credentials(Phase.MAIL, Reply(535, "", ""))
    assert not refuses_credentials(Phase.AUTH, TimeoutError())
