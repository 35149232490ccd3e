"""What a task costs: reads, writes and wall time of the collection's modules, beside those of
amazon.aws and community.aws, against one emulated AWS. Each task runs by the real ansible-playbook,
first as a creation, then as a second run that finds nothing to change."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

import emulators
from tests.bench import loads

REGION: Final = "eu-west-1"
POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Root",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Task:
    """A task of either side. kind: what both sides do; the peer's is amazon.aws."""

    kind: str
    module: str
    options: Mapping[str, Any]

    @property
    def ours(self) -> bool:
        return self.module.startswith("gatepost.")


TASKS: Final = (
    Task(
        "KMS key",
        "gatepost.mail.mailmanager_kms_key",
        {"alias": "bench", "purpose": "relay"},
    ),
    Task("KMS key", "amazon.aws.kms_key", {"alias": "bench-peer", "policy": json.dumps(POLICY)}),
    Task(
        "secret",
        "gatepost.mail.mailmanager_secret",
        {
            "name": "bench",
            "purpose": "relay",
            "username": "user",
            "password": "Bench-Secret-1",
            "kms_key_id": "alias/bench",
        },
    ),
    Task(
        "secret",
        "community.aws.secretsmanager_secret",
        {"name": "bench-peer", "secret": "Bench-Secret-1", "kms_key_id": "alias/bench-peer"},
    ),
    Task(
        "relay",
        "gatepost.mail.mailmanager_relay",
        {
            "name": "bench",
            "server_name": "mx.example.net",
            "server_port": 25,
            "authentication": {"no_authentication": {}},
        },
    ),
    Task(
        "traffic policy",
        "gatepost.mail.mailmanager_traffic_policy",
        {"name": "bench", "default_action": "ALLOW", "policy_statements": []},
    ),
    Task(
        "rule set",
        "gatepost.mail.mailmanager_rule_set",
        {"name": "bench", "rules": [{"actions": [{"relay": {"relay": "bench"}}]}]},
    ),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one task. create, again: (reads, writes) of the run that creates and of the second one.
    seconds: wall time of the second run's task, the median of some."""

    kind: str
    module: str
    create: tuple[int, int]
    again: tuple[int, int]
    seconds: float


def measure(told: Callable[[str], None]) -> list[Cost]:
    with emulators.running(only=["aws"]) as info, tempfile.TemporaryDirectory() as directory:
        made = []
        for task in TASKS:
            made.append(_cost(task, info, Path(directory)))
            told(
                f"{task.module}: {made[-1].again[0]} reads and {made[-1].seconds:.2f} s"
                " when nothing changes"
            )
        return made


def _cost(task: Task, info: Mapping[str, Any], directory: Path) -> Cost:
    create, _seconds = _run(task, info, directory)
    runs = [_run(task, info, directory) for _ in range(1 if loads.SHORT else 5)]
    calls = {each for each, _seconds in runs}
    if len(calls) > 1:
        raise RuntimeError(f"{task.module} makes other calls from run to run: {calls}")
    return Cost(
        task.kind,
        task.module,
        create,
        runs[0][0],
        statistics.median(seconds for _calls, seconds in runs),
    )


def _run(task: Task, info: Mapping[str, Any], directory: Path) -> tuple[tuple[int, int], float]:
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [{task.module: {**task.options, "region": REGION}}],
    }
    file = directory / "play.yml"
    file.write_text(yaml.safe_dump([play]))
    _control(info, "DELETE")
    printed = _play(["-i", "localhost,", str(file)], info["env"], directory)
    calls = _control(info, "GET")
    reads, writes = (sum(calls[each].values()) for each in ("reads", "writes"))
    return (reads, writes), _duration(printed)


def _play(arguments: Sequence[str], env: Mapping[str, str], directory: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *arguments],
        env={
            **os.environ,
            **env,
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    start = done.stdout.find("{\n")
    if done.returncode or start < 0:
        raise RuntimeError(f"{arguments}: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    printed: dict[str, Any] = json.loads(done.stdout[start:])
    return printed


def _duration(printed: Mapping[str, Any]) -> float:
    """Seconds of the play's only task."""
    (task,) = printed["plays"][0]["tasks"]
    begun, ended = (_moment(task["task"]["duration"][each]) for each in ("start", "end"))
    return ended - begun


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _control(info: Mapping[str, Any], method: str) -> dict[str, dict[str, int]]:
    request = urllib.request.Request(f"{info['control']}/aws/calls", method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, dict[str, int]] = json.loads(answer.read() or b"{}")
    return found
