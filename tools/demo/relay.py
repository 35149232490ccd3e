"""gatepostd from the documents that AWS holds: exported, checked, run, and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.ca import Authority
from emulators.ports import free_port
from tools.demo.commands import BIN, run
from tools.demo.onboarding import INBOUND, INGRESS, OUTBOUND, REGION
from tools.demo.progress import Progress

HOSTNAME = "mx1.example.com"


@dataclass(frozen=True)
class Relay:
    """The daemon's file and log, and the port that it takes mail on."""

    config: Path
    log: Path
    port: int
    metrics: str


def export(
    progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path, private: Path
) -> Relay:
    """Write the daemon's file with `gatepost import`. private: a directory that leaves no trace; it
    gets the spool, the listener's key and the relay's credentials."""
    progress.part("Export the documents to a daemon's file")
    secret = private / "exchange.json"
    secret.touch(0o600)
    names = {"username": "GATEPOST_RELAY_USERNAME", "password": "GATEPOST_RELAY_PASSWORD"}
    secret.write_text(json.dumps({key: env[name] for key, name in names.items()}))
    certificate, key = Authority(private / "ca").server([HOSTNAME, "localhost"])
    relay = Relay(
        out / "gatepost.yml", out / "gatepostd.log", free_port(), f"127.0.0.1:{free_port()}"
    )
    bindings = [
        f"{OUTBOUND}:address={info['smtp']['exchange']}",
        f"{OUTBOUND}:ca={info['ca']}",
        f"{OUTBOUND}:secret_file={secret}",
        f"{INBOUND}:address={info['smtp']['google']}",
        f"{INBOUND}:ca={info['ca']}",
        f"{INBOUND}:tls=verify",
    ]
    status, output = run(
        [
            *("gatepost", "import", "--endpoint-url", info["aws"], "--region", REGION),
            *("--ingress", INGRESS, "--listen", f"127.0.0.1:{relay.port}"),
            *("--spool", str(private / "spool"), "--hostname", HOSTNAME),
            *("--certificate", str(certificate), "--key", str(key), "--metrics", relay.metrics),
            *(argument for binding in bindings for argument in ("--binding", binding)),
            *("-o", str(relay.config)),
        ],
        log=out / "import.log",
        env=env,
    )
    progress.check("gatepost import writes the daemon's file", status == 0, output.strip()[-400:])
    status, output = run(
        ["gatepostd", "--config", str(relay.config), "--check"], log=out / "check.log", env=env
    )
    progress.check("gatepostd --check takes it", status == 0, output.strip()[-400:])
    return relay


@contextlib.contextmanager
def running(progress: Progress, relay: Relay, env: Mapping[str, str], title: str) -> Iterator[None]:
    """The daemon, from "ready" to its orderly end; nothing of it is left, whatever happens."""
    progress.part(title)
    with relay.log.open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / "gatepostd"), "--config", str(relay.config)],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        ready = _ready(process, relay)
        detail = "" if ready else relay.log.read_text("utf-8", "replace")[-600:]
        progress.check("gatepostd is ready", ready, detail)
        yield
        process.send_signal(signal.SIGTERM)
        status = process.wait(45)
        progress.check("gatepostd ends on SIGTERM", status == 0, f"exit status {status}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ready(process: subprocess.Popen[bytes], relay: Relay) -> bool:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{relay.metrics}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False
