"""What was freed between blocks that stay goes back to the kernel."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import os
from gatepost.daemon import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

# Large ones that will be freed, each followed by a small one that stays.
kept = []
for _ in range(400):
    large = os.urandom(100_000)
    kept.append((large, os.urandom(1000)))
kept = [small for _large, small in kept]
before = resident()
memory.give_back()
print(before - resident())
"""


def test_freed_blocks_go_back() -> None:
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, text=True
    )
    assert int(done.stdout) > 30_000_000
