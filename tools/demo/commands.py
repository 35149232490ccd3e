"""Commands of the checkout's own environment, run to their end with all output kept in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    told: Callable[[str], None] = lambda _line: None,
    cwd: Path = ROOT,
) -> tuple[int, str]:
    """Run a program of the environment; its exit status and output. told: each line as it comes."""
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=cwd,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                lines.append(line)
                told(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    return process.returncode, "".join(lines)
