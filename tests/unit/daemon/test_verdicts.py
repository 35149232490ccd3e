"""Between the plan and the 250: what is asked, what is not, and what becomes of the unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gatepost.policy.values import Session
from gatepost.verdicts.analyzers import AnalysisFailed
from gatepost.verdicts.values import Mail, Target
from tests.unit.daemon.conftest import BODY, DROP, GMAIL, RELAY, Make, rule
from tests.unit.verdicts.world import HANGING, SILENT, Zone

ANALYZER = "arn:aws:ses:eu-west-1:111122223333:addon-instance/ai-1"
SPF = "gmail.com TXT"
DMARC = "_dmarc.gmail.com TXT"


def verdict(attribute: str, *values: str, operator: str = "EQUALS") -> dict[str, Any]:
    evaluate = {"Attribute": attribute}
    return {
        "VerdictExpression": {"Evaluate": evaluate, "Operator": operator, "Values": list(values)}
    }


def dmarc(*values: str) -> dict[str, Any]:
    return {"DmarcExpression": {"Operator": "EQUALS", "Values": list(values)}}


def analysis(kind: str, field: str, operator: str, *values: str) -> dict[str, Any]:
    what = {"Analyzer": ANALYZER, "ResultField": field}
    expression: dict[str, Any] = {"Evaluate": {"Analysis": what}, "Operator": operator}
    if values:
        expression["Values"] = list(values)
    return {kind: expression}


SUBJECT = {
    "StringExpression": {
        "Evaluate": {"Attribute": "SUBJECT"},
        "Operator": "EQUALS",
        "Values": ["no such subject"],
    }
}


class Played:
    """An analyzer that answers what a test says, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.target = Target("http", "http://127.0.0.1:1/")
        self._answer = answer
        self.asked: list[tuple[Mail, bytes | None]] = []

    async def ask(self, mail: Mail, message: bytes | None) -> Mapping[str, Any]:
        self.asked.append((mail, message))
        if self._answer is HANGING:
            await asyncio.Event().wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        answer: Mapping[str, Any] = self._answer
        return answer


@pytest.mark.parametrize(
    "rules",
    [
        [rule(RELAY)],
        [rule(RELAY, Conditions=[GMAIL])],
        # Another condition decides already, whichever stands first.
        [rule(DROP, Conditions=[verdict("SPF", "FAIL"), SUBJECT]), rule(RELAY)],
        [rule(DROP, Conditions=[SUBJECT, dmarc("REJECT")]), rule(RELAY)],
        [rule(DROP, Conditions=[verdict("DKIM", "FAIL")], Unless=[GMAIL]), rule(RELAY)],
        [rule(DROP), rule(RELAY, Conditions=[verdict("SPF", "PASS")])],
    ],
)
async def test_what_decides_nothing_is_not_asked(bench: Make, rules: list[Any]) -> None:
    zone = Zone({})
    analyzer = Played({})
    it = bench(*rules, zone=zone, analyzers={ANALYZER: analyzer})
    assert (await it.receive("bob@example.com")).code == 250
    assert not zone.asked
    assert not analyzer.asked
    assert not it.named("Verdict")


@pytest.mark.parametrize(
    ("records", "condition", "steps"),
    [
        ({SPF: ['"v=spf1 -all"']}, verdict("SPF", "FAIL"), 0),
        ({SPF: ['"v=spf1 ~all"']}, verdict("SPF", "FAIL"), 1),
        ({SPF: ['"v=spf1 ~all"']}, verdict("SPF", "GRAY"), 0),
        ({}, verdict("SPF", "GRAY"), 0),
        ({SPF: ['"v=spf1 ip4:192.0.2.1 -all"']}, verdict("SPF", "PASS"), 0),
        ({SPF: ['"v=spf1 ip4:192.0.2.1 -all"']}, verdict("SPF", "PASS", operator="NOT_EQUALS"), 1),
        ({SPF: ['"v=spf1 nonsense"']}, verdict("SPF", "PROCESSING_FAILED"), 0),
        ({SPF: SILENT}, verdict("SPF", "PROCESSING_FAILED"), 0),
        ({SPF: SILENT}, verdict("SPF", "FAIL"), 1),
        ({}, verdict("DKIM", "GRAY"), 0),
        ({DMARC: ['"v=DMARC1; p=reject"']}, dmarc("REJECT"), 0),
        ({DMARC: ['"v=DMARC1; p=reject"']}, dmarc("QUARANTINE"), 1),
        ({}, dmarc("NONE"), 0),
    ],
)
async def test_a_rule_by_a_verdict(
    bench: Make, records: dict[str, Any], condition: dict[str, Any], steps: int
) -> None:
    it = bench(rule(DROP, Conditions=[condition]), rule(RELAY), zone=Zone(records))
    assert (await it.receive("bob@example.com", "eve@example.com")).code == 250
    ((message, _body),) = it.kept.messages
    assert len(message.steps) == 2 * steps
    # Once a message, however many its recipients.
    (event,) = it.named("Verdict")
    assert event["id"] == message.id
    assert event["seconds"] >= 0


