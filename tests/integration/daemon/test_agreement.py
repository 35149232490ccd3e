"""What `gatepost explain` says and what the running daemon does are one: random policies
and messages through real listeners; at the next hops every effect that was predicted, no other."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from emulators.ports import free_port
from gatepost.cli import inputs, situation
from gatepost.cli.explanation import as_json
from tests import budget
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.policies import ENTRIES, RELAYS, SENDERS, SOURCES, Policies
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Got, Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]

SEEDS = budget.of(range(1), range(20))
POLICIES = 30
MESSAGES = 4


class Client(smtplib.SMTP):
    """Comes by a proxy, which says for whom."""

    def __init__(self, port: int, source_ip: str, helo: str) -> None:
        self._source_ip = source_ip
        super().__init__("127.0.0.1", port, local_hostname=helo, timeout=60)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # type: ignore[override]
        made = socket.create_connection((host, port), timeout)
        family = "TCP6" if ":" in self._source_ip else "TCP4"
        made.sendall(f"PROXY {family} {self._source_ip} {self._source_ip} 1024 25\r\n".encode())
        return made


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, what explain said of it, and what the daemon answered: a code for each recipient,
    the final one, None where no content was sent."""

    mail_from: str
    explained: list[dict[str, Any]]
    codes: list[int]
    final: int | None
    message_id: str


def configured(random: Random, pki: Authority, sinks: Mapping[str, Sink]) -> dict[str, Any]:
    """One ingress point a policy; verified domains govern all of them."""
    policies = Policies(random)
    certificate, key = pki.issue("mx.gatepost.test")
    names = [f"policy-{number}" for number in range(POLICIES)]
    return base_config(
        ingress_points=[
            {
                "name": name,
                "listen": [f"127.0.0.1:{free_port()}"],
                "tls": {"certificate": str(certificate), "key": str(key)},
                "proxy_protocol_from": ["127.0.0.0/8"],
                "traffic_policy": name,
                "rule_set": name,
            }
            for name in names
        ],
        traffic_policies=[policies.traffic_policy(name) for name in names],
        rule_sets=[policies.rule_set(name) for name in names],
        relays=[
            {
                "RelayName": name,
                "ServerName": f"{name}.gatepost.test",
                "ServerPort": 25,
                "Authentication": {"NoAuthentication": {}},
            }
            for name in sinks
        ],
        bindings={
            "relays": {
                name: {"tls": "none", "address": sink.address} for name, sink in sinks.items()
            },
            "send": {"relay": "send"},
            "address_lists": {"al-1": {"file": "al-1.txt"}},
        },
        bounce={"relay": "bounce"},
        verified_domains=["example.com"],
        workers=2,
    )


