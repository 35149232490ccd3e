"""From Mail Manager to a host: what the API holds is written by `gatepost import`, and gatepostd
takes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import emulators
from emulators.ports import free_port
from tests.integration.aws.cloud import Cloud, make_secret
from tests.integration.daemon.pki import Authority

GMAIL = {
    "StringExpression": {
        "Evaluate": {"Attribute": "FROM"},
        "Operator": "CONTAINS",
        "Values": ["gmail.com"],
    }
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with emulators.running(only=["aws"]) as info:
        yield Cloud(info)


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> dict[str, str]:
    """Two ingress points, an identity that is verified and one that is not; ids by name. Rules name
    one relay by its id, the other by its ARN, and an address list by its ARN."""
    mail = cloud.client("mailmanager")
    server = {"ServerName": "aspmx.l.google.com", "ServerPort": 25}
    google = mail.create_relay(
        RelayName="google", Authentication={"NoAuthentication": {}}, **server
    )["RelayId"]
    arn = make_secret(cloud)
    exchange = mail.create_relay(
        RelayName="RelayToMyExchangeServer",
        ServerName="exchange.example.net",
        ServerPort=587,
        Authentication={"SecretArn": arn},
    )["RelayId"]
    partners = mail.create_address_list(AddressListName="partners")["AddressListId"]
    for address in ("bob@partner.example", "*@other.example"):
        mail.register_member_to_address_list(AddressListId=partners, Address=address)
    arn = mail.get_address_list(AddressListId=partners)["AddressListArn"]
    evaluate = {"IsInAddressList": {"Attribute": "FROM", "AddressLists": [arn]}}
    rules = mail.create_rule_set(
        RuleSetName="main",
        Rules=[
            {
                "Name": "partners",
                "Conditions": [
                    {"BooleanExpression": {"Evaluate": evaluate, "Operator": "IS_TRUE"}}
                ],
                "Actions": [{"AddHeader": {"HeaderName": "X-Partner", "HeaderValue": "yes"}}],
            },
            {
                "Name": "gmail",
                "Conditions": [GMAIL],
                "Actions": [{"Relay": {"Relay": exchange, "MailFrom": "PRESERVE"}}],
            },
            {
                "Name": "rest",
                "Unless": [GMAIL],
                "Actions": [{"Relay": {"Relay": mail.get_relay(RelayId=google)["RelayArn"]}}],
            },
        ],
    )["RuleSetId"]
    policy = mail.create_traffic_policy(
        TrafficPolicyName="edge", DefaultAction="ALLOW", PolicyStatements=[]
    )["TrafficPolicyId"]
    common = {"RuleSetId": rules, "TrafficPolicyId": policy}
    edge = mail.create_ingress_point(
        IngressPointName="edge", Type="OPEN", TlsPolicy="OPTIONAL", **common
    )["IngressPointId"]
    submission = mail.create_ingress_point(
        IngressPointName="submission",
        Type="AUTH",
        IngressPointConfiguration={"SmtpPassword": "a-long-Passw0rd"},
        **common,
    )["IngressPointId"]
    _identities(cloud)
    cloud.control("POST", "/clock", {"advance": 3600})
    return {"edge": edge, "submission": submission, "partners": partners}


def _identities(cloud: Cloud) -> None:
    identities, dns = cloud.client("sesv2"), cloud.client("route53")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    identities.create_email_identity(EmailIdentity="not-verified.example")
    made = identities.create_email_identity(EmailIdentity="example.com")
    for token in made["DkimAttributes"]["Tokens"]:
        record = {
            "Name": f"{token}._domainkey.example.com",
            "Type": "CNAME",
            "TTL": 60,
            "ResourceRecords": [{"Value": f"{token}.dkim.amazonses.com"}],
        }
        change = {"Action": "CREATE", "ResourceRecordSet": record}
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def imported(cloud: Cloud, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return _run(
        "gatepost.cli.main",
        *("import", "--endpoint-url", cloud.info["aws"], "--region", "us-east-1"),
        *("--hostname", "mx.example.net", "--spool", "spool", *arguments),
        *("-o", str(directory / "gatepost.yml")),
        env={**os.environ, **keys},
    )


def _run(module: str, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)


def check(file: Path) -> tuple[int, str]:
    done = _run("gatepost.daemon.main", "--config", str(file), "--check")
    return done.returncode, done.stderr


def test_what_is_imported_is_taken(
    cloud: Cloud, account: dict[str, str], tmp_path: Path, pki: Authority
) -> None:
    certificate, key = pki.issue("mx.example.net")
    cloud.control("DELETE", "/aws/calls")
    done = imported(
        cloud,
        tmp_path,
        *("--listen", f"edge=127.0.0.1:{free_port()}"),
        *("--listen", f"submission=127.0.0.1:{free_port()}"),
        *("--certificate", str(certificate), "--key", str(key)),
    )
    assert done.returncode == 0, done.stderr
    assert "RelayToMyExchangeServer.json" in done.stdout
    # Nothing was changed there, and nobody's secret was read.
    calls = cloud.control("GET", "/aws/calls")
    assert calls["writes"] == {}
    assert "secretsmanager" not in str(calls["reads"]).lower()
    file = tmp_path / "gatepost.yml"
    content = yaml.safe_load(file.read_text())
    assert content["verified_domains"] == ["example.com"]
    assert {point["id"] for point in content["ingress_points"]} == {
        account["edge"],
        account["submission"],
    }
    members = (tmp_path / f"{account['partners']}.txt").read_text()
    assert members == "*@other.example\nbob@partner.example\n"
    # The daemon says what is still to be given, one by one.
    status, error = check(file)
    assert status == 2
    assert "submission-ingress.json" in error
    _secret(tmp_path / "submission-ingress.json", password="a-long-Passw0rd")
    status, error = check(file)
    assert status == 2
    assert "bindings.relays.RelayToMyExchangeServer.secret_file" in error
    _secret(tmp_path / "RelayToMyExchangeServer.json", username="relay", password="s3cret-value")
    assert check(file) == (0, "")
    # The same account gives the same file.
    first = file.read_text()
    again = [argument for argument in done.args if isinstance(argument, str)]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    subprocess.run(again, check=True, capture_output=True, timeout=120, env={**os.environ, **keys})
    assert file.read_text() == first


def _secret(file: Path, **members: str) -> None:
    file.write_text(json.dumps(members))
    file.chmod(0o640)


def test_one_ingress_point_by_its_id(cloud: Cloud, account: dict[str, str], tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    done = imported(cloud, tmp_path, "--ingress", account["edge"], "--listen", listen)
    assert done.returncode == 0, done.stderr
    content = yaml.safe_load((tmp_path / "gatepost.yml").read_text())
    assert [point["name"] for point in content["ingress_points"]] == ["edge"]


@pytest.mark.usefixtures("account")
def test_wrong_questions(cloud: Cloud, tmp_path: Path) -> None:
    for arguments, reason in (
        (("--ingress", "egde", "--listen", "127.0.0.1:2525"), "egde"),
        (("--listen", "127.0.0.1:2525"), "give --listen"),
        (("--ingress", "edge", "--listen", "2525"), "listen"),
    ):
        done = imported(cloud, tmp_path, *arguments)
        assert done.returncode == 2
        assert reason in done.stderr
        assert "Traceback" not in done.stderr
        assert list(tmp_path.iterdir()) == []
