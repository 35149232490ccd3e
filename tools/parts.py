"""Runs parts of the test suite in order: each a make target, timed, summed up at the end.

All parts run even when one fails, so that one run shows everything. Writes build/test-times.json
({"parts": {NAME: {"seconds", "status"}}, "seconds", "passed", "failed"}). Needs the standard
library alone, since the first part makes the virtual environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path("build")


def run(part: str) -> dict[str, object]:
    print(f"\n=== {part}", flush=True)
    started = time.monotonic()
    status = subprocess.run(["make", "--no-print-directory", part], check=False).returncode
    seconds = round(time.monotonic() - started, 1)
    verdict = "passed" if status == 0 else "failed"
    print(f"=== {part}: {verdict} in {seconds} s", flush=True)
    return {"seconds": seconds, "status": verdict}


def main(parts: list[str]) -> int:
    results: dict[str, dict[str, object]] = {}
    started = time.monotonic()
    for part in parts:
        results[part] = run(part)
        if part == "venv" and results[part]["status"] == "failed":
            break  # nothing else can run
    failed = [part for part, result in results.items() if result["status"] == "failed"]
    total = round(time.monotonic() - started, 1)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "test-times.json").write_text(
        json.dumps(
            {
                "parts": results,
                "seconds": total,
                "passed": len(results) - len(failed),
                "failed": len(failed),
            },
            indent=2,
        )
        + "\n"
    )
    print(f"\n{'part':<14}{'seconds':>9}  status")
    for part, result in results.items():
        print(f"{part:<14}{result['seconds']:>9}  {result['status']}")
    print(f"{'all':<14}{total:>9}")
    print(f"\n{len(results) - len(failed)} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
