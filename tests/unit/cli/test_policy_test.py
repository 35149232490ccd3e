"""`gatepost policy test` by its command line: cases, samples, two versions, and wrong input."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepost.cli import main, samples
from gatepost.policy.message import Message

DOCUMENT = Path(__file__).parents[3] / "docs/policy-tests.md"
RULES = """
RuleSetName: main
Rules:
  - Name: gmail
    Conditions:
      - StringExpression: {Evaluate: {Attribute: FROM}, Operator: CONTAINS, Values: [gmail.com]}
    Actions: [{Relay: {Relay: inside}}]
  - Conditions:
      - VerdictExpression: {Evaluate: {Attribute: SPF}, Operator: EQUALS, Values: [GRAY]}
    Actions: [{Drop: {}}]
"""
CASE = """
  - name: one
    message: "From: ann@gmail.com\\n\\nhi\\n"
    mail_from: ann@gmail.com
    rcpt: bob@example.com
    source_ip: 192.0.2.1
    helo: h
    spf: pass
    expect: {final: relay}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules.yml").write_text(RULES)
    Path("cases.yml").write_text(f"cases:{CASE}")
    Path("samples").mkdir()
    return tmp_path


Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(here: Path, capsys: pytest.CaptureFixture[str]) -> Asked:
    """Status, standard output and standard error of the command."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main.main(["policy", "test", *arguments])
        return status, *capsys.readouterr()

    return run


def changed(**members: str) -> str:
    """The case with some of its lines changed, or left out."""
    lines = CASE
    for name, value in members.items():
        new = f"    {name}: {value}\n" if value else ""
        lines, count = re.subn(rf"    {name}: .*\n", lambda _, new=new: new, lines)  # type: ignore[misc]
        lines += "" if count else new
    return f"cases:{lines}"


def test_the_documented_examples_are_true(ask: Asked) -> None:
    text = DOCUMENT.read_text()
    files = re.findall(r"^`([^`]+)`[^\n]*:\n\n```\w*\n(.*?)```", text, re.M | re.S)
    assert len(files) == 4
    for name, content in files:
        Path(name).write_text(content)
    shown = re.findall(r"```console\n\$ gatepost policy test ([^\n]*)\n(.*?)```", text, re.S)
    assert len(shown) == 2
    for question, answer in shown:
        status, out, err = ask(*shlex.split(question))
        assert (out, err) == (answer, "")
        assert status == ("FAILED" in answer)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({}, None),
        ({"expect": "{final: drop}"}, "final: expected drop, not relay"),
        ({"expect": "{admitted: false}"}, "admitted: expected false, not true by default"),
        ({"expect": "{admitted_by: statement 0}"}, "admitted_by: expected statement 0, not def"),
        ({"expect": "{matched: [gmail]}"}, None),
        ({"expect": "{matched: [gmail, 1]}", "spf": "softfail"}, None),
        ({"expect": "{matched: [1]}"}, "matched: expected 1, not gmail"),
        ({"expect": "{effects: []}"}, "effects: expected 0, not 1"),
        ({"expect": "{effects: [{action: relay, rule: gmail, mail_from: ann@gmail.com}]}"}, None),
        ({"expect": "{effects: [{target: outside}]}"}, "effects[0]: expected {target: outside}"),
        ({"expect": "{effects: [{headers: {X-A: b}}]}"}, "effects[0]: expected {header X-A: b}"),
        ({"spf": ""}, "undecided: spf is not supplied"),
        ({"spf": "", "expect": "{undecided: spf}"}, None),
        ({"expect": "{undecided: [spf]}"}, "undecided: expected spf, not none"),
    ],
)
def test_a_case(ask: Asked, members: dict[str, str], problem: str | None) -> None:
    Path("cases.yml").write_text(changed(**members))
    status, out, err = ask("cases.yml", "--rule-set", "rules.yml", "--json")
    assert err == ""
    made = json.loads(out)
    problems = made["cases"][0]["recipients"][0]["problems"]
    assert status == (problem is not None)
    assert (made["passed"], made["failed"]) == ((1, 0) if problem is None else (0, 1))
    assert len(problems) == (problem is not None)
    assert all(problem is not None and each.startswith(problem) for each in problems)


def test_defaults_are_overruled(ask: Asked) -> None:
    defaults = "defaults: {spf: softfail, mail_from: '', rcpt: [x@example.com]}\n"
    Path("cases.yml").write_text(defaults + changed(spf="", rcpt="", expect="{final: drop}"))
    status, out, _ = ask("cases.yml", "--rule-set", "rules.yml", "--json")
    assert status == 0
    (recipient,) = json.loads(out)["cases"][0]["recipients"]
    assert recipient["recipient"] == "x@example.com"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cases: []", "cases.yml: cases: is empty"),
        ("cases: [{}]", "cases.yml: cases[0].name: is missing"),
        (changed(expect=""), "cases.yml: cases[0].expect: is missing or empty"),
        (changed(expect="{finale: drop}"), "cases[0].expect.finale: is not a known key; did you"),
        (changed(expect="{final: dropped}"), "cases[0].expect.final: must be one of archive,"),
        (changed(expect="{effects: [{}]}"), "cases[0].expect.effects[0]: is empty: name"),
        (changed(expect="{effects: [{action: Relay}]}"), "effects[0].action: must be one of"),
        (changed(expect="{matched: [true]}"), "expect.matched[0]: must be the name or the index"),
        (changed(message=""), "cases[0].message: is needed, or message_file"),
        (changed(message="5"), "cases[0].message: must be a string, not the number 5"),
        (changed(message="", message_file="no.eml"), "no.eml: cannot be read: No such file"),
        (changed(rcpt=""), "cases.yml: cases[0]: rcpt is missing"),
        (changed(rcpt="bob"), "cases[0].rcpt: 'bob' is not a mail address"),
        (changed(source_ip="1"), "cases[0].source_ip: must be a string, not the number 1"),
        (changed(spf="perhaps"), "cases[0].spf: must be one of pass, fail"),
        (changed(tls="TLS1_1"), "cases[0].tls: must be one of TLS1_2, TLS1_3 or none"),
        (changed(client_certificate="{CN: x}"), "cases[0]: client_certificate needs tls"),
        (changed(client_certificate="{XX: x}"), "cases[0].client_certificate: 'XX' is not one"),
        (changed(address_lists="{a: ['**@b']}"), "cases[0].address_lists.a: '**@b' has more"),
        (changed(analysis="{a: {b: [1]}}"), "cases[0].analysis.a.b: must be a string, a boolean"),
        (f"cases:{CASE}{CASE}", "cases[1].name: 'one' is the name of an earlier case"),
        ("cases: {", "cases.yml: line"),
    ],
)
def test_a_wrong_file_is_one_line(ask: Asked, text: str, told: str) -> None:
    Path("cases.yml").write_text(text)
    status, out, err = ask("cases.yml", "--rule-set", "rules.yml")
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rule-set", "rules.yml"], "nothing to test: name files of cases"),
        (["--rule-set", "rules.yml", "--samples", "samples"], "--samples and --old go together"),
        (["--rule-set", "rules.yml", "--old", "rules.yml"], "--samples and --old go together"),
        (["cases.yml", "--rule-set", "rules.yml", "--same"], "--same: go with --old"),
        (["cases.yml", "--rule-set", "none.yml"], "none.yml: cannot be read"),
        (["none.yml", "--rule-set", "rules.yml"], "none.yml: cannot be read"),
        (
            ["--rule-set", "rules.yml", "--old", "rules.yml", "--samples", "samples"],
            "samples: has no .eml file",
        ),
        (
            ["--rule-set", "rules.yml", "--old", "rules.yml", "--samples", "rules.yml"],
            "rules.yml: is not a folder",
        ),
    ],
)
def test_wrong_arguments_are_one_line(ask: Asked, arguments: list[str], told: str) -> None:
    status, out, err = ask(*arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


HEADER = (
    "Received: from client.example.org (rdns [IPv6:2001:db8::1])\r\n"
    "\tby mx with ESMTPS (version=TLS1_3 cipher=x); now\r\n"
    "Return-Path: <>\r\n"
    "X-Original-To: first@example.com\r\n"
    "Delivered-To: second@example.com\r\n"
    "From: ann@gmail.com\r\nTo: third@example.com\r\n\r\nhi\r\n"
)


def compare(ask: Asked, new: str, *arguments: str, status: int = 0) -> Any:
    Path("new.yml").write_text(new)
    same = ("--new", "new.yml", "--old", "rules.yml", "--samples", "samples", "--json")
    found, out, err = ask(*same, *arguments)
    assert (found, err) == (status, "")
    return json.loads(out)


def test_a_samples_header_tells_how_it_came(ask: Asked) -> None:
    Path("samples/a.eml").write_text(HEADER)
    new = """
