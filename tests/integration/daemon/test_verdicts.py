"""Verdicts in a real daemon: a DNS on loopback, messages that dkimpy signs, analyzers by HTTP."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.integration.daemon.analyzer import Analyzer
from tests.integration.daemon.mail import MESSAGE, send
from tests.integration.daemon.names import Names
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink
from tests.unit.verdicts.world import key, signed

Daemons = Callable[[Mapping[str, Any]], Daemon]
ANALYZER = "arn:aws:ses:eu-west-1:111122223333:addon-instance/ai-1"
RELAY = {"Relay": {"Relay": "next"}}
BOUNCE = {
    "Bounce": {
        "RoleArn": "arn:aws:iam::111122223333:role/r",
        "Sender": "postmaster@example.com",
        "StatusCode": "5.7.23",
        "SmtpReplyCode": "550",
        "DiagnosticMessage": "SPF says no",
    }
}


@pytest.fixture
def names() -> Iterator[Names]:
    with Names() as running:
        running.zone(
            "gmail.com",
            ("gmail.com", "TXT", ["v=spf1 ip4:192.0.2.0/24 -all"]),
            ("_dmarc.gmail.com", "TXT", ["v=DMARC1; p=reject"]),
            ("s._domainkey.gmail.com", "TXT", [key(1024)[1]]),
        )
        yield running


def rule(condition: dict[str, Any], *actions: dict[str, Any]) -> dict[str, Any]:
    return {"Name": "judged", "Conditions": [condition], "Actions": list(actions)}


def verdict(attribute: str, value: str) -> dict[str, Any]:
    evaluate = {"Attribute": attribute}
    return {"VerdictExpression": {"Evaluate": evaluate, "Operator": "EQUALS", "Values": [value]}}


def dmarc(value: str) -> dict[str, Any]:
    return {"DmarcExpression": {"Operator": "EQUALS", "Values": [value]}}


def analysis(value: str, field: str = "result") -> dict[str, Any]:
    evaluate = {"Analysis": {"Analyzer": ANALYZER, "ResultField": field}}
    return {"VerdictExpression": {"Evaluate": evaluate, "Operator": "EQUALS", "Values": [value]}}


def file(
    sink: Sink, names: Names | None, *rules: dict[str, Any], **bindings: Any
) -> dict[str, Any]:
    return base_config(
        rule_sets=[{"RuleSetName": "main", "Rules": list(rules)}],
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}, **bindings},
        resolver={"nameservers": [names.address] if names else ["127.0.0.1:1"], "lifetime": 2},
        bounce={"relay": "next"},
    )


ALL = {"Name": "all", "Actions": [RELAY]}


def test_a_rule_that_bounces_what_spf_fails(daemons: Daemons, sink: Sink, names: Names) -> None:
    with daemons(file(sink, names, rule(verdict("SPF", "FAIL"), BOUNCE, {"Drop": {}}), ALL)) as it:
        it.start()
        send(it.port())
        (got,) = sink.wait(1)
        assert got.mail_from == ""
        assert got.recipients == ["ann@gmail.com"]
        assert b"550 5.7.23 SPF says no" in got.content
        (event,) = it.events("Verdict")
        assert (event["method"], event["verdict"], event["result"]) == ("spf", "FAIL", "fail")
        assert event["domain"] == "gmail.com"
        assert event["id"] == it.events("Reception")[0]["id"]
        assert it.metric("gatepost_verdicts_total", method="spf", verdict="FAIL") == 1
        # A domain without SPF is neither good nor bad.
        send(it.port(), sender="ann@unknown.example")
        assert sink.wait(2)[1].recipients == ["bob@example.com"]
        shown = it.gatepost("trace", event["id"], "--log", str(it.log)).stdout
        assert "Verdict" in shown


def test_a_rule_that_relays_what_dkim_passes(daemons: Daemons, sink: Sink, names: Names) -> None:
    with daemons(file(sink, names, rule(verdict("DKIM", "PASS"), RELAY))) as it:
        it.start()
        good = signed(MESSAGE, domain=b"gmail.com", canonicalize=(b"relaxed", b"relaxed"))
        send(it.port(), good)
        (got,) = sink.wait(1)
        assert got.content.endswith(good)
        send(it.port(), good.replace(b"a dot", b"no dot"))
        send(it.port(), MESSAGE)
        results = [(event["verdict"], event["result"]) for event in it.events("Verdict")]
        assert results == [("PASS", "pass"), ("FAIL", "fail"), ("GRAY", "none")]
        assert len(it.events("Unrouted")) == 2


def test_a_rule_by_the_policy_of_the_authors_domain(
    daemons: Daemons, sink: Sink, names: Names
) -> None:
    with daemons(file(sink, names, rule(dmarc("REJECT"), {"Drop": {}}), ALL)) as it:
        it.start()
        send(it.port(), sender="")
        assert it.events("Drop")
        send(it.port(), MESSAGE.replace(b"ann@gmail.com", b"ann@unpublished.example"))
        sink.wait(1)
        assert [event["verdict"] for event in it.events("Verdict")] == ["REJECT", "NONE"]


@pytest.mark.parametrize("code", ["SERVFAIL", "TIMEOUT", "REFUSED", "down"])
def test_a_policy_that_cannot_be_read_is_answered_451(
    daemons: Daemons, sink: Sink, names: Names, code: str
) -> None:
    if code != "down":
        names.fail(code)
    where = None if code == "down" else names
    with daemons(file(sink, where, rule(dmarc("REJECT"), {"Drop": {}}), ALL)) as it:
        it.start()
        with pytest.raises(smtplib.SMTPDataError, match="cannot be decided now") as raised:
            send(it.port())
        assert raised.value.smtp_code == 451
        assert not it.events("Reception")
        assert it.events("Verdict")[0]["verdict"] == "unknown"
        # What hangs on no verdict is taken meanwhile: here, that is nothing, but SPF decides.
        it.write(
            rule_sets=[
                {
                    "RuleSetName": "main",
                    "Rules": [rule(verdict("SPF", "PROCESSING_FAILED"), RELAY)],
                }
            ]
        )
        it.reload()
        send(it.port())
        sink.wait(1)


def test_no_verdict_is_asked_for_where_none_is_named(
    daemons: Daemons, sink: Sink, names: Names
) -> None:
    with daemons(file(sink, names, ALL)) as it, Analyzer({}) as analyzer:
        it.write(
            bindings={
                **it.config["bindings"],
                "analyzers": {"ai-1": {"type": "http", "url": analyzer.url}},
            }
        )
        it.start()
        send(it.port(), signed(MESSAGE, domain=b"gmail.com"), count=5)
        sink.wait(5)
        assert names.asked == []
        assert analyzer.requests == []
        assert not it.events("Verdict")


def test_answers_are_remembered(daemons: Daemons, sink: Sink, names: Names) -> None:
    rules = rule(verdict("SPF", "FAIL"), RELAY), rule(verdict("DKIM", "PASS"), RELAY)
    with daemons(file(sink, names, *rules)) as it:
        it.start()
        send(it.port(), signed(MESSAGE, domain=b"gmail.com"), count=3)
        sink.wait(6)
        assert sorted(names.asked) == ["gmail.com TXT", "s._domainkey.gmail.com TXT"]


def test_an_analyzer_by_http(daemons: Daemons, sink: Sink) -> None:
    with Analyzer({"result": "FAIL"}) as analyzer:
        binding = {"type": "http", "url": f"{analyzer.url}/judge", "secret_file": "av.json"}
        config = file(
            sink, None, rule(analysis("FAIL"), {"Drop": {}}), ALL, analyzers={ANALYZER: binding}
        )
        it = daemons(config)
        (it.directory / "av.json").write_text('{"password": "do not show"}')
        it.start()
        send(it.port(), to=["bob@example.com", "eve@example.com"])
        assert len(it.events("Drop")) == 2
        ((path, headers, _body),) = analyzer.requests
        assert path == "/judge"
        assert headers["authorization"] == ["Bearer do not show"]
        parts = analyzer.parts()
        assert json.loads(parts["envelope"]) == {
            "source_ip": "127.0.0.1",
            "helo": "client.test",
            "tls": None,
            "authenticated": None,
            "mail_from": "ann@gmail.com",
            "recipients": ["bob@example.com", "eve@example.com"],
            "ingress": "edge",
        }
        assert parts["message"].replace(b"\r\n", b"\n") == MESSAGE.replace(b"\r\n", b"\n")
        analyzer.answer = {"result": "PASS"}
        send(it.port())
        sink.wait(1)
        assert "do not show" not in it.log.read_text()
        it.stop()


@pytest.mark.parametrize(
    ("answer", "status"),
    [(None, 200), ({"result": "PASS"}, 503), (b"<html>", 200), ({}, 200), ([1], 200)],
    ids=["silent", "failing", "no JSON", "no such field", "no object"],
)
def test_an_analyzer_that_fails(daemons: Daemons, sink: Sink, answer: Any, status: int) -> None:
    with Analyzer(answer, status) as analyzer:
        config = file(
            sink,
            None,
            rule(analysis("PROCESSING_FAILED"), RELAY),
            rule(analysis("FAIL"), {"Drop": {}}),
            analyzers={"ai-1": {"type": "http", "url": analyzer.url}},
        )
        config["limits"] = {"verdicts": 1}
        with daemons(config) as it:
            it.start()
            send(it.port())
            sink.wait(1)
            (event,) = it.events("Verdict")
            assert event["verdict"] == "PROCESSING_FAILED"
            assert event["reason"]
            assert event["analyzer"] == ANALYZER


def test_an_analyzer_that_is_not_there(daemons: Daemons, sink: Sink) -> None:
    config = file(
        sink,
        None,
        rule(analysis("PROCESSING_FAILED"), RELAY),
        analyzers={"ai-1": {"type": "http", "url": "http://127.0.0.1:1"}},
    )
    with daemons(config) as it:
        it.start()
        send(it.port())
        sink.wait(1)
        assert "ConnectError" in it.events("Verdict")[0]["reason"]


def test_rspamd(daemons: Daemons, sink: Sink) -> None:
    answer = {"action": "reject", "score": 20.1, "symbols": {"GTUBE": {"score": 0}}}
    with Analyzer(answer) as analyzer:
        binding = {
            "type": "rspamd",
            "url": analyzer.url,
            "secret_file": "rspamd.json",
            "fields": {"addon.verdict": "verdict"},
        }
        config = file(
            sink,
            None,
            rule(analysis("FAIL", "addon.verdict"), {"Drop": {}}),
            ALL,
            analyzers={"ai-1": binding},
        )
        it = daemons(config)
        (it.directory / "rspamd.json").write_text('{"password": "do not show"}')
        it.start()
        send(it.port(), to=["bob@example.com", "eve@example.com"])
        assert len(it.events("Drop")) == 2
        ((path, headers, body),) = analyzer.requests
        assert path == "/checkv2"
        assert body == MESSAGE
        assert headers["ip"] == ["127.0.0.1"]
        assert headers["helo"] == ["client.test"]
        assert headers["from"] == ["ann@gmail.com"]
        assert headers["rcpt"] == ["bob@example.com", "eve@example.com"]
        assert headers["password"] == ["do not show"]
        it.stop()


def test_an_analysis_at_rcpt(daemons: Daemons, sink: Sink) -> None:
    listed = {
        "BooleanExpression": {
            "Evaluate": {"Analysis": {"Analyzer": ANALYZER, "ResultField": "listed"}},
            "Operator": "IS_TRUE",
        }
    }
    with Analyzer({"listed": True}) as analyzer:
        config = file(sink, None, ALL, analyzers={"ai-1": {"type": "http", "url": analyzer.url}})
        config["traffic_policies"][0]["PolicyStatements"] = [
            {"Action": "DENY", "Conditions": [listed]}
        ]
        config["limits"] = {"verdicts": 1}
        with daemons(config) as it:
            it.start()
            with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
                send(it.port())
            assert raised.value.recipients["bob@example.com"][0] == 550
            assert json.loads(analyzer.parts()["envelope"])["recipients"] == ["bob@example.com"]
            assert "message" not in analyzer.parts()
            analyzer.answer = {"listed": False}
            send(it.port())
            sink.wait(1)
            analyzer.answer = None
            with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
                send(it.port())
            assert raised.value.recipients["bob@example.com"][0] == 451
