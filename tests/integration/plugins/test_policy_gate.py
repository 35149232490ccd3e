"""The gate of mailmanager_rule_set by the real ansible-playbook: rules that fail a case change
nothing, and what they would change for past mail is said."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import yaml
from ansible_collections.gatepost.mail.plugins.modules import mailmanager_rule_set

CASES = """
cases:
  - name: mail goes to Google
    message: "From: ann@example.org\\n\\nhello\\n"
    mail_from: ann@example.org
    rcpt: bob@example.com
    source_ip: 192.0.2.1
    helo: mail.example.org
    expect:
      effects: [{action: relay, target: RelayToGoogleWorkspace}]
      final: relay
"""
SAMPLE = """Received: from mail.example.net (mail.example.net [192.0.2.7]) by mx
Return-Path: <carol@gmail.com>
Delivered-To: bob@example.com
From: carol@gmail.com

hello
"""
PLAYBOOK = Path(__file__).parents[3] / "playbooks/onboard_google_workspace.yml"
NAMES = ("RelayToGoogleWorkspace", "RelayToMyExchangeServer")


@pytest.fixture
def play(aws, emulated, tmp_path):
    """Runs the tasks, and returns the result of the last one with what was printed."""
    for name in NAMES:
        aws.apply(
            "mailmanager_relay",
            name=name,
            server_name="mx.example.net",
            server_port=25,
            authentication={"no_authentication": {}},
        )
    (tmp_path / "policy-cases.yml").write_text(CASES)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/gmail.eml").write_text(SAMPLE)
    environment = {
        **os.environ,
        **emulated["env"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
    }

    def run(*tasks, options=(), fails=False):
        told = {"name": "Show", "ansible.builtin.debug": {"msg": "RESULT {{ done | to_json }}"}}
        last = {**tasks[-1], "register": "done", "ignore_errors": fails}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/gatepost.mail.aws": {"region": "eu-west-1"}},
            "tasks": [*tasks[:-1], last, told],
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,"]
        done = subprocess.run(
            [*command, str(tmp_path / "play.yml"), *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        (line,) = [line for line in done.stdout.splitlines() if '"msg": "RESULT ' in line]
        shown = json.loads(line.strip().removeprefix('"msg": '))
        return json.loads(shown.removeprefix("RESULT ")), printed

    return run


def rule_set(relay, *, tests=None, **more):
    rule = {"name": "all", "actions": [{"relay": {"relay": relay}}]}
    options = {"name": "main", "rules": [rule], **({"tests": tests} if tests else {}), **more}
    return {"name": "Rules", "gatepost.mail.mailmanager_rule_set": options}


def relay_now():
    """Where the rule set relays to, by the service itself."""
    mail = boto3.client("mailmanager")
    (found,) = mail.list_rule_sets()["RuleSets"]
    rules = mail.get_rule_set(RuleSetId=found["RuleSetId"])["Rules"]
    relay = mail.get_relay(RelayId=rules[0]["Actions"][0]["Relay"]["Relay"])
    return relay["RelayName"]


def test_a_failing_case_changes_nothing(aws, play):
    tests = {"cases": ["policy-cases.yml"]}
    made, _ = play(rule_set("RelayToGoogleWorkspace", tests=tests))
    assert made["changed"]
    assert made["policy_tests"]["passed"] == 1
    aws.forget_calls()
    for options in ((), ("--check",)):
        refused, _ = play(
            rule_set("RelayToMyExchangeServer", tests=tests), options=options, fails=True
        )
        assert refused["failed"]
        assert not refused["changed"]
        assert "1 of 1 cases fail, nothing was changed: mail goes to Google" in refused["msg"]
    assert aws.writes() == {}
    assert relay_now() == "RelayToGoogleWorkspace"


def test_what_changes_for_past_mail_is_said(aws, play):
    tests = {"samples": "samples"}
    first, _ = play(rule_set("RelayToGoogleWorkspace", tests=tests))
    assert "policy_tests" not in first, "there is no version before"
    same, _ = play(rule_set("RelayToGoogleWorkspace", tests=tests))
    assert not same["changed"]
    assert (same["policy_tests"]["samples"], same["policy_tests"]["different"]) == (1, [])
    predicted, _ = play(rule_set("RelayToMyExchangeServer", tests=tests), options=("--check",))
    assert relay_now() == "RelayToGoogleWorkspace"
    made, printed = play(rule_set("RelayToMyExchangeServer", tests=tests), options=("--diff",))
    assert predicted["changed"]
    assert made["changed"]
    assert predicted["policy_tests"]["different"] == made["policy_tests"]["different"]
    assert made["policy_tests"]["different"] == ["gmail.eml"]
    assert "1 of 1 samples are treated differently by the new rules (gmail.eml)" in printed
    assert "- relay RelayToGoogleWorkspace from <carol@gmail.com> to <bob@example.com>" in printed
    assert relay_now() == "RelayToMyExchangeServer"


def test_same_refuses_differences(aws, play):
    play(rule_set("RelayToGoogleWorkspace"))
    tests = {"samples": "samples", "same": True}
    refused, _ = play(rule_set("RelayToMyExchangeServer", tests=tests), fails=True)
    assert refused["failed"]
    assert "samples would be treated differently: gmail.eml" in refused["msg"]
    assert relay_now() == "RelayToGoogleWorkspace"


def test_a_traffic_policy_stands_before_the_rules(aws, play):
    policy = {"traffic_policy_name": "edge", "default_action": "DENY", "policy_statements": []}
    tests = {"cases": ["policy-cases.yml"], "traffic_policy": policy}
    refused, _ = play(rule_set("RelayToGoogleWorkspace", tests=tests), fails=True)
    assert refused["failed"]
    assert "final: expected relay, not none" in refused["msg"]
    assert boto3.client("mailmanager").list_rule_sets()["RuleSets"] == []


def test_the_documented_example_runs_as_it_stands(aws, play):
    tasks = yaml.safe_load(mailmanager_rule_set.EXAMPLES)
    assert "tests" in tasks[-1]["gatepost.mail.mailmanager_rule_set"]
    made, printed = play(*tasks)
    assert made["policy_tests"]["passed"] == 1
    assert made["policy_tests"]["different"] == ["gmail.eml"]
    assert "1 of 1 samples are treated differently" in printed


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ({"cases": []}, "tests: name cases, samples or both"),
        ({"cases": ["none.yml"]}, "none.yml"),
        ({"cases": ["policy-cases.yml"], "same": True}, "tests: same goes with samples"),
        ({"case": ["policy-cases.yml"]}, "tests.case: not an option of tests"),
    ],
)
def test_wrong_tests_change_nothing(aws, play, tests, told):
    aws.forget_calls()
    refused, _ = play(rule_set("RelayToGoogleWorkspace", tests=tests), fails=True)
    assert refused["failed"]
    assert told in refused["msg"]
    assert aws.writes() == {}


def test_the_onboarding_playbook_asks_the_cases(aws, emulated, tmp_path):
    """Of its rules and its traffic policy, before the rule set is made."""
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    inside, outside = "bob@example.com", "bob@example.org"
    case = yaml.safe_load(CASES)["cases"][0] | {"expect": {"admitted": True}}
    variables = {
        "gatepost_domain": "example.com",
        "gatepost_region": "eu-west-1",
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_publish_dns": "route53",
        "gatepost_read_dns": False,
        "gatepost_attestation_file": str(tmp_path / "attestation.json"),
        "gatepost_policy_tests": "cases.yml",
    }
    (tmp_path / "vars.json").write_text(json.dumps(variables))

    def run(rcpt):
        (tmp_path / "cases.yml").write_text(yaml.safe_dump({"cases": [case | {"rcpt": rcpt}]}))
        return subprocess.run(
            [
                *(str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,"),
                *(str(PLAYBOOK), "-e", "@vars.json"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                **emulated["env"],
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_HOME": str(tmp_path / "ansible"),
                "GATEPOST_RELAY_USERNAME": "relay-user",
                "GATEPOST_RELAY_PASSWORD": "Open-Sesame-42-Gate",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    refused = run(outside)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert f"{outside}: admitted: expected true, not false by default" in refused.stdout
    assert boto3.client("mailmanager").list_rule_sets()["RuleSets"] == []
    passed = run(inside)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert len(boto3.client("mailmanager").list_rule_sets()["RuleSets"]) == 1


def test_the_module_itself_refuses_tests(aws):
    told = aws.refuse("mailmanager_rule_set", name="main", rules=[], tests={"cases": ["x"]})
    assert "tests: are carried out by the action plugin" in told
