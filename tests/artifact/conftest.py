"""The installed artifact, out of reach of the checkout that it was built from."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import emulators

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build/artifact"
INSTALLED = BUILT / "collections/ansible_collections/gatepost/mail"

Run = Callable[..., str]


@pytest.fixture(scope="session")
def emulated() -> Iterator[dict[str, Any]]:
    with emulators.running(only=["aws"]) as info:
        yield info


@pytest.fixture
def run(emulated: dict[str, Any], tmp_path: Path) -> Run:
    """Runs a command, of the virtual environment unless it is a path, in an empty folder.

    Returns what it printed.
    """
    if not INSTALLED.is_dir():
        pytest.fail(f"{INSTALLED} is not there: run tools/artifact, which makes it and runs this")

    def run(command: str, *options: str, **environment: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / command), *options],
            cwd=tmp_path,
            env={
                **os.environ,
                **emulated["env"],
                "ANSIBLE_COLLECTIONS_PATH": f"{BUILT / 'collections'}:{BUILT / 'depends'}",
                "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
                "ANSIBLE_HOME": str(tmp_path / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCALHOST_WARNING": "false",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
