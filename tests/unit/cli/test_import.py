"""`gatepost import` against botocore's own stubs: what is read, and what is written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from gatepost.cli import import_aws, main
from gatepost.cli.mail_manager import Account
from gatepost.config import load
from gatepost.errors import GatepostError

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:exchange-AbCdEf"
RELAYS = [
    {
        "RelayId": "r-exchange",
        "RelayArn": "arn:aws:ses:eu-west-1:111122223333:mailmanager-smtp-relay/r-exchange",
        "RelayName": "RelayToMyExchangeServer",
        "ServerName": "exchange.example.com",
        "ServerPort": 587,
        "Authentication": {"SecretArn": SECRET},
        "CreatedTimestamp": TIME,
        "LastModifiedTimestamp": TIME,
    },
    {
        "RelayId": "r-google",
        "RelayName": "google",
        "ServerName": "aspmx.l.google.com",
        "ServerPort": 25,
        "Authentication": {"NoAuthentication": {}},
    },
    {
        "RelayId": "r-unused",
        "RelayName": "unused",
        "ServerName": "unused.example.com",
        "ServerPort": 25,
        "Authentication": {"NoAuthentication": {}},
    },
]
RULE_SET = {
    "RuleSetId": "rs-1",
    "RuleSetArn": "arn:aws:ses:eu-west-1:111122223333:mailmanager-rule-set/rs-1",
    "RuleSetName": "main",
    "CreatedDate": TIME,
    "LastModificationDate": TIME,
    "Rules": [
        {
            "Name": "gmail-to-exchange",
            "Conditions": [
                {
                    "StringExpression": {
                        "Evaluate": {"Attribute": "FROM"},
                        "Operator": "CONTAINS",
                        "Values": ["gmail.com"],
                    }
                }
            ],
            "Actions": [{"Relay": {"Relay": "r-exchange", "ActionFailurePolicy": "DROP"}}],
        },
        {"Name": "rest", "Actions": [{"Relay": {"Relay": "google"}}]},
    ],
}
POLICY = {
    "TrafficPolicyId": "tp-1",
    "TrafficPolicyName": "edge-policy",
    "DefaultAction": "ALLOW",
    "PolicyStatements": [],
    "MaxMessageSizeBytes": 1000000,
}
POINT = {
    "IngressPointId": "inp-1",
    "IngressPointName": "edge",
    "Type": "OPEN",
    "Status": "ACTIVE",
    "ARecord": "abc.example.net",
    "TrafficPolicyId": "tp-1",
    "RuleSetId": "rs-1",
    "TlsPolicy": "OPTIONAL",
}


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> tuple[Stubber, Stubber]:
    """Both clients; what a test adds must be asked for in its order."""
    made = []
    for service in ("mailmanager", "sesv2"):
        client = boto3.client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        made.append((client, Stubber(client)))
        made[-1][1].activate()
    account = Account(made[0][0], made[1][0])
    monkeypatch.setattr(import_aws, "open_account", lambda *_: account)
    return made[0][1], made[1][1]


def expect_all(stubs: tuple[Stubber, Stubber], point: dict[str, Any] = POINT) -> None:
    manager, ses = stubs
    summary = {key: point[key] for key in ("IngressPointId", "IngressPointName", "Type", "Status")}
    other = {**summary, "IngressPointId": "inp-0", "IngressPointName": "other"}
    manager.add_response("list_ingress_points", {"IngressPoints": [other], "NextToken": "t"}, {})
    manager.add_response("list_ingress_points", {"IngressPoints": [summary]}, {"NextToken": "t"})
    manager.add_response("get_ingress_point", point, {"IngressPointId": point["IngressPointId"]})
    manager.add_response("get_traffic_policy", POLICY, {"TrafficPolicyId": "tp-1"})
    manager.add_response("get_rule_set", RULE_SET, {"RuleSetId": "rs-1"})
    names = [{key: relay[key] for key in ("RelayId", "RelayName")} for relay in RELAYS]
    manager.add_response("list_relays", {"Relays": names[:1], "NextToken": "u"}, {})
    manager.add_response("list_relays", {"Relays": names[1:]}, {"NextToken": "u"})
    for relay in RELAYS:
        manager.add_response("get_relay", relay, {"RelayId": relay["RelayId"]})
    identity = {"IdentityType": "DOMAIN", "VerificationStatus": "SUCCESS"}
    ses.add_response(
        "list_email_identities",
        {
            "EmailIdentities": [
                {**identity, "IdentityName": "example.com"},
                {**identity, "IdentityName": "late.example", "VerificationStatus": "PENDING"},
            ],
            "NextToken": "v",
        },
        {},
    )
    ses.add_response(
        "list_email_identities",
        {
            "EmailIdentities": [
                {**identity, "IdentityName": "a@b.example", "IdentityType": "EMAIL_ADDRESS"},
                {**identity, "IdentityName": "another.example"},
            ]
        },
        {"NextToken": "v"},
    )


def run(output: Path, *more: str) -> int:
    return main.main(
        [
            *("import", "--region", "eu-west-1", "--ingress", "edge", "--spool", "/var/spool/g"),
            *("--hostname", "mx1.example.net", "--listen", "127.0.0.1:2525", "-o", str(output)),
            *more,
        ]
    )


def test_the_documents_are_those_of_the_api(
    stubs: tuple[Stubber, Stubber], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expect_all(stubs)
    output = tmp_path / "gatepost.yml"
    assert run(output, "--binding", "google:address=127.0.0.1:2526") == 0
    for stub in stubs:
        stub.assert_no_pending_responses()
    content = yaml.safe_load(output.read_text())
    relay = content["relays"][0]
    assert relay == {
        **RELAYS[0],
        "CreatedTimestamp": TIME.isoformat(),
        "LastModifiedTimestamp": TIME.isoformat(),
    }
    assert [each["RelayName"] for each in content["relays"]] == [
        "RelayToMyExchangeServer",
        "google",
    ]
    assert content["rule_sets"][0]["Rules"] == RULE_SET["Rules"]
    assert content["traffic_policies"] == [POLICY]
    assert content["verified_domains"] == ["another.example", "example.com"]
    assert content["bindings"]["relays"] == {
        "RelayToMyExchangeServer": {
            "tls": "verify",
            "secret_file": "RelayToMyExchangeServer.json",
        },
        "google": {"tls": "encrypt", "address": "127.0.0.1:2526"},
    }
    assert content["ingress_points"] == [
        {
            "name": "edge",
            "id": "inp-1",
            "listen": ["127.0.0.1:2525"],
            "type": "OPEN",
            "tls_policy": "OPTIONAL",
            "traffic_policy": "edge-policy",
            "rule_set": "main",
        }
    ]
    assert "RelayToMyExchangeServer.json" in capsys.readouterr().out
    config = load(output)
    (action,) = config.rule_sets["main"].rules[0].actions
    assert action.target == "RelayToMyExchangeServer"
    assert output.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [output]


def test_the_same_account_gives_the_same_file(
    stubs: tuple[Stubber, Stubber], tmp_path: Path
) -> None:
    files = [tmp_path / "a.yml", tmp_path / "b.yml"]
    for file in files:
        expect_all(stubs)
        assert run(file) == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_authenticated_ingress_point_gets_its_skeleton(
    stubs: tuple[Stubber, Stubber], tmp_path: Path
) -> None:
    expect_all(stubs, {**POINT, "Type": "AUTH", "TlsPolicy": "REQUIRED"})
    output = tmp_path / "gatepost.yml"
    assert run(output, "--certificate", "mx.crt", "--key", "mx.key") == 0
    (point,) = yaml.safe_load(output.read_text())["ingress_points"]
    assert point["tls"] == {"certificate": "mx.crt", "key": "mx.key"}
    assert point["auth"] == {"secret_file": "edge-ingress.json"}
    assert load(output).ingress_points[0].username == "inp-1"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--binding", "google"), "--binding google: is not RELAY:KEY=VALUE"),
        (("--binding", "google:port=1"), "known keys: tls, secret_file"),
        (("--binding", "unused:tls=none"), "no rule of these rule sets uses that relay"),
        (("--binding", "google:tls=maybe"), "bindings.relays.google.tls: must be one of"),
        (("--listen", "other=127.0.0.1:1"), "--listen other=…: no such ingress point was read"),
        (("--certificate", "a"), "--certificate and --key go together"),
    ],
)
def test_a_wrong_option_writes_nothing(
    stubs: tuple[Stubber, Stubber],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    reason: str,
) -> None:
    expect_all(stubs)
    assert run(tmp_path / "gatepost.yml", *more) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_ingress_point_that_is_not_there(
    stubs: tuple[Stubber, Stubber], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stubs[0].add_response("list_ingress_points", {"IngressPoints": []}, {})
    assert run(tmp_path / "gatepost.yml") == 2
    assert "--ingress edge: no such ingress point; known: none" in capsys.readouterr().err


def test_a_refused_call_is_one_line(
    stubs: tuple[Stubber, Stubber], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stubs[0].add_client_error(
        "list_ingress_points", "AccessDeniedException", "not yours", http_status_code=403
    )
    assert run(tmp_path / "gatepost.yml") == 2
    error = capsys.readouterr().err
    assert error == "gatepost: ListIngressPoints: AccessDeniedException: not yours\n"


def test_rules_that_name_a_missing_relay(
    stubs: tuple[Stubber, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = import_aws.open_account(None, None, None)
    monkeypatch.setattr(account, "_listed", lambda *_: [])
    with pytest.raises(GatepostError, match="relays that do not exist: google, r-exchange"):
        account._relays([RULE_SET])
