"""`python -m tests.fuzz.guided [TARGET …] [--seconds N]`: each target in a process of its own;
prints a table; status 1 if one found something, and then says which input.

build/fuzz/TARGET/corpus keeps what was found to reach new code, so that a later run goes on there;
an input that breaks a property is beside it, and `python -m tests.fuzz.guided.run TARGET FILE` runs
it alone.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.fuzz.guided import seeds

BUILD: Final = Path("build/fuzz")
_RUNS: Final = re.compile(r"stat::number_of_executed_units: *(\d+)")
_REACHED: Final = re.compile(r"cov: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(seeds.SEEDS))
    parser.add_argument(
        "--seconds", type=int, default=int(os.environ.get("GATEPOST_FUZZ_SECONDS", "60"))
    )
    arguments = parser.parse_args()
    for target in arguments.targets:
        if target not in seeds.SEEDS:
            parser.error(f"{target} is none of {', '.join(seeds.SEEDS)}")
    if arguments.seconds <= 0:
        parser.error("--seconds must be above 0")
    if find_spec("atheris") is None:
        print("atheris is not installed: its wheels are for Linux on x86-64 alone")
        return 1
    print(f"{'target':<12}{'inputs':>10}{'branches':>10}{'kept':>7}  found")
    return max([fuzz(target, arguments.seconds) for target in arguments.targets or seeds.SEEDS])


def fuzz(target: str, seconds: int) -> int:
    """0, or 1 when it found something."""
    directory = BUILD / target
    corpus = directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.SEEDS[target]()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    words = directory / "words"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in seeds.words(target)))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.guided.run", target, str(corpus)),
            *(f"-max_total_time={seconds}", f"-artifact_prefix={directory}/"),
            *(
                f"-dict={words}",
                "-max_len=8192",
                "-timeout=60",
                "-rss_limit_mb=4096",
                "-print_final_stats=1",
            ),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    (directory / "log").write_text(done.stdout)
    runs, reached = _RUNS.findall(done.stdout), _REACHED.findall(done.stdout)
    kept = len(list(corpus.iterdir()))
    found = "nothing" if done.returncode == 0 else f"status {done.returncode}; {directory}/log"
    print(f"{target:<12}{_last(runs):>10}{_last(reached):>10}{kept:>7}  {found}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:])
    return int(done.returncode != 0)


def _quoted(word: bytes) -> str:
    """As in libFuzzer's dictionaries."""
    return "".join(f"\\x{octet:02x}" for octet in word)


def _last(found: list[str]) -> str:
    return found[-1] if found else "none"


if __name__ == "__main__":
    sys.exit(main())