def sent(daemon: Daemon, random: Random, ingress: int, number: int, judges: Any) -> Sent:
    policies = Policies(random)
    message, mail_from = policies.message(number), random.choice(SENDERS)
    recipients, source_ip = policies.recipients(), random.choice(SOURCES)
    helo = random.choice(("mail.example.com", "x.test"))
    tls = random.choice((None, None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
    told = situation.Given(
        mail_from=mail_from,
        recipients=tuple(recipients),
        source_ip=source_ip,
        helo=helo,
        tls={None: None, ssl.TLSVersion.TLSv1_2: "TLS1_2", ssl.TLSVersion.TLSv1_3: "TLS1_3"}[tls],
    )
    made = situation.decide(judges, situation.situation(told, situation.wire_form(message)))
    with Client(daemon.port(ingress), source_ip, helo) as client:
        if tls is not None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = context.maximum_version = tls
            client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        assert client.mail(mail_from)[0] == 250
        codes = [client.rcpt(each)[0] for each in recipients]
        final, text = client.data(message) if 250 in codes else (None, b"")
    found = re.search(rb"Accepted as (\S+)", text)
    return Sent(
        mail_from,
        as_json(made)["recipients"],
        codes,
        final,
        found[1].decode() if found else "",
    )


Delivered = tuple[int, str, str, str, tuple[tuple[str, str], ...]]


def arrived(relay: str, got: Got) -> Iterator[Delivered]:
    """Message number, relay, sender, recipient and added headers of what a sink has."""
    # A notice comes as it was made, with the message that it is about.
    above, _received, _rest = got.content.partition(b"Received: ")
    added = b"" if relay == "bounce" else above
    headers = [line.partition(b": ") for line in added.split(b"\r\n") if line]
    number = re.findall(rb"^X-Number: (\d+)\r$", got.content, re.MULTILINE)[0]
    for recipient in got.recipients:
        yield (
            int(number),
            relay,
            got.mail_from,
            recipient,
            tuple((name.decode(), value.decode()) for name, _colon, value in headers),
        )


def predicted(number: int, one: Sent) -> Iterator[Delivered]:
    """The same of what explain said, of recipients that the daemon took."""
    for recipient in one.explained:
        for effect in recipient["effects"]:
            headers = tuple((name, value) for name, value in effect["headers"])
            match effect["action"]:
                case "Bounce":
                    if one.mail_from:
                        yield number, "bounce", "", one.mail_from, ()
                case "Send":
                    yield number, "send", effect["mail_from"], effect["recipient"], headers
                case "Relay":
                    target = effect["target"]
                    yield number, target, effect["mail_from"], effect["recipient"], headers


@pytest.mark.parametrize("seed", SEEDS)
def test_explain_and_the_daemon_agree(daemons: Daemons, pki: Authority, seed: int) -> None:
    random = Random(seed)
    with ExitStack() as stack:
        sinks = {name: stack.enter_context(Sink()) for name in (*RELAYS, "send", "bounce")}
        daemon = daemons(configured(random, pki, sinks))
        (daemon.directory / "al-1.txt").write_text("\n".join(ENTRIES))
        daemon.start()
        judges = [
            inputs.judges_of_config(str(daemon.file), f"policy-{ingress}")
            for ingress in range(POLICIES)
        ]
        all_sent = {
            number: sent(daemon, random, number % POLICIES, number, judges[number % POLICIES])
            for number in range(POLICIES * MESSAGES)
        }
        daemon.until(lambda: daemon.queue("list")["total"] == 0)
        daemon.stop()
        outcomes = Counter(
            delivered
            for name, sink in sinks.items()
            for got in sink.messages
            for delivered in arrived(name, got)
        )
    for number, one in all_sent.items():
        _judge_answers(one)
        expected = Counter(predicted(number, one)) if one.final == 250 else Counter[Delivered]()
        found = Counter({key: count for key, count in outcomes.items() if key[0] == number})
        assert found == expected, (number, one)
    _judge_events(daemon, {one.message_id: one for one in all_sent.values() if one.message_id})
    # The vocabulary is worth its while: every kind of end was met.
    finals = Counter(each["final"] for one in all_sent.values() for each in one.explained)
    assert {"relay", "send", "drop", "bounce", "none"} <= finals.keys()
    assert {250, 550, 552} <= {one.final for one in all_sent.values()} | {
        code for one in all_sent.values() for code in one.codes
    }


def _judge_answers(one: Sent) -> None:
    """The replies are the admissions: each recipient's at RCPT, what concerns content at DATA."""
    late = ("size",)
    for recipient, code in zip(one.explained, one.codes, strict=True):
        admitted, by = recipient["admitted"], recipient["admitted_by"]
        assert admitted is not None
        if by == "verified_domains" and not admitted and code == 250:
            # Where recipients are replaced, the law is judged on the plan.
            assert one.final == 550
        elif by in late and not admitted and code == 250:
            assert one.final == 552
        else:
            assert (code == 250) is admitted, one
    if one.final == 250:
        assert any(each["admitted"] for each in one.explained)


def _judge_events(daemon: Daemon, by_id: Mapping[str, Sent]) -> None:
    """The log tells of each recipient which rules matched and how it ended."""
    told: dict[str, Counter[tuple[str, str, str | None]]] = defaultdict(Counter)
    for event in daemon.events("Match", "Drop", "Unrouted"):
        rule = event["rule"] if event["event"] == "Match" else None
        told[event["id"]][event["event"], event["recipient"], rule] += 1
    assert by_id
    for message_id, one in by_id.items():
        expected: Counter[tuple[str, str, str | None]] = Counter()
        for recipient in one.explained:
            for looked in recipient["trace"]:
                if looked["matched"]:
                    expected["Match", looked["recipient"], looked["rule"]] += 1
            end = {"drop": "Drop", "none": "Unrouted"}.get(recipient["final"])
            if end and recipient["admitted"]:
                expected[end, recipient["recipient"], None] += 1
        assert told[message_id] == expected, one
