"""The relay, as the role installs it on Debian: its wheels in a virtual environment of Debian's
Python; log, metrics and Received on, every durability option as it is, policy on: a traffic policy,
and by default ten rules on From, recipient and size of which the last one relays."""

from __future__ import annotations

import functools
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from emulators.ports import free_port
from gatepost import __version__
from tests.bench import debian
from tests.bench.peers import Server
from tests.bench.tree import Tree

TRAFFIC_POLICY: Final[dict[str, Any]] = {
    "traffic_policy_name": "edge",
    "default_action": "DENY",
    "max_message_size_bytes": 40_000_000,
    "policy_statements": [
        {
            "action": "DENY",
            "conditions": [
                {
                    "ip_expression": {
                        "evaluate": {"attribute": "SENDER_IP"},
                        "operator": "CIDR_MATCHES",
                        "values": ["192.0.2.0/24"],
                    }
                }
            ],
        },
        {
            "action": "ALLOW",
            "conditions": [
                {
                    "string_expression": {
                        "evaluate": {"attribute": "RECIPIENT"},
                        "operator": "ENDS_WITH",
                        "values": ["@example.com", "@dead.example"],
                    }
                }
            ],
        },
    ],
}


def text(attribute: str, operator: str, *values: str) -> dict[str, Any]:
    """A condition on a string."""
    return {
        "string_expression": {
            "evaluate": {"attribute": attribute},
            "operator": operator,
            "values": list(values),
        }
    }


def size(operator: str, octets: int) -> dict[str, Any]:
    return {
        "number_expression": {
            "evaluate": {"attribute": "MESSAGE_SIZE"},
            "operator": operator,
            "value": octets,
        }
    }


DEAD: Final = {"name": "dead", "conditions": [text("RECIPIENT", "ENDS_WITH", "@dead.example")]}
RELAY: Final = {"relay": {"relay": "sink"}}


def ten_rules() -> list[dict[str, Any]]:
    """Eight that ask for From, recipient and size and do not match, the one for a dead next hop,
    and the one that relays."""
    rules: list[dict[str, Any]] = [
        {
            "name": f"department-{number}",
            "conditions": [
                text("FROM", "ENDS_WITH", "@client.example"),
                size("LESS_THAN", 30_000_000),
                text("RECIPIENT", "STARTS_WITH", f"department-{number}@"),
            ],
            "actions": [{"drop": {}}],
        }
        for number in range(8)
    ]
    rules.append({**DEAD, "actions": [{"relay": {"relay": "dead"}}]})
    unless = DEAD["conditions"]
    rules.append({"name": "rest", "unless": unless, "actions": [RELAY]})
    return rules


def forty_rules() -> list[dict[str, Any]]:
    """39 of ten conditions each, nine of which hold and the tenth does not, and one that relays."""
    rules: list[dict[str, Any]] = [
        {
            "name": f"rule-{number}",
            "conditions": [
                *(text("FROM", "CONTAINS", part) for part in ("sender", "@client", "example")),
                *(
                    text("RECIPIENT", "ENDS_WITH", part)
                    for part in ("example.com", "com", "@example.com")
                ),
                size("LESS_THAN", 30_000_000),
                size("GREATER_THAN", 100),
                text("SUBJECT", "CONTAINS", "message"),
                text("TO", "CONTAINS", f"department-{number}@"),
            ],
            "actions": [{"drop": {}}],
        }
        for number in range(39)
    ]
    return [*rules, {"name": "rest", "actions": [RELAY]}]


WHEELHOUSE: Final = Path(__file__).parents[3] / "roles/relay/files/wheelhouse.py"
PYTHON: Final = "3.11"


