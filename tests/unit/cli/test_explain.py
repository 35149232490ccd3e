"""`gatepost explain` by its command line: what it prints, and how it refuses wrong input."""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from gatepost.cli import explain
from gatepost.errors import GatepostError

RULE_SET = """
RuleSetName: main
RuleSetId: rs-1
Rules:
  - Name: gmail-to-exchange
    Conditions:
      - StringExpression: {Evaluate: {Attribute: FROM}, Operator: CONTAINS, Values: [gmail.com]}
    Actions:
      - Relay:
          {Relay: RelayToMyExchangeServer, MailFrom: PRESERVE, ActionFailurePolicy: DROP}
  - Conditions:
      - VerdictExpression: {Evaluate: {Attribute: SPF}, Operator: EQUALS, Values: [GRAY]}
    Actions: [{Drop: {}}]
"""
POLICY = {
    "TrafficPolicyName": "edge",
    "DefaultAction": "DENY",
    "MaxMessageSizeBytes": 1000,
    "PolicyStatements": [
        {
            "Action": "ALLOW",
            "Conditions": [
                {
                    "StringExpression": {
                        "Evaluate": {"Attribute": "RECIPIENT"},
                        "Operator": "ENDS_WITH",
                        "Values": ["@example.com"],
                    }
                }
            ],
        }
    ],
}
CONFIG = """
version: 1
hostname: mx1.example.net
spool: {engine: disk, path: spool}
ingress_points:
  - {name: edge, listen: ["127.0.0.1:2525"], traffic_policy: edge, rule_set: main}
traffic_policies: [{TrafficPolicyName: edge, DefaultAction: ALLOW, PolicyStatements: []}]
rule_sets:
  - RuleSetName: main
    Rules: [{Actions: [{Relay: {Relay: next, MailFrom: PRESERVE, ActionFailurePolicy: DROP}}]}]
relays:
  - RelayName: next
    ServerName: next.example
    ServerPort: 25
    Authentication: {NoAuthentication: {}}
verified_domains: [example.com]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULE_SET)
    Path("policy.json").write_text(json.dumps(POLICY))
    Path("config.yaml").write_text(CONFIG)
    Path("mail.eml").write_bytes(b"From: Ann <ann@gmail.com>\n\n.hidden\n")
    Path("large.eml").write_bytes(b"From: Ann <ann@gmail.com>\n\n" + b"x" * 1000)
    return tmp_path


def run(
    *arguments: str, message: str = "mail.eml", rcpt: tuple[str, ...] = ("a@example.com",)
) -> int:
    parser = argparse.ArgumentParser()
    explain.register(parser.add_subparsers())
    given = ["--message", message, "--mail-from", "ann@gmail.com", "--helo", "h"]
    given += ["--source-ip", "192.0.2.1", *(part for each in rcpt for part in ("--rcpt", each))]
    parsed = parser.parse_args(["explain", *given, *arguments])
    status: int = parsed.run(parsed)
    return status


def test_json_is_the_contract(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--rule-set", "rules.yaml", "--traffic-policy", "policy.json", "--json")
    assert run(*arguments, rcpt=("a@example.com", "b@example.org")) == 0
    made = json.loads(capsys.readouterr().out)
    admitted, refused = made["recipients"]
    assert (admitted["admitted"], admitted["admitted_by"]) == (True, "statement 0")
    assert admitted["trace"] == [
        {
            "rule": "gmail-to-exchange",
            "index": 0,
            "matched": True,
            "by": None,
            "recipient": "a@example.com",
        },
        {
            "rule": None,
            "index": 1,
            "matched": None,
            "by": "condition 0",
            "recipient": "a@example.com",
        },
    ]
    assert admitted["effects"] == [
        {
            "rule": "gmail-to-exchange",
            "index": 0,
            "action_index": 0,
            "action": "Relay",
            "recipient": "a@example.com",
            "target": "RelayToMyExchangeServer",
            "mail_from": "ann@gmail.com",
            "headers": [],
            "on_failure": "DROP",
        }
    ]
    assert (admitted["final"], admitted["undecided"]) == ("relay", ["spf"])
    assert (refused["admitted"], refused["admitted_by"]) == (False, "default")
    assert (refused["trace"], refused["effects"], refused["final"]) == ([], [], "none")


def explained(capsys: pytest.CaptureFixture[str], *arguments: str, **more: Any) -> Any:
    assert run(*arguments, "--json", **more) == 0
    return json.loads(capsys.readouterr().out)


def test_softfail_is_gray_and_that_is_said(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = explained(capsys, "--rule-set", "rules.yaml", "--spf", "softfail")
    assert made["recipients"][0]["final"] == "drop"
    assert any("softfail" in each for each in made["assumptions"])
    made = explained(capsys, "--rule-set", "rules.yaml", "--spf", "GRAY")
    assert not any("softfail" in each for each in made["assumptions"])


def test_size(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--rule-set", "rules.yaml", "--traffic-policy", "policy.json")
    (made,) = explained(capsys, *arguments, message="large.eml")["recipients"]
    assert (made["admitted"], made["admitted_by"]) == (False, "size")


def test_the_daemons_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--config", "config.yaml", "--ingress", "edge")
    made = explained(capsys, *arguments, rcpt=("a@example.com", "a@example.org"))
    good, bad = made["recipients"]
    assert good["effects"][0]["target"] == "next"
    assert (bad["admitted"], bad["admitted_by"]) == (False, "verified_domains")


def test_for_people(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--rule-set", "rules.yaml", rcpt=("a@example.com",)) == 0
    shown = capsys.readouterr().out
    assert "-> Relay RelayToMyExchangeServer: <ann@gmail.com> to <a@example.com>" in shown
    assert "UNDECIDED, not supplied: spf" in shown


def test_no_socket_is_opened(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert run("--config", "config.yaml", "--ingress", "edge") == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rule-set", "none.yaml"), "none.yaml: cannot be read: No such file"),
        (("--rule-set", "mail.eml"), "mail.eml: "),
        (("--rule-set", "policy.json"), "policy.json: TrafficPolicyName: is not a known member"),
        (("--rule-set", "rules.yaml", "--ingress", "edge"), "--ingress: "),
        (("--config", "config.yaml"), "--ingress: is missing; config.yaml has edge"),
        (("--config", "config.yaml", "--ingress", "egde"), "--ingress: there is no"),
        (("--rule-set", "rules.yaml", "--spf", "maybe"), "--spf: must be one of pass"),
        (("--rule-set", "rules.yaml", "--analysis", "x"), "--analysis: 'x' is not ARN:FIELD=VALUE"),
        (("--rule-set", "rules.yaml", "--rcpt", "a"), "--rcpt: 'a' is not a mail address"),
        (("--rule-set", "rules.yaml", "--source-ip", "1"), "--source-ip: '1' is not an IP"),
        (("--rule-set", "rules.yaml", "--message", "no.eml"), "no.eml: cannot be read"),
        (("--rule-set", "rules.yaml", "--client-certificate", "CN=x"), "needs --tls"),
    ],
)
def test_wrong_input_is_one_line(files: Path, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(GatepostError) as caught:
        run(*arguments)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_recipients_than_a_message_may_have(files: Path) -> None:
    with pytest.raises(GatepostError, match="may have 100 recipients, not 101"):
        run("--rule-set", "rules.yaml", rcpt=tuple(f"u{n}@example.com" for n in range(101)))
