"""From RCPT to the 250, with a spool in memory: what is refused, by what, and what is stored."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gatepost.delivery.srs import MAX_AGE_DAYS, Srs
from gatepost.policy.values import Session
from gatepost.spool.interface import SpoolFull
from tests.unit.daemon.conftest import BODY, DROP, GMAIL, NOW, RELAY, SESSION, Make, rule, to


async def test_what_is_stored(bench: Make) -> None:
    header = {"AddHeader": {"HeaderName": "X-Way", "HeaderValue": "in"}}
    it = bench(rule(header, RELAY))
    reply = await it.receive("bob@example.com", "eve@example.com", eight_bit=True, envid="e1")
    assert str(reply) == "250 2.0.0 Accepted as id-1"
    ((message, body),) = it.kept.messages
    assert (message.id, message.received_at, message.mail_from) == ("id-1", NOW, "ann@gmail.com")
    assert [step.recipient for step in message.steps] == ["bob@example.com", "eve@example.com"]
    assert [step.program for step in message.steps] == [0, 1]
    assert {step.destination for step in message.steps} == {"relay:next"}
    assert {step.headers for step in message.steps} == {(("X-Way", "in"),)}
    assert (message.eight_bit, message.envid) == (True, "e1")
    assert message.attributes == {
        "ingress": "edge",
        "source_ip": "192.0.2.1",
        "helo": "mail.example.org",
    }
    assert body.endswith(BODY)
    assert message.body_size == len(body)
    # Nobody learns of another recipient by the trace field.
    assert b"bob@example.com" not in body.removesuffix(BODY)


@pytest.mark.parametrize(
    ("session", "changes", "protocol"),
    [
        (Session("192.0.2.1", "c"), {"extended": False}, "SMTP"),
        (Session("192.0.2.1", "c"), {}, "ESMTP"),
        (Session("192.0.2.1", "c", "TLS1_3"), {}, "ESMTPS"),
        (Session("192.0.2.1", "c", authenticated="u"), {}, "ESMTPA"),
        (Session("192.0.2.1", "c", "TLS1_2", authenticated="u"), {}, "ESMTPSA"),
        (Session("192.0.2.1", "c"), {"smtputf8": True}, "UTF8SMTP"),
        (Session("192.0.2.1", "c", "TLS1_3"), {"smtputf8": True}, "UTF8SMTPS"),
    ],
)
async def test_the_trace_field_says_how_it_came(
    bench: Make, session: Session, changes: dict[str, Any], protocol: str
) -> None:
    it = bench(rule(RELAY))
    await it.receive("bob@example.com", session=session, **changes)
    received = it.kept.messages[0][1].removesuffix(BODY).decode()
    found = re.search(
        r"from c \(\[192\.0\.2\.1\]\)\r\n by mx\.example\.net .* with (\w+)", received
    )
    assert found is not None, received
    assert found[1] == protocol
    assert "id id-1 for <bob@example.com>" in received


async def test_each_refusal_names_what_decided(bench: Make) -> None:
    blocked = {
        "Action": "DENY",
        "Conditions": [
            {
                "StringExpression": {
                    "Evaluate": {"Attribute": "RECIPIENT"},
                    "Operator": "STARTS_WITH",
                    "Values": ["blocked"],
                }
            }
        ],
    }
    it = bench(
        rule(RELAY), statements=(blocked,), verified=["example.com"], MaxMessageSizeBytes=100
    )
    assert str(await it.receive("blocked@example.com")).startswith("550 5.7.1 ")
    assert str(await it.receive("bob@elsewhere.net")).startswith("550 5.7.1 ")
    assert str(await it.receive("bob@example.com", body=BODY + b"x" * 99)).startswith("552 5.3.4 ")
    looping = b"Received: from a by b; x\r\n" * 100 + b"\r\n"
    it = bench(rule(RELAY))
    assert str(await it.receive("bob@example.com", body=looping)).startswith("554 5.4.6 ")
    assert it.named("Denial")[0]["by"] == "loop"
    assert it.kept.messages == []


@pytest.mark.parametrize(("limit", "code"), [(len(BODY) - 2, 552), (len(BODY) - 1, 250)])
async def test_a_stuffed_dot_does_not_count(bench: Make, limit: int, code: int) -> None:
    it = bench(rule(RELAY), MaxMessageSizeBytes=limit)
    assert (await it.receive("bob@example.com")).code == code


async def test_the_denials_are_told(bench: Make) -> None:
    it = bench(rule(RELAY), verified=["example.com"])
    await it.receive("bob@elsewhere.net")
    assert it.named("Denial") == [
        {
            "ingress": "edge",
            "source_ip": "192.0.2.1",
            "helo": "mail.example.org",
            "mail_from": "ann@gmail.com",
            "recipient": "bob@elsewhere.net",
            "by": "verified_domains",
            "reply": "550 5.7.1 Mail for this domain is not accepted here",
        }
    ]


async def test_a_return_that_expires_before_its_content_is_told(
    bench: Make, tmp_path: Path
) -> None:
    key = "k" * 32
    (tmp_path / "srs.json").write_text(json.dumps({"keys": [key]}))
    address = Srs("srs.example.net", [key.encode()]).forward("ann@gmail.com", NOW)
    times = iter([NOW, NOW + (MAX_AGE_DAYS + 1) * 86400])
    it = bench(
        rule(RELAY),
        bounce={"domain": "srs.example.net", "secret_file": "srs.json"},
        clock=lambda: next(times),
    )
    assert (await it.receive(address)).code == 550
    [denial] = it.named("Denial")
    assert (denial["recipient"], denial["by"]) == (address, "srs")
    assert denial["reply"] == "550 5.1.1 This return address has expired"
    assert it.kept.messages == []


async def test_replaced_recipients_are_judged_before_the_250(bench: Make) -> None:
    it = bench(rule(to("x@example.com", "y@elsewhere.net"), RELAY), verified=["example.com"])
    assert (await it.receive("bob@example.com")).code == 250
    ((message, _body),) = it.kept.messages
    assert [(step.action, step.recipient) for step in message.steps] == [
        ("Relay", "x@example.com"),
        ("Bounce", "y@elsewhere.net"),
    ]
    it = bench(rule(to("y@elsewhere.net"), RELAY), verified=["example.com"])
    assert (await it.receive("bob@example.com")).code == 550
    assert it.kept.messages == []
    # A recipient of an unverified domain may be replaced by one of a verified.
    it = bench(rule(to("x@example.com"), RELAY), verified=["example.com"])
    assert (await it.receive("bob@elsewhere.net")).code == 250


async def test_how_each_recipient_ends_is_told(bench: Make) -> None:
    drops = rule(
        DROP,
        name="no-gmail",
        Conditions=[
            {
                "StringExpression": {
                    "Evaluate": {"Attribute": "RECIPIENT"},
                    "Operator": "STARTS_WITH",
                    "Values": ["drop"],
                }
            }
        ],
    )
    it = bench(drops, rule(RELAY, name="rest", Unless=[GMAIL]))
    assert (await it.receive("drop@example.com", "none@example.com")).code == 250
    assert it.named("Drop") == [{"id": "id-1", "recipient": "drop@example.com", "rule": "no-gmail"}]
    assert it.named("Unrouted") == [
        {"id": "id-1", "recipient": "none@example.com", "rule_set": "main"}
    ]
    assert [each["rule"] for each in it.named("Match")] == ["no-gmail"]
    (reception,) = it.named("Reception")
    assert (reception["recipients"], reception["steps"]) == (2, 0)


async def test_a_full_spool_is_the_callers(bench: Make) -> None:
    it = bench(rule(RELAY))
    it.kept.full = True
    with pytest.raises(SpoolFull):
        await it.receive("bob@example.com")
    assert it.named("Reception") == []


async def test_nobody_is_let_in_where_no_password_is_asked_for(bench: Make) -> None:
    assert not await bench().reception.authenticate(SESSION, "edge", b"")


async def test_a_250_waits_while_delivery_lags_but_the_message_does_not(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bench(rule(RELAY))
    monkeypatch.setattr(it.flow, "stored", lambda _id: 60.0)
    receiving = asyncio.create_task(it.receive("bob@example.com"))
    async with asyncio.timeout(5):
        while not it.flow._resting:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert len(it.kept.messages) == len(it.named("Reception")) == 1
    assert not receiving.done()
    it.flow.close()
    assert (await receiving).code == 250


async def test_nobody_waits_for_mail_that_is_not_delivered(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bench(rule(DROP))
    monkeypatch.setattr(it.flow, "stored", lambda _id: 60.0)
    async with asyncio.timeout(5):
        assert (await it.receive("bob@example.com")).code == 250