@functools.cache
def installed() -> tuple[Path, str]:
    """A Debian root, and the release's programs in it, installed as the role does. Raises
    Unavailable."""
    root = debian.root("python3", "python3-venv")
    machine = platform.machine()
    made = subprocess.run(
        [sys.executable, str(WHEELHOUSE), f"--python={PYTHON}", f"--architecture={machine}"],
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(made.stdout)
    release = f"/opt/gatepost/{found['release']}"
    inside = root / release.lstrip("/")
    if not (inside / ".complete").exists():
        with tempfile.TemporaryDirectory(dir=root / "srv") as wheels:
            with tarfile.open(found["archive"]) as archive:
                archive.extractall(wheels, filter="data")
            place = f"/srv/{Path(wheels).name}"
            pip = [f"{release}/bin/python", "-m", "pip", "--quiet", "--isolated", "install"]
            pip += ["--no-index", "--no-deps", f"--find-links={place}"]
            locked = ["--require-hashes", f"--requirement={place}/requirements.txt"]
            venv = ["python3", "-m", "venv", "--clear", release]
            compiled = [f"{release}/bin/python", "-m", "compileall", "-q", f"{release}/lib"]
            for command in (venv, [*pip, *locked], [*pip, "gatepost"], compiled):
                subprocess.run(["chroot", str(root), *command], check=True)
        (inside / ".complete").touch()
    return root, f"{release}/bin"


class Gatepost(Server):
    """changes: of the file's top level. certificate: a PEM file with its key, for STARTTLS in and
    out."""

    def __init__(
        self,
        workers: int = 1,
        *,
        name: str = "",
        rules: list[dict[str, Any]] | None = None,
        certificate: Path | None = None,
        **changes: Any,
    ) -> None:
        self.name = name or f"Gatepost, {workers} worker{'s' * (workers > 1)}"
        self._workers = workers
        self._rules = ten_rules() if rules is None else rules
        self._certificate = certificate
        self._changes = changes
        self.metrics = f"127.0.0.1:{free_port()}"

    def prepare(self) -> None:
        installed()

    def version(self) -> str:
        return __version__

    def settings(self) -> str:
        shown = {**self.file(0), "rule_sets": "…", "traffic_policies": "…"}
        return f"gatepost.yml\n{yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)}"

    def file(self, sink: int) -> dict[str, Any]:
        secure: dict[str, Any] = {}
        if self._certificate is not None:
            secure = {"tls": dict.fromkeys(("certificate", "key"), "certificate.pem")}
        point = {"name": "edge", "listen": [f"127.0.0.1:{getattr(self, 'port', 0)}"], **secure}
        no_authentication: dict[str, Any] = {"no_authentication": {}}
        relays = {"sink": "sink.example", "dead": "dead.example"}
        return {
            "version": 1,
            "hostname": "gatepost.example",
            "spool": {"engine": "disk", "path": "spool"},
            "ingress_points": [{**point, "traffic_policy": "edge", "rule_set": "main"}],
            "traffic_policies": [TRAFFIC_POLICY],
            "rule_sets": [{"rule_set_name": "main", "rules": self._rules}],
            "relays": [
                {
                    "relay_name": name,
                    "server_name": server,
                    "server_port": 25,
                    "authentication": no_authentication,
                }
                for name, server in relays.items()
            ],
            "bindings": {
                "relays": {
                    "sink": {
                        "address": f"127.0.0.1:{sink}",
                        "tls": "encrypt" if self._certificate else "none",
                    },
                    "dead": {"address": "127.0.0.1:9", "tls": "none"},
                }
            },
            "verified_domains": ["example.com", "dead.example"],
            "workers": self._workers,
            "metrics": {"listen": self.metrics},
            "limits": {"connections": 2000, "connections_per_client": 2000},
            **self._changes,
        }

    def launch(self, directory: Path, sink: int) -> Tree:
        (directory / "gatepost.yml").write_text(yaml.safe_dump(self.file(sink)))
        if self._certificate is not None:
            shutil.copy(self._certificate, directory / "certificate.pem")
        root, programs = installed()
        command = [f"{programs}/gatepostd", "--config", "/srv/gatepost.yml"]
        return Tree(debian.command(root, {directory: "/srv"}, command), directory / "log")
