"""A real gatepostd in its own process group, for tests: started on free ports, waited for, stopped,
killed, and read."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from emulators.ports import free_port


def base_config(**changes: Any) -> dict[str, Any]:
    """A file that relays everything from one OPEN ingress point to the relay `next`, which the
    caller binds to an address. Ports are free ones."""
    config: dict[str, Any] = {
        "version": 1,
        "hostname": "mx.gatepost.test",
        "spool": {"path": "spool", "low_space": 0},
        "ingress_points": [
            {
                "name": "edge",
                "listen": [f"127.0.0.1:{free_port()}"],
                "traffic_policy": "edge",
                "rule_set": "main",
            }
        ],
        "traffic_policies": [
            {"TrafficPolicyName": "edge", "DefaultAction": "ALLOW", "PolicyStatements": []}
        ],
        "rule_sets": [
            {
                "RuleSetName": "main",
                "Rules": [{"Name": "all", "Actions": [{"Relay": {"Relay": "next"}}]}],
            }
        ],
        "relays": [
            {
                "RelayName": "next",
                "ServerName": "next.gatepost.test",
                "ServerPort": 25,
                "Authentication": {"NoAuthentication": {}},
            }
        ],
        "bindings": {"relays": {"next": {"tls": "none"}}},
        "verified_domains": "any",
        "workers": 1,
        "metrics": {"listen": f"127.0.0.1:{free_port()}"},
        "retry": {"first": 1, "ceiling": 1, "jitter": 0},
    }
    config.update(changes)
    return config


class Daemon:
    """directory: where the file, the spool and the secrets are. Use as a context manager, or call
    `stop` or `kill`."""

    def __init__(self, directory: Path, config: Mapping[str, Any]) -> None:
        self.directory = directory
        self.file = directory / "gatepost.yml"
        self.log = directory / "gatepostd.log"
        self.config: dict[str, Any] = dict(config)
        self.process: subprocess.Popen[bytes] | None = None
        self.write()

    def write(self, **changes: Any) -> None:
        """Writes the file anew, with some top-level keys changed."""
        self.config.update(changes)
        self.file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    def port(self, ingress: int = 0, listener: int = 0) -> int:
        address = self.config["ingress_points"][ingress]["listen"][listener]
        return int(address.rpartition(":")[2])

    def start(self, *, wait: bool = True, environment: Mapping[str, str] | None = None) -> Daemon:
        """Returns when every worker takes mail; `wait` False returns at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gatepost.daemon.main", "--config", str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
        if wait:
            starts = len(self.events("Started"))
            self.until(lambda: len(self.events("Started")) > starts)
        return self

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        self.process = None
        return status

    def kill(self) -> None:
        """SIGKILL to the supervisor and its workers at once."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def reload(self) -> None:
        """SIGHUP; returns when the reload was done or refused."""
        assert self.process is not None
        before = len(self.events("Reloaded", "ReloadRefused"))
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: len(self.events("Reloaded", "ReloadRefused")) > before)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The log's events of these names, all without any."""
        if not self.log.exists():
            return []
        found = []
        for line in self.log.read_text("utf-8").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if not names or event.get("event") in names:
                found.append(event)
        return found

    def until(self, true: Callable[[], object], seconds: float = 60) -> Any:
        """Waits for a condition; a daemon that ends meanwhile fails the test with its log."""
        deadline = time.monotonic() + seconds
        while True:
            if value := true():
                return value
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "ended" if ended else "was waited for in vain"
                raise AssertionError(f"gatepostd {why}:\n{self.log.read_text('utf-8')[-5000:]}")
            select.select([], [], [], 0.02)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a path of the HTTP endpoint."""
        url = f"http://{self.config['metrics']['listen']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric that have these labels."""
        from prometheus_client.parser import text_string_to_metric_families

        status, text = self.get("/metrics")
        assert status == 200, text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def queue(self, *arguments: str, status: int = 0) -> Any:
        """`gatepost queue … --json`, parsed."""
        done = self.gatepost("queue", *arguments, "--json")
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def gatepost(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of `gatepost` on this daemon's file."""
        return subprocess.run(
            [
                *(sys.executable, "-P", "-m", "gatepost.cli.main", *arguments),
                *("--config", str(self.file)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def flush(self) -> None:
        """Has everything that waits run now. Nothing may wait any more, which is status 1."""
        done = self.gatepost("queue", "flush", "--all", "--json")
        assert done.returncode in (0, 1), (done.returncode, done.stdout, done.stderr)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