async def test_a_policy_that_cannot_be_read_defers(bench: Make) -> None:
    it = bench(rule(DROP, Conditions=[dmarc("REJECT")]), rule(RELAY), zone=Zone({DMARC: SILENT}))
    assert (await it.receive("bob@example.com")).code == 451
    assert not it.kept.messages
    (event,) = it.named("Verdict")
    assert (event["method"], event["verdict"], event["result"]) == ("dmarc", "unknown", "temperror")
    assert it.named("Fault")[0]["reason"] == "undecided: dmarc"


async def test_what_takes_too_long_has_failed(bench: Make) -> None:
    zone = Zone({SPF: HANGING})
    it = bench(rule(DROP, Conditions=[verdict("SPF", "PROCESSING_FAILED")]), zone=zone)
    it.stage.seconds = 0.05
    assert (await it.receive("bob@example.com")).code == 250
    assert it.named("Drop")
    assert it.named("Verdict")[0]["reason"] == "the time was over"


async def test_the_deadline_is_one_for_all(bench: Make) -> None:
    zone = Zone({SPF: HANGING, DMARC: HANGING})
    first = rule({"ReplaceRecipient": {}}, Conditions=[verdict("SPF", "PROCESSING_FAILED")])
    last = rule(
        DROP,
        Conditions=[
            {
                "StringExpression": {
                    "Evaluate": {"MimeHeaderAttribute": "X-Seen"},
                    "Operator": "EQUALS",
                    "Values": ["yes"],
                }
            },
            dmarc("NONE"),
        ],
    )
    first["Actions"] = [{"AddHeader": {"HeaderName": "X-Seen", "HeaderValue": "yes"}}]
    it = bench(first, last, zone=zone)
    it.stage.seconds = 0.05
    # The second question arises when the time is over already, and cannot be answered.
    assert (await asyncio.wait_for(it.receive("bob@example.com"), 5)).code == 451
    assert [event["method"] for event in it.named("Verdict")] == ["spf", "dmarc"]


async def test_all_are_asked_at_once(bench: Make) -> None:
    zone = Zone({SPF: ['"v=spf1 -all"'], DMARC: ['"v=DMARC1; p=none"']})
    analyzer = Played({"result": "PASS"})
    it = bench(
        rule(DROP, Conditions=[verdict("SPF", "PASS"), dmarc("REJECT")]),
        rule(DROP, Conditions=[verdict("DKIM", "FAIL")]),
        rule(DROP, Conditions=[analysis("VerdictExpression", "result", "EQUALS", "FAIL")]),
        rule(DROP, Conditions=[analysis("BooleanExpression", "listed", "IS_TRUE")]),
        rule(RELAY),
        zone=zone,
        analyzers={ANALYZER: analyzer},
    )
    # The analyzer leaves a field out that a flag is made of.
    assert (await it.receive("bob@example.com")).code == 451
    assert sorted(event["method"] for event in it.named("Verdict")) == [
        "analysis",
        "analysis",
        "dkim",
        "dmarc",
        "spf",
    ]
    ((mail, content),) = analyzer.asked
    assert mail.recipients == ("bob@example.com",)
    assert content == BODY.replace(b"\r\n..dot", b"\r\n.dot")


