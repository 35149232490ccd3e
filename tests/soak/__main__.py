"""`python -m tests.soak [--minutes N]`: prints what happens and a table at the end, writes
build/soak.json and build/soak.html; status 1 if a message was lost or anything grew.

GATEPOST_SOAK_MINUTES is how long without --minutes, 30 if neither is given. Under ten minutes
growth is not judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.integration.daemon.pki import Authority
from tests.soak import judgement, relay, report, sampling, schedule
from tests.soak.clients import Client, Sending
from tests.soak.faults import Faults
from tests.soak.hop import Hop
from tests.soak.judgement import Check
from tests.soak.ledger import Account, Ledger

BUILD: Final = Path("build")
CLIENTS: Final = 8
_TOLD_EVERY: Final = 30.0
# Without anything new for so long, what is missing at the end will not come.
_PATIENCE: Final = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument(
        "--minutes", type=float, default=float(os.environ.get("GATEPOST_SOAK_MINUTES", "30"))
    )
    arguments = parser.parse_args()
    if arguments.minutes <= 0:
        parser.error("--minutes must be above 0")
    # So that the daemon ends with it.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    BUILD.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="soak-", dir=BUILD)).absolute()
    found = Soak(directory, arguments.minutes * 60).run()
    report.write(found, BUILD)
    print(f"\n{report.as_text(found)}", flush=True)
    if any(check["passed"] is False for check in found["checks"]):
        print(f"The log, the spool and the file are in {directory}.")
        return 1
    shutil.rmtree(directory)
    return 0


class Soak:
    """directory: a new one, for the daemon. seconds: how long the load lasts."""

    def __init__(self, directory: Path, seconds: float) -> None:
        self._directory = directory
        self._seconds = seconds
        self._ledger = Ledger()
        self._began = 0.0

    def run(self) -> dict[str, Any]:
        with ExitStack() as stack:
            authority = Authority(self._directory)
            context = authority.server_context("secure.gatepost.test")
            plain, secure, notices = (
                stack.enter_context(hop)
                for hop in (
                    Hop(self._ledger),
                    Hop(self._ledger, secure=context),
                    Hop(self._ledger, notices=True),
                )
            )
            addresses = {
                "next": plain.address,
                "secure": secure.address,
                "notices": notices.address,
            }
            config = relay.config(self._directory, authority, addresses)
            self._relay = relay.Relay(self._directory, config)
            stack.callback(self._relay.kill)
            self._relay.start()
            self._sending = Sending(self._relay.port(), self._ledger, authority.client_context())
            hops = [plain, secure]
            quarter = self._seconds / schedule.QUARTERS
            self._faults = Faults(self._relay, hops, self._sending, authority, quarter)
            return self._watched()

    def _watched(self) -> dict[str, Any]:
        self._began = time.monotonic()
        interval = min(3.0, max(0.5, self._seconds / 300))
        sampler = sampling.Sampler(self._relay, self._ledger, self._began, interval)
        sampler.start()
        clients = [Client(number, self._sending) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            self._follow()
        finally:
            self._sending.over.set()
        for client in clients:
            client.join(120)
        self._say("the load is over")
        self._faults.end()
        self._drain()
        sampler.over.set()
        sampler.join(60)
        rate = self._sending.messages / self._seconds * 60
        status = self._relay.stop()
        verify = self._relay.gatepost("spool", "verify")
        account = self._ledger.close(self._relay.archived())
        checks = judgement.of_account(account, len(self._ledger.damaged))
        checks += judgement.resources(sampler.samples, self._seconds)
        checks += self._of_daemon(status, verify.returncode)
        facts = self._facts(account, rate)
        details = self._details(account)
        return report.document(self._seconds, sampler.samples, checks, facts, details)

    def _follow(self) -> None:
        """The schedule, to the end of the load."""
        told = self._began
        steps = [*schedule.steps(self._seconds), (self._seconds, "", True)]
        for at, name, begins in steps:
            while (now := time.monotonic()) < self._began + at:
                self._relay.until(lambda: True)
                if now - told >= _TOLD_EVERY:
                    told = now
                    self._say("")
                time.sleep(min(0.2, self._began + at - now))
            if name:
                self._faults.turn(name, begins=begins)
                if begins:
                    self._say(name)

    def _drain(self) -> None:
        """Until nothing waits any more, or nothing has moved for long."""
        moved, until = -1, 0.0
        while self._ledger.waiting or self._relay.metric("gatepost_queue_steps"):
            if self._ledger.moved != moved:
                moved, until = self._ledger.moved, time.monotonic() + _PATIENCE
            if time.monotonic() > until:
                return
            time.sleep(0.2)

    def _of_daemon(self, status: int, verified: int) -> list[Check]:
        faults = self._relay.events("Fault", "not JSON")
        died = len(self._relay.events("WorkerDied"))
        failures = self._faults.failures
        return [
            Check("internal faults", str(len(faults)), "0", not faults),
            Check("workers that died unasked", str(died - self._faults.kills), "0",
                  died == self._faults.kills),
            Check("faults with a wrong outcome", str(len(failures)), "0", not failures),
            Check("status at SIGTERM", str(status), "0", status == 0),
            Check("gatepost spool verify", str(verified), "0", verified == 0),
        ]  # fmt: skip

    def _facts(self, account: Account, rate: float) -> dict[str, Any]:
        faults, counts = self._faults, self._relay.counts
        return {
            "messages with 250": f"{self._sending.messages}, {rate:.0f} a minute",
            "recipients": f"{account.delivered} delivered, {account.bounced} bounced to their "
            f"senders, {account.dropped} dropped, {account.archived} archived",
            "not known to the client": f"{account.uncertain} recipients, when a session broke",
            "taken by the next hop without an answer": account.unanswered,
            "duplicates": f"{account.duplicates}, after {faults.kills} kills of a worker",
            "reloads": f"{faults.reloads}, {faults.renewals} with a renewed certificate",
            "greetings of bursts": _listed(faults.greetings),
            "other answers, broken sessions": _listed(self._sending.told),
            "events": _listed(counts),
        }

    def _details(self, account: Account) -> list[str]:
        faults = self._relay.events("Fault", "not JSON")
        return [
            *(f"lost: {each}" for each in account.lost),
            *(f"must not be there: {each}" for each in account.wrong),
            *(f"twice: {each}" for each in account.unexplained),
            *(f"changed: {each}" for each in self._ledger.damaged),
            *self._faults.failures,
            *(f"fault: {each}" for each in faults[:100]),
        ]

    def _say(self, what: str) -> None:
        now = time.monotonic() - self._began
        found = sampling.sample(self._relay, self._ledger, self._began)
        looked = (
            f"{found.memory / 2**20:6.1f} MiB {found.files:4} files {found.queue:5} steps"
            if found
            else "the processes change"
        )
        print(
            f"{now // 60:3.0f}:{now % 60:02.0f} {what:17} {self._ledger.accepted:7} accepted "
            f"{self._ledger.delivered:7} delivered  {looked}",
            flush=True,
        )


def _listed(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
