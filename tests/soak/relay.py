"""The daemon of a run: its file, its log read as it grows, and what /proc says of its processes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.soak.hop import LARGE

HOSTNAME: Final = "mx.gatepost.test"
PER_CLIENT: Final = 40
"""Connections that one client may have."""
ROLE: Final = "arn:aws:iam::123456789012:role/mail"
# Events that a run looks at one by one; the others are counted.
_KEPT: Final = ("Started", "Reloaded", "ReloadRefused", "WorkerDied", "Fault")


def config(directory: Path, authority: Authority, hops: dict[str, str]) -> dict[str, Any]:
    """hops: addresses of `next`, `secure` and `notices`."""
    (directory / "archive").mkdir()
    install(directory, authority)
    made = base_config(
        hostname=HOSTNAME,
        workers=2,
        retry={"first": 1, "factor": 2, "ceiling": 8, "jitter": 0.2},
        limits={"connections_per_client": PER_CLIENT},
        bounce={"relay": "notices"},
        **documents_of_a_run(),
        bindings={
            "relays": {
                name: {"address": address, "tls": "none"}
                if name != "secure"
                else {"address": address, "tls": "verify", "ca": str(authority.ca)}
                for name, address in hops.items()
            },
            "archives": {"kept": {"path": "archive"}},
        },
    )
    made["ingress_points"][0]["tls"] = {"certificate": "server.pem", "key": "server.key"}
    return made


def documents_of_a_run() -> dict[str, Any]:
    """Relays, traffic policy and rule set, as the file has them."""
    return {
        "relays": [
            {
                "RelayName": name,
                "ServerName": f"{name}.gatepost.test",
                "ServerPort": 25,
                "Authentication": {"NoAuthentication": {}},
            }
            for name in ("next", "secure", "notices")
        ],
        "traffic_policies": [
            {
                "TrafficPolicyName": "edge",
                "DefaultAction": "ALLOW",
                "PolicyStatements": [
                    {"Action": "DENY", "Conditions": [_to("refused.example")]},
                ],
            }
        ],
        "rule_sets": [{"RuleSetName": "main", "Rules": _rules()}],
    }


def _to(domain: str) -> dict[str, Any]:
    return {
        "StringExpression": {
            "Evaluate": {"Attribute": "RECIPIENT"},
            "Operator": "ENDS_WITH",
            "Values": [f"@{domain}"],
        }
    }


def _rules() -> list[dict[str, Any]]:
    large = {
        "NumberExpression": {
            "Evaluate": {"Attribute": "MESSAGE_SIZE"},
            "Operator": "GREATER_THAN",
            "Value": LARGE,
        }
    }
    bounce = {
        "RoleArn": ROLE,
        "Sender": "postmaster@gatepost.test",
        "StatusCode": "5.7.1",
        "SmtpReplyCode": "550",
        "DiagnosticMessage": "not wanted",
    }

    def header(name: str) -> dict[str, Any]:
        return {"AddHeader": {"HeaderName": name, "HeaderValue": "yes"}}

    to_next: dict[str, Any] = {"Relay": {"Relay": "next"}}
    drop: dict[str, Any] = {"Drop": {}}
    return [
        {"Name": "dropped", "Conditions": [_to("drop.example")], "Actions": [drop]},
        {
            "Name": "bounced",
            "Conditions": [_to("bounce.example")],
            "Actions": [{"Bounce": bounce}, drop],
        },
        {"Name": "large", "Conditions": [large], "Actions": [header("X-Soak-Large")]},
        {
            "Name": "archived",
            "Conditions": [_to("archive.example")],
            "Actions": [{"Archive": {"TargetArchive": "kept"}}, to_next, drop],
        },
        {
            "Name": "secured",
            "Conditions": [_to("secure.example")],
            "Actions": [header("X-Soak-Secure"), {"Relay": {"Relay": "secure"}}, drop],
        },
        {"Name": "rest", "Actions": [to_next]},
    ]


def install(directory: Path, authority: Authority) -> None:
    """A new certificate where the file says it is."""
    certificate, key = authority.issue(HOSTNAME)
    key.rename(directory / "server.key")
    certificate.rename(directory / "server.pem")


class Relay(Daemon):
    """counts: events of the log so far, by name."""

    def __init__(self, directory: Path, config: dict[str, Any]) -> None:
        super().__init__(directory, config)
        self.counts: Counter[str] = Counter()
        self._kept: list[dict[str, Any]] = []
        self._read = 0
        self._part = b""

    def events(self, *names: str) -> list[dict[str, Any]]:
        """Of those that are kept; the log of half an hour is read once."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(self._read)
            data = log.read()
        self._read += len(data)
        *lines, self._part = (self._part + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "not JSON", "line": line.decode(errors="replace")[:200]}
            self.counts[event["event"]] += 1
            if event["event"] in (*_KEPT, "not JSON"):
                self._kept.append(event)
        return [event for event in self._kept if not names or event["event"] in names]

    def pids(self) -> list[int]:
        """The supervisor, then its workers."""
        if self.process is None:
            return []
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def archived(self) -> set[str]:
        """Recipients of the copies in the archive."""
        return {
            address
            for index in self.directory.glob("archive/*/index.jsonl")
            for line in index.read_text().splitlines()
            for address in json.loads(line)["recipients"]
        }