@pytest.mark.parametrize(
    ("answer", "condition", "code"),
    [
        ({"f": "FAIL"}, analysis("VerdictExpression", "f", "EQUALS", "FAIL"), "drop"),
        ({"f": "pass"}, analysis("VerdictExpression", "f", "EQUALS", "PASS"), "drop"),
        ({"f": "PASS"}, analysis("VerdictExpression", "f", "EQUALS", "FAIL"), "relay"),
        ({"f": "phish"}, analysis("StringExpression", "f", "CONTAINS", "phi"), "drop"),
        ({"f": True}, analysis("BooleanExpression", "f", "IS_TRUE"), "drop"),
        ({"f": False}, analysis("BooleanExpression", "f", "IS_TRUE"), "relay"),
        (
            AnalysisFailed("answered 500"),
            analysis("VerdictExpression", "f", "EQUALS", "PROCESSING_FAILED"),
            "drop",
        ),
        (
            AnalysisFailed("answered 500"),
            analysis("VerdictExpression", "f", "EQUALS", "FAIL"),
            "relay",
        ),
        ({}, analysis("VerdictExpression", "f", "EQUALS", "PROCESSING_FAILED"), "drop"),
        # What failed is no string and no flag, and neither true nor false.
        (AnalysisFailed("x"), analysis("StringExpression", "f", "NOT_EQUALS", "a"), "451"),
        (AnalysisFailed("x"), analysis("StringExpression", "f", "EQUALS", "a"), "451"),
        (AnalysisFailed("x"), analysis("BooleanExpression", "f", "IS_TRUE"), "451"),
        (AnalysisFailed("x"), analysis("BooleanExpression", "f", "IS_FALSE"), "451"),
        (HANGING, analysis("VerdictExpression", "f", "EQUALS", "PROCESSING_FAILED"), "drop"),
    ],
)
async def test_a_rule_by_an_analysis(
    bench: Make, answer: Any, condition: dict[str, Any], code: str
) -> None:
    it = bench(
        rule(DROP, Conditions=[condition]), rule(RELAY), analyzers={ANALYZER: Played(answer)}
    )
    it.stage.seconds = 0.05 if answer is HANGING else 5
    reply = await it.receive("bob@example.com")
    if code == "451":
        assert reply.code == 451
    else:
        assert reply.code == 250
        assert bool(it.named("Drop")) == (code == "drop")


DENIED = {
    "Action": "DENY",
    "Conditions": [analysis("BooleanExpression", "listed", "IS_TRUE")],
}


@pytest.mark.parametrize(
    ("answer", "code"),
    [({"listed": True}, 550), ({"listed": False}, 250), ({}, 451), (AnalysisFailed("x"), 451)],
)
async def test_an_analysis_at_rcpt(bench: Make, answer: Any, code: int) -> None:
    analyzer = Played(answer)
    it = bench(rule(RELAY), statements=(DENIED,), analyzers={ANALYZER: analyzer})
    session = Session("192.0.2.7", "mail.example.org")
    reply = await it.receive("bob@example.com", session=session)
    assert reply.code == code
    ((mail, content),) = analyzer.asked
    assert content is None
    assert mail == Mail(session, "ann@gmail.com", ("bob@example.com",), "edge")
    (event,) = it.named("Verdict")
    assert event["recipient"] == "bob@example.com"
    assert "id" not in event


async def test_rcpt_asks_nothing_where_nothing_hangs_on_it(bench: Make) -> None:
    analyzer = Played({"listed": True})
    first = {
        "Action": "DENY",
        "Conditions": [
            {
                "StringExpression": {
                    "Evaluate": {"Attribute": "RECIPIENT"},
                    "Operator": "STARTS_WITH",
                    "Values": ["bob"],
                }
            }
        ],
    }
    it = bench(rule(RELAY), statements=(first, DENIED), analyzers={ANALYZER: analyzer})
    assert (await it.receive("bob@example.com")).code == 550
    assert not analyzer.asked


async def test_the_copy_of_a_message_counts_while_it_is_held(bench: Make) -> None:
    class Looking(Played):
        held = -1

        async def ask(self, mail: Mail, message: bytes | None) -> Mapping[str, Any]:
            self.held = it.stage.load.memory
            return await super().ask(mail, message)

    rules = [
        rule(DROP, Conditions=[analysis("VerdictExpression", "f", "EQUALS", "FAIL")]),
        rule(DROP, Conditions=[verdict("DKIM", "FAIL")]),
        rule(RELAY),
    ]
    analyzer = Looking({"f": "PASS"})
    it = bench(*rules, analyzers={ANALYZER: analyzer})
    assert (await it.receive("bob@example.com")).code == 250
    assert analyzer.held == len(BODY) - 1
    assert it.stage.load.memory == 0
    # Nothing in it is stuffed: the message itself is read.
    assert (await it.receive("bob@example.com", body=BODY.replace(b"..dot", b"dot"))).code == 250
    assert analyzer.held == 0
    # A decision that cannot be made lets it go too.
    hanging = Played(HANGING)
    it = bench(
        rule(DROP, Conditions=[analysis("BooleanExpression", "f", "IS_TRUE")]),
        analyzers={ANALYZER: hanging},
    )
    it.stage.seconds = 0.05
    assert (await it.receive("bob@example.com")).code == 451
    assert it.stage.load.memory == 0
