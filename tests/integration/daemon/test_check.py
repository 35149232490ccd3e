"""`gatepostd --check`: what only a host, or this version, can refuse. What the file itself can have
wrong is in tests/unit/config."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import base_config

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:next-AbCdEf"
ANALYZER = "arn:aws:ses:eu-west-1:111122223333:addon-instance/ai-1"
ROLE_ARN = "arn:aws:iam::111122223333:role/mail"
ID = "00000000-0000-0000-0000-000000000001"


def check(directory: Path, config: dict[str, Any]) -> tuple[int, str, str]:
    file = directory / "gatepost.yml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gatepost.daemon.main", "--config", str(file), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def tls(config: dict[str, Any], certificate: Any, key: Any) -> None:
    config["ingress_points"][0]["tls"] = {"certificate": str(certificate), "key": str(key)}


def actions(config: dict[str, Any], *actions: dict[str, Any]) -> None:
    config["rule_sets"][0]["Rules"][0]["Actions"] = list(actions)


def conditions(config: dict[str, Any], *conditions: dict[str, Any]) -> None:
    config["rule_sets"][0]["Rules"][0]["Conditions"] = list(conditions)


def listed() -> dict[str, Any]:
    evaluate = {"IsInAddressList": {"Attribute": "FROM", "AddressLists": ["al-1"]}}
    return {"BooleanExpression": {"Evaluate": evaluate, "Operator": "IS_TRUE"}}


def flag(field: str) -> dict[str, Any]:
    analysis = {"Analyzer": ANALYZER, "ResultField": field}
    return {"Evaluate": {"Analysis": analysis}, "Operator": "IS_TRUE"}


def analysis(field: str = "result") -> dict[str, Any]:
    evaluate = {"Analysis": {"Analyzer": ANALYZER, "ResultField": field}}
    return {"VerdictExpression": {"Evaluate": evaluate, "Operator": "EQUALS", "Values": ["PASS"]}}


def bound(config: dict[str, Any], **binding: str) -> None:
    binding = {"url": "http://127.0.0.1:11333", **binding}
    config["bindings"]["analyzers"] = {"ai-1": binding}


def authenticated(config: dict[str, Any], secret: str) -> None:
    config["relays"][0]["Authentication"] = {"SecretArn": SECRET_ARN}
    config["bindings"]["relays"]["next"] = {"secret_file": secret}


def open_everywhere(config: dict[str, Any]) -> None:
    config["ingress_points"][0]["listen"] = ["0.0.0.0:2525"]
    del config["verified_domains"]


def test_a_good_file(tmp_path: Path) -> None:
    status, out, error = check(tmp_path, base_config())
    assert (status, error) == (0, "")
    assert out == f"{tmp_path / 'gatepost.yml'}: good\n"
    assert [path.name for path in tmp_path.iterdir()] == ["gatepost.yml"]


Case = tuple[Callable[[dict[str, Any]], None], str, str]
CASES: dict[str, Case] = {
    "an open listener": (
        open_everywhere,
        "ingress_points[0].listen[0]",
        "an OPEN ingress point beyond loopback needs verified_domains",
    ),
    "no certificate": (
        lambda config: tls(config, "absent.crt", "absent.key"),
        "ingress_points[0].tls.certificate",
        "absent.crt: No such file or directory",
    ),
    "a certificate that is none": (
        lambda config: tls(config, "gatepost.yml", "gatepost.yml"),
        "ingress_points[0].tls",
        "gatepost.yml: ",
    ),
    "no secret": (
        lambda config: authenticated(config, "absent.json"),
        "bindings.relays.next.secret_file",
        "No such file or directory",
    ),
    "a secret that is no JSON": (
        lambda config: authenticated(config, "gatepost.yml"),
        "bindings.relays.next.secret_file",
        "JSON",
    ),
    "a secret with a third key": (
        lambda config: authenticated(config, "third.json"),
        "bindings.relays.next.secret_file",
        "username",
    ),
    "authorities that are none": (
        lambda config: config["bindings"]["relays"].update(
            next={"tls": "verify", "ca": "gatepost.yml"}
        ),
        "bindings.relays.next.ca",
        "holds no PEM certificates",
    ),
    "a spool that is a file": (
        lambda config: config["spool"].update(path="gatepost.yml"),
        "spool.path",
        "gatepost.yml",
    ),
    "an archive that is not bound": (
        lambda config: actions(
            config, {"Archive": {"TargetArchive": "a-archive"}}, {"Relay": {"Relay": "next"}}
        ),
        "rule_sets[0].Rules[0].Actions[0].Archive",
        "a-archive is not bound: name it under bindings.archives",
    ),
    "a mailbox that is not bound": (
        lambda config: actions(
            config, {"DeliverToMailbox": {"MailboxArn": "m-1", "RoleArn": ROLE_ARN}}
        ),
        "rule_sets[0].Rules[0].Actions[0].DeliverToMailbox.MailboxArn",
        "m-1 is not bound: name it under bindings.mailboxes",
    ),
    "an application that is not bound": (
        lambda config: actions(
            config,
            {"DeliverToQBusiness": {"ApplicationId": ID, "IndexId": ID, "RoleArn": ROLE_ARN}},
        ),
        "rule_sets[0].Rules[0].Actions[0].DeliverToQBusiness.ApplicationId",
        "is not bound: name it under bindings.applications",
    ),
    "an archive without its folder": (
        lambda config: config["bindings"].update(archives={"legal": {"path": "none"}}),
        "bindings.archives.legal.path",
        "none: is not a directory",
    ),
    "mailboxes without their folder": (
        lambda config: config["bindings"].update(
            mailboxes={"m-1": {"maildir": "gatepost.yml/{local}"}}
        ),
        "bindings.mailboxes.m-1.maildir",
        "gatepost.yml: is not a directory",
    ),
    "a bucket in no region": (
        lambda config: actions(config, {"WriteToS3": {"S3Bucket": "mail", "RoleArn": ROLE_ARN}}),
        "aws.region",
        "is missing; WriteToS3 in rule_sets[0].Rules[0].Actions[0].WriteToS3 needs it",
    ),
    "credentials for AWS that are not there": (
        lambda config: config.update(aws={"credentials_file": "none"}),
        "aws.credentials_file",
        "none: is not there",
    ),
    "a sender rewritten": (
        lambda config: actions(config, {"Relay": {"Relay": "next", "MailFrom": "REPLACE"}}),
        "rule_sets[0].Rules[0].Actions[0].Relay",
        "MailFrom REPLACE needs bounce.domain",
    ),
    "keys of SRS that are none": (
        lambda config: config.update(
            bounce={"domain": "srs.test", "secret_file": "absent.json"},
        ),
        "bounce.secret_file",
        "absent.json: No such file or directory",
    ),
    "an analysis that is not bound": (
        lambda config: conditions(config, analysis()),
        "rule_sets[0].Rules[0].Conditions[0].VerdictExpression.Evaluate.Analysis.Analyzer",
        "ai-1 is not bound: name it under bindings.analyzers",
    ),
    "an analysis at RCPT by what judges messages": (
        lambda config: (
            bound(config, type="rspamd"),
            config["traffic_policies"][0]["PolicyStatements"].append(
                {"Action": "DENY", "Conditions": [{"BooleanExpression": flag("spam")}]}
            ),
        ),
        "traffic_policies[0].PolicyStatements[0].Conditions[0].BooleanExpression.Evaluate.Analysis",
        "which judges messages; at RCPT there is none",
    ),
    "a field that rspamd does not have": (
        lambda config: (bound(config, type="rspamd"), conditions(config, analysis("score"))),
        "rule_sets[0]",
        f"asks for the field score of {ANALYZER}, which rspamd does not have",
    ),
    "an analyzer's password that is not there": (
        lambda config: (
            bound(config, type="rspamd", secret_file="none.json"),
            conditions(config, analysis("verdict")),
        ),
        "bindings.analyzers.ai-1.secret_file",
        "none.json: No such file",
    ),
    "an analyzer's authorities that are none": (
        lambda config: (
            bound(config, type="http", url="https://av.test/", ca="third.json"),
            conditions(config, analysis()),
        ),
        "bindings.analyzers.ai-1.ca",
        "third.json: holds no PEM certificates",
    ),
    "an address list that is not bound": (
        lambda config: conditions(config, listed()),
        "rule_sets[0]",
        "needs the address list al-1: bind it under bindings.address_lists",
    ),
    "an address list that is not there": (
        lambda config: (
            conditions(config, listed()),
            config["bindings"].update(address_lists={"al-1": {"file": "none.txt"}}),
        ),
        "bindings.address_lists.al-1.file",
        "none.txt: cannot be read: No such file",
    ),
    "an address list that holds something else": (
        lambda config: (
            conditions(config, listed()),
            config["bindings"].update(address_lists={"al-1": {"file": "third.json"}}),
        ),
        "bindings.address_lists.al-1.file",
        "third.json: line 1 is neither an address nor a pattern",
    ),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    change, path, reason = CASES[case]
    (tmp_path / "third.json").write_text('{"username": "u", "password": "do not show", "extra": 1}')
    config = base_config()
    change(config)
    status, out, error = check(tmp_path, config)
    assert status == 2
    assert out == ""
    assert error.count("\n") == 1, error
    assert error.startswith(f"gatepostd: {tmp_path / 'gatepost.yml'}: {path}"), error
    assert reason in error
    assert "do not show" not in error


def test_a_key_of_another_certificate(tmp_path: Path, pki: Authority) -> None:
    config = base_config()
    tls(config, pki.issue("a.test")[0], pki.issue("b.test")[1])
    status, _, error = check(tmp_path, config)
    assert status == 2
    assert "ingress_points[0].tls: " in error
    assert "mismatch" in error


def test_warnings_do_not_refuse(tmp_path: Path, pki: Authority) -> None:
    config = base_config()
    tls(config, *pki.issue("mx.test", days=-0.5))
    config["rule_sets"][0]["Rules"][0]["Conditions"] = [
        {"BooleanExpression": {"Evaluate": {"Attribute": "TLS"}, "Operator": "IS_TRUE"}}
    ]
    status, _, error = check(tmp_path, config)
    assert status == 0
    first, second = error.splitlines()
    assert "rule_sets[0].Rules: mail that no rule delivers is accepted and goes nowhere" in first
    assert "ingress_points[0].tls.certificate: is not valid today" in second


@pytest.mark.parametrize("file", ["", "version: 1\n", "\x00"])
def test_what_is_no_configuration(tmp_path: Path, file: str) -> None:
    (tmp_path / "gatepost.yml").write_text(file)
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "gatepost.daemon.main"),
            *("--config", str(tmp_path / "gatepost.yml"), "--check"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
