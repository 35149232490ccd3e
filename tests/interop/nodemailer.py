"""nodemailer of npm as a client: installed by its lock into the cache, one process a session."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from interop.postfix import needed

NPM: Final = Path(__file__).with_name("npm")
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatepost"


def installed() -> Path:
    """The node_modules that package-lock.json names, each package by its hash."""
    lock = (NPM / "package-lock.json").read_bytes()
    home = CACHE / f"npm-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not home.is_dir():
        part = home.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NPM / name, part / name)
        command = [needed("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=part, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"npm ci: {done.stderr}"
        part.rename(home)
    return home / "node_modules"


def send(transport: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """As send.js says; `raw` as octets."""
    told = [
        {**each, "raw": base64.b64encode(each["raw"]).decode()} if "raw" in each else dict(each)
        for each in messages
    ]
    done = subprocess.run(
        [needed("node", "nodejs"), str(NPM / "send.js")],
        input=json.dumps({"transport": dict(transport), "messages": told}),
        env={**os.environ, "NODE_PATH": str(installed())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    for each in answers:
        each["raw"] = base64.b64decode(each.get("raw", ""))
    return answers
