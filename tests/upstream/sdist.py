"""The sdist of the locked aiosmtpd, unpacked in the cache.

Promises: pip takes it by the hash of the lock file alone, and the package in it is, file for file,
the one that is installed and that the daemon runs with.
"""

from __future__ import annotations

import filecmp
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatepost"


def unpacked() -> Path:
    """The folder that holds the package `aiosmtpd` with its tests. Raises SystemExit with what is
    wrong."""
    lock = (ROOT / "requirements/dev.txt").read_text()
    locked = re.search(r"(?m)^aiosmtpd==\S+ \\\n(?:    --hash=\S+(?: \\)?\n)+", lock)
    if locked is None:
        raise SystemExit("requirements/dev.txt does not lock aiosmtpd with its hashes")
    home = CACHE / f"aiosmtpd-{hashlib.sha256(locked[0].encode()).hexdigest()[:12]}"
    if not home.is_dir():
        _fetch(locked[0], home)
    [folder] = home.iterdir()
    _compare(folder)
    return folder


def _fetch(requirement: str, home: Path) -> None:
    part = home.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (part / "requirement.txt").write_text(requirement)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--no-binary", "aiosmtpd", "--dest", str(part), "-r", str(part / "requirement.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the sdist of aiosmtpd cannot be had:\n{done.stderr.strip()}")
    [archive] = part.glob("aiosmtpd-*.tar.gz")
    shutil.unpack_archive(archive, part / "unpacked")  # it has the hash of the lock
    (part / "unpacked").rename(home)
    shutil.rmtree(part)


def _compare(folder: Path) -> None:
    spec = importlib.util.find_spec("aiosmtpd")
    if spec is None or spec.origin is None:
        raise SystemExit("aiosmtpd is not installed")
    installed = Path(spec.origin).parent
    names = [file.name for file in installed.glob("*.py")]
    _same, differ, missing = filecmp.cmpfiles(installed, folder / "aiosmtpd", names, shallow=False)
    if differ or missing:
        raise SystemExit(f"the sdist is not what is installed: {sorted(differ + missing)}")
