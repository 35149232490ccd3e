"""`python -m tools.demo`: exit status 1 if any check failed.

Everything that is started ends with it, on failure and on Ctrl-C too; the report is written with
whatever was checked until then.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import emulators
from tools.demo import messages, microsoft, onboarding, relay, report, runbooks
from tools.demo.commands import ROOT
from tools.demo.progress import Progress

OUT = ROOT / "build" / "demo"


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    progress = Progress()
    rows: list[dict[str, str]] = []
    try:
        with tempfile.TemporaryDirectory(prefix="gatepost-demo-") as private:
            progress.part("Start AWS, Google, Microsoft 365, the DNS and the mailboxes on loopback")
            with emulators.running(output=ROOT / "build" / "emulators.json") as info:
                _demo(progress, info, Path(private), rows)
    except KeyboardInterrupt:
        progress.check("the demo runs to its end", False, "interrupted")
    except Exception as error:
        traceback.print_exc()
        progress.check("the demo runs to its end", False, f"{type(error).__name__}: {error}")
    report.write(progress, rows, OUT)
    result = progress.result()
    progress.tell(f"\n{result['passed']} passed, {result['failed']} failed")
    progress.tell(str(OUT / "index.html"))
    return 1 if result["failed"] else 0


def _demo(
    progress: Progress, info: dict[str, Any], private: Path, rows: list[dict[str, str]]
) -> None:
    env = dict(info["env"])
    progress.secrets |= {env["GATEPOST_EXCHANGE_PASSWORD"], env["GATEPOST_M365_CLIENT_SECRET"]}
    env["GATEPOST_RELAY_USERNAME"] = env.pop("GATEPOST_EXCHANGE_USERNAME")
    env["GATEPOST_RELAY_PASSWORD"] = env.pop("GATEPOST_EXCHANGE_PASSWORD")
    shared = {name for name in env if name.startswith("AWS_") or name.lower() == "no_proxy"}
    os.environ.update({name: env[name] for name in shared})
    onboarding.onboard(progress, info, env, OUT)
    onboarding.verify(progress, info)
    daemon = relay.export(progress, info, env, OUT, private)
    # What a person does in Google's console, and then puts their name to.
    messages.save_gateway(info["control"])
    attestation = onboarding.attest(progress, env, OUT)
    with relay.running(progress, daemon, env, "Run gatepostd and send real mail"):
        rows += messages.exchange(progress, info, env, daemon, OUT)
        messages.transport(progress, info)
        runbooks.google(progress, info, env, OUT, daemon, attestation)
    runbooks.outbound(progress, info, env, OUT)
    microsoft.onboard(progress, info, env, OUT)
    runbooks.microsoft(progress, info, env, OUT)
    host = microsoft.host(progress, info, env, OUT, private)
    with relay.running(progress, host.relay, env, "Run gatepostd as a relay host"):
        runbooks.hosts(progress, env, OUT, host)
    progress.part("Look for secrets in what is left")
    found = report.leaks(sorted(progress.secrets), OUT)
    progress.check("no artifact holds a secret", not found, ", ".join(found))


if __name__ == "__main__":
    sys.exit(main())
