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
from tools.demo import messages, onboarding, relay, report
from tools.demo.commands import ROOT, run
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
            progress.part("Start AWS, Google and the mailboxes on loopback")
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
    progress.secrets.add(env["GATEPOST_EXCHANGE_PASSWORD"])
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
    with relay.running(progress, daemon, env):
        rows += messages.exchange(progress, info, env, daemon, OUT)
        messages.transport(progress, info)
        _runbook(progress, info, env, daemon, attestation)
    progress.part("Look for secrets in what is left")
    found = report.leaks(sorted(progress.secrets), OUT)
    progress.check("no artifact holds a secret", not found, ", ".join(found))


def _runbook(
    progress: Progress,
    info: dict[str, Any],
    env: dict[str, str],
    daemon: relay.Relay,
    attestation: Path,
) -> None:
    progress.part("Execute the runbook")
    parameters = {
        "domain": onboarding.DOMAIN,
        "region": onboarding.REGION,
        "inbound_relay": onboarding.INBOUND,
        "outbound_relay": onboarding.OUTBOUND,
        "outbound_host": onboarding.EXCHANGE,
        "outbound_port": onboarding.PORT,
        "rule_set": onboarding.RULES,
        "traffic_policy": onboarding.POLICY,
        "ingress_point": onboarding.INGRESS,
        "aws_endpoint_url": info["aws"],
        "google_key_file": env["GATEPOST_GOOGLE_CREDENTIALS"],
        "google_admin": env["GATEPOST_GOOGLE_SUBJECT"],
        "google_endpoint_url": info["google"],
        "attestation_file": attestation,
        "probe_mailbox": f"probe@{onboarding.DOMAIN}",
        "probe_smtp": f"127.0.0.1:{daemon.port}",
    }
    status, output = run(
        [
            *("gatepost", "runbook", "google_workspace", "--output", str(OUT / "runbook")),
            *(part for name, value in parameters.items() for part in ("-p", f"{name}={value}")),
        ],
        log=OUT / "runbook.log",
        env=env,
        told=lambda line: progress.tell(f"   {line}"),
    )
    detail = output[-500:] if status else str(OUT / "runbook" / "google_workspace.html")
    progress.check("the runbook completes and nothing failed", status == 0, detail)


if __name__ == "__main__":
    sys.exit(main())
