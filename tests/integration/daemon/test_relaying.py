"""Mail through a real daemon: in by CPython's client, out to aiosmtpd."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.daemon.mail import MESSAGE, send, without_trace
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:next-AbCdEf"


def authenticated_relay() -> list[dict[str, Any]]:
    return [
        {
            "RelayName": "next",
            "ServerName": "next.gatepost.test",
            "ServerPort": 587,
            "Authentication": {"SecretArn": SECRET_ARN},
        }
    ]


def test_what_arrives_is_what_was_sent(relaying: Daemon, sink: Sink) -> None:
    assert send(relaying.port()) == {}
    (got,) = sink.wait(1)
    assert without_trace(got.content) == MESSAGE
    assert got.mail_from == "ann@gmail.com"
    assert got.recipients == ["bob@example.com"]
    received = got.content.split(b"\r\nFrom:")[0].decode()
    assert "client.test" in received
    assert "127.0.0.1" in received
    assert "by mx.gatepost.test" in received
    (event,) = relaying.events("Reception")
    assert event["id"] in received
    relaying.until(lambda: relaying.events("Delivery"))
    (delivery,) = relaying.events("Delivery")
    assert delivery["id"] == event["id"]


def test_each_recipient_gets_its_own(relaying: Daemon, sink: Sink) -> None:
    many = [f"r{number}@example.com" for number in range(20)]
    send(relaying.port(), to=many)
    relaying.until(lambda: sum(len(got.recipients) for got in sink.messages) == 20)
    assert sorted(to for got in sink.messages for to in got.recipients) == sorted(many)


def test_the_null_sender_passes(relaying: Daemon, sink: Sink) -> None:
    send(relaying.port(), sender="")
    assert sink.wait(1)[0].mail_from == ""


def test_a_loop_ends(relaying: Daemon, sink: Sink) -> None:
    hops = b"Received: from a by b; Thu, 01 Jan 2026 00:00:00 +0000\r\n" * 100
    with pytest.raises(smtplib.SMTPDataError, match=r"5\.4\.6"):
        send(relaying.port(), hops + MESSAGE)
    send(relaying.port(), hops[: len(hops) // 2] + MESSAGE)
    sink.wait(1)


def test_the_traffic_policy_denies_at_rcpt(daemons: Daemons, sink: Sink) -> None:
    policy = {
        "TrafficPolicyName": "edge",
        "DefaultAction": "ALLOW",
        "MaxMessageSizeBytes": 2000,
        "PolicyStatements": [
            {
                "Action": "DENY",
                "Conditions": [
                    {
                        "StringExpression": {
                            "Evaluate": {"Attribute": "RECIPIENT"},
                            "Operator": "STARTS_WITH",
                            "Values": ["blocked@"],
                        }
                    }
                ],
            }
        ],
    }
    config = base_config(
        traffic_policies=[policy],
        verified_domains=["example.com"],
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
    )
    daemon = daemons(config).start()
    refused = send(
        daemon.port(), to=["blocked@example.com", "bob@example.com", "bob@elsewhere.net"]
    )
    assert {to: code for to, (code, _) in refused.items()} == {
        "blocked@example.com": 550,
        "bob@elsewhere.net": 550,
    }
    assert sink.wait(1)[0].recipients == ["bob@example.com"]
    assert {event["by"] for event in daemon.events("Denial")} == {"statement 0", "verified_domains"}
    with pytest.raises(smtplib.SMTPDataError) as raised:
        send(daemon.port(), MESSAGE + b"x" * 70 + b"\r\n" + b"y" * 990 + b"\r\n" + b"z" * 950)
    assert raised.value.smtp_code == 552


def test_rules_decide_where_mail_goes(daemons: Daemons, sink: Sink) -> None:
    """The onboarding page's own example, and its rest."""
    rules = [
        {
            "Name": "gmail",
            "Conditions": [
                {
                    "StringExpression": {
                        "Evaluate": {"Attribute": "FROM"},
                        "Operator": "CONTAINS",
                        "Values": ["gmail.com"],
                    }
                }
            ],
            "Actions": [
                {"AddHeader": {"HeaderName": "X-Rule", "HeaderValue": "gmail"}},
                {"Relay": {"Relay": "next"}},
                {"Drop": {}},
            ],
        },
        {
            "Name": "replaced",
            "Actions": [
                {"ReplaceRecipient": {"ReplaceWith": ["carl@example.com"]}},
                {"Relay": {"Relay": "next"}},
            ],
        },
    ]
    config = base_config(
        rule_sets=[{"RuleSetName": "main", "Rules": rules}],
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
    )
    daemon = daemons(config).start()
    send(daemon.port())
    (first,) = sink.wait(1)
    assert b"X-Rule: gmail\r\n" in first.content
    assert first.recipients == ["bob@example.com"]
    send(daemon.port(), MESSAGE.replace(b"gmail.com", b"other.net"))
    second = sink.wait(2)[1]
    assert b"X-Rule" not in second.content
    assert second.recipients == ["carl@example.com"]