rule_set_name: main
rules:
  - conditions:
      - string_expression: {evaluate: {attribute: HELO}, operator: EQUALS, values: [client.example.org]}
      - string_expression: {evaluate: {attribute: RECIPIENT}, operator: STARTS_WITH, values: [first@]}
      - boolean_expression: {evaluate: {attribute: TLS}, operator: IS_TRUE}
    unless:
      - string_expression: {evaluate: {attribute: MAIL_FROM}, operator: CONTAINS, values: ["@"]}
    actions: [{drop: {}}]
"""  # noqa: E501
    made = compare(ask, new)
    (found,) = made["differences"]
    assert (found["sample"], found["recipient"]) == ("a.eml", "first@example.com")
    assert (found["old"]["final"], found["new"]["final"]) == ("relay", "drop")
    assert [each["rule"] for each in found["rules"]] == ["gmail", "rule 1", "rule 0"]
    assert made["undecided"] == {"a.eml": ["spf"]}


@pytest.mark.parametrize(
    ("received", "address"),
    [
        ("from a.example (a.example [192.0.2.7]) by mx", "192.0.2.7"),
        ("from [198.51.100.9] ([192.0.2.7]) by mx", "192.0.2.7"),
        ("from [198.51.100.9] (192.0.2.7) by mx (10.0.0.1) with SMTP", "192.0.2.7"),
        ("from a.example ([IPv6:2001:db8::1]) by mx", "2001:db8::1"),
        ("from a.example ([::ffff:192.0.2.7]) by mx", "192.0.2.7"),
        ("from a.example [192.0.2.7] by mx", "192.0.2.7"),
        ("from a.example (unknown) by mx", None),
        ("by mx with local", None),
    ],
)
def test_the_clients_address_is_the_servers_word(received: str, address: str | None) -> None:
    message = Message(f"Received: {received}\r\n\r\n".encode())
    assert samples.of_header(message).source_ip == address


def test_options_overrule_headers_and_the_file_beside_both(ask: Asked) -> None:
    Path("samples/a.eml").write_text(HEADER)
    Path("samples/a.yml").write_text("{spf: softfail, rcpt: beside@example.com}")
    Path("samples/deep").mkdir()
    Path("samples/deep/b.eml").write_text(HEADER)
    made = compare(
        ask, RULES.replace("GRAY", "PASS"), "--rcpt", "option@example.com", "--spf", "pass"
    )
    found = {each["sample"]: each for each in made["differences"]}
    assert found["a.eml"]["recipient"] == "beside@example.com"
    assert (found["a.eml"]["old"]["final"], found["a.eml"]["new"]["final"]) == ("drop", "relay")
    deep = found["deep/b.eml"]
    assert deep["recipient"] == "option@example.com"
    assert (deep["old"]["final"], deep["new"]["final"]) == ("relay", "drop")


def test_names_places_and_defaults_are_no_difference(ask: Asked) -> None:
    Path("samples/a.eml").write_text(HEADER)
    new = RULES.replace("Name: gmail", "Name: renamed").replace(
        "{Relay: inside}",
        "{Relay: inside, MailFrom: PRESERVE, ActionFailurePolicy: CONTINUE}",
    )
    made = compare(ask, new, "--same")
    assert (made["samples"], made["different"], made["differences"]) == (1, 0, [])


def test_same_is_status_1_when_something_differs(ask: Asked) -> None:
    Path("samples/a.eml").write_text(HEADER)
    assert compare(ask, RULES.replace("inside", "outside"), "--same", status=1)["different"] == 1


def test_a_sample_that_nothing_tells_of_is_an_error(ask: Asked) -> None:
    Path("samples/a.eml").write_text("From: ann@gmail.com\nTo: bob@example.com\n\nhi\n")
    old = ("--new", "rules.yml", "--old", "rules.yml", "--samples", "samples")
    status, _, err = ask(*old)
    assert status == 2
    assert "samples/a.eml: source_ip is missing; tell it in a.yml or by an option" in err
    assert ask(*old, "--source-ip", "192.0.2.1", "--helo", "h")[0] == 0


def test_what_mail_holds_moves_no_cursor(ask: Asked) -> None:
    hostile = "From: ann@gmail.com\nTo: a\x1b[2Jb@example.com\n\nhi\n"
    Path("samples/a.eml").write_text(hostile)
    Path("new.yml").write_text(RULES.replace("inside", "outside"))
    told = ("--source-ip", "192.0.2.1", "--helo", "h")
    same = ("--new", "new.yml", "--old", "rules.yml", "--samples", "samples")
    status, out, _ = ask(*same, *told)
    assert status == 0
    assert "DIFFERENT" in out
    assert "\x1b" not in out


def test_no_socket_is_opened(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert ask("cases.yml", "--rule-set", "rules.yml")[0] == 0
