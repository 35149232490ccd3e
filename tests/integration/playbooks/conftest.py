"""The collection's playbooks by the real ansible-playbook, against the emulated AWS."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.daemon.conftest import daemons, pki
from tests.integration.plugins.conftest import aws, emulated

__all__ = ["aws", "daemons", "emulated", "pki"]

ROOT = Path(__file__).parents[3]
USERNAME = "relay-user"


@dataclass(frozen=True)
class Played:
    """What a run printed, and how much it changed on each host."""

    status: int
    printed: str

    @property
    def changed(self) -> dict[str, int]:
        found = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s", self.printed, re.MULTILINE)
        return {host: int(number) for host, number in found}

    def task(self, name: str) -> str:
        """What was printed from this task's heading to the next one."""
        return self.printed.partition(f"TASK [{name}]")[2].partition("\nTASK [")[0]


Play = Callable[..., Played]


@pytest.fixture
def play(emulated: Mapping[str, Any], tmp_path: Path) -> Play:
    """Runs a playbook: play(name, *options, password=…, status=0, path=…)."""

    def run(
        name: str,
        *options: str,
        password: str,
        status: int = 0,
        inventory: str = "localhost,",
        path: Path | None = None,
    ) -> Played:
        environment = {
            **os.environ,
            **emulated["env"],
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
            "GATEPOST_RELAY_USERNAME": USERNAME,
            "GATEPOST_RELAY_PASSWORD": password,
        }
        if path is not None:
            environment["PATH"] = f"{path}:{environment['PATH']}"
        command = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(command), "-i", inventory, str(ROOT / "playbooks" / f"{name}.yml"), *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == status, printed
        assert not password or password not in printed
        return Played(done.returncode, printed)

    return run