def test_mail_that_no_rule_delivers_is_told(daemons: Daemons) -> None:
    daemon = daemons(base_config(rule_sets=[{"RuleSetName": "main", "Rules": []}])).start()
    assert send(daemon.port()) == {}
    (event,) = daemon.until(lambda: daemon.events("Unrouted"))
    assert event["recipient"] == "bob@example.com"
    assert daemon.metric("gatepost_unrouted_total") == 1
    assert daemon.queue("list")["total"] == 0


def test_tls_in(daemons: Daemons, sink: Sink, pki: Authority) -> None:
    certificate, key = pki.issue("mx.gatepost.test")
    config = base_config(
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
    )
    config["ingress_points"][0] |= {
        "tls_policy": "REQUIRED",
        "tls": {"certificate": str(certificate), "key": str(key)},
    }
    daemon = daemons(config).start()
    with pytest.raises(smtplib.SMTPException, match="STARTTLS"):
        send(daemon.port())
    context = pki.client_context()
    context.check_hostname = False
    send(daemon.port(), prepare=lambda client: client.starttls(context=context))
    assert b"TLS" in sink.wait(1)[0].content.split(b"\r\nFrom:")[0]
    assert daemon.metric("gatepost_certificate_expiry_timestamp_seconds") > 1.7e9


def test_a_fips_listener_speaks_its_ciphers_alone(daemons: Daemons, pki: Authority) -> None:
    certificate, key = pki.issue("mx.gatepost.test")
    config = base_config()
    config["ingress_points"][0] |= {
        "tls_policy": "FIPS",
        "tls": {"certificate": str(certificate), "key": str(key)},
    }
    daemon = daemons(config).start()

    def cipher(ciphers: str | None) -> str:
        context = pki.client_context()
        context.check_hostname = False
        if ciphers is not None:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        with smtplib.SMTP("127.0.0.1", daemon.port(), timeout=20) as client:
            client.starttls(context=context)
            assert isinstance(client.sock, ssl.SSLSocket)
            used = client.sock.cipher()
            assert used is not None
            return used[0]

    assert "AES" in cipher(None)
    assert "GCM" in cipher(None)
    with pytest.raises((ssl.SSLError, OSError)):
        cipher("ECDHE-ECDSA-CHACHA20-POLY1305")


def test_auth_in_and_out(daemons: Daemons, pki: Authority, tmp_path: Path) -> None:
    certificate, key = pki.issue("mx.gatepost.test")
    (tmp_path / "edge.json").write_text('{"password": "ingress pass"}')
    secret = tmp_path / "next.json"
    secret.write_text('{"username": "relay", "password": "s3cret"}')
    context = pki.server_context("next.gatepost.test")
    with Sink(context=context, accounts={"relay": "s3cret"}) as sink:
        config = base_config(
            relays=authenticated_relay(),
            bindings={
                "relays": {
                    "next": {
                        "tls": "verify",
                        "ca": str(pki.ca),
                        "address": sink.address,
                        "secret_file": str(secret),
                    }
                }
            },
        )
        config["ingress_points"][0] |= {
            "id": "inp-edge",
            "type": "AUTH",
            "tls": {"certificate": str(certificate), "key": str(key)},
            "auth": {"secret_file": str(tmp_path / "edge.json")},
        }
        daemon = daemons(config).start()
        trusting = pki.client_context()
        trusting.check_hostname = False

        def log_in(user: str, password: str) -> Callable[[smtplib.SMTP], None]:
            def prepare(client: smtplib.SMTP) -> None:
                client.starttls(context=trusting)
                client.login(user, password)

            return prepare

        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(daemon.port(), prepare=log_in("inp-edge", "wrong"))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(daemon.port(), prepare=log_in("edge", "ingress pass"))
        with pytest.raises(smtplib.SMTPException):
            send(daemon.port(), prepare=lambda client: client.starttls(context=trusting))
        send(daemon.port(), prepare=log_in("inp-edge", "ingress pass"))
        (got,) = sink.wait(1)
        assert got.tls
        assert got.username == "relay"
    text = daemon.log.read_text()
    assert "s3cret" not in text
    assert "ingress pass" not in text


def test_a_certificate_that_is_not_the_relays_keeps_the_mail(
    daemons: Daemons, pki: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "next.json"
    secret.write_text('{"username": "relay", "password": "s3cret"}')
    with Sink(context=pki.server_context("impostor.test"), accounts={"relay": "s3cret"}) as sink:
        binding = {
            "tls": "verify",
            "ca": str(pki.ca),
            "address": sink.address,
            "secret_file": str(secret),
        }
        config = base_config(relays=authenticated_relay(), bindings={"relays": {"next": binding}})
        daemon = daemons(config).start()
        send(daemon.port())
        daemon.until(lambda: daemon.events("TransientFailure"))
        (waiting,) = daemon.queue("list")["entries"]
        assert "certificate" in waiting["last_error"].lower()
        assert sink.messages == []
        assert sink.refused_logins == 0


def test_a_client_certificate_is_asked_for(daemons: Daemons, pki: Authority, sink: Sink) -> None:
    certificate, key = pki.issue("mx.gatepost.test")
    config = base_config(
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
    )
    config["ingress_points"][0] |= {
        "type": "MTLS",
        "tls": {"certificate": str(certificate), "key": str(key), "client_ca": str(pki.ca)},
    }
    daemon = daemons(config).start()
    context = pki.client_context()
    context.check_hostname = False
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(daemon.port(), prepare=lambda client: client.starttls(context=context))
    context.load_cert_chain(*pki.issue("client.test"))
    send(daemon.port(), prepare=lambda client: client.starttls(context=context))
    sink.wait(1)


def test_an_address_list_is_read_again_at_a_reload(daemons: Daemons, sink: Sink) -> None:
    evaluate = {"IsInAddressList": {"Attribute": "RECIPIENT", "AddressLists": ["al-1"]}}
    listed = {"BooleanExpression": {"Evaluate": evaluate, "Operator": "IS_TRUE"}}
    config = base_config(
        rule_sets=[
            {
                "RuleSetName": "main",
                "Rules": [{"Conditions": [listed], "Actions": [{"Relay": {"Relay": "next"}}]}],
            }
        ],
        bindings={
            "relays": {"next": {"tls": "none", "address": sink.address}},
            "address_lists": {"al-1": {"file": "partners.txt"}},
        },
    )
    daemon = daemons(config)
    partners = daemon.directory / "partners.txt"
    partners.write_text("# who may be written to\n\nbob@example.com\n*@partner.example\n")
    daemon.start()
    send(daemon.port(), to=["bob@example.com", "eve@example.com", "x@partner.example"])
    got = sink.wait(1)
    daemon.until(lambda: sum(len(each.recipients) for each in got) == 2)
    (event,) = daemon.events("Unrouted")
    assert event["recipient"] == "eve@example.com"
    # A list that is wrong keeps the old one in force.
    partners.write_text("not an address\n")
    daemon.reload()
    (refused,) = daemon.events("ReloadRefused")
    assert "partners.txt: line 1 is neither an address nor a pattern" in refused["reason"]
    partners.write_text("eve@example.com\n")
    daemon.reload()
    send(daemon.port(), to="eve@example.com")
    daemon.until(
        lambda: "eve@example.com" in [to for each in sink.messages for to in each.recipients]
    )
