"""`python -m tests.bench [PART …] [--docs FILE]`: measures, prints the table, and writes
build/bench.json and build/bench.html; status 1 if an "at least" is missed or a peer could not be
run.

Parts: throughput, variants, queue, profile, modules; without any, all. GATEPOST_BENCH=short does
everything in little. `--render` makes the pages anew from build/bench.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from emulators.ca import Authority
from tests.bench import backlog as queue
from tests.bench import checks, loads, modules, profile, report, rounds
from tests.bench.debian import Unavailable
from tests.bench.peers import Server
from tests.bench.peers.exim import Exim
from tests.bench.peers.gatepost import Gatepost, forty_rules
from tests.bench.peers.haraka import Haraka
from tests.bench.peers.opensmtpd import OpenSmtpd
from tests.bench.peers.postfix import Postfix
from tests.bench.rounds import Measurement

BUILD: Final = Path("build")
WORK: Final = BUILD / "bench"
PARTS: Final = ("throughput", "variants", "queue", "profile", "modules")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--docs", metavar="FILE", help="write the page of the documentation too")
    parser.add_argument("--render", action="store_true", help="from build/bench.json, unmeasured")
    arguments = parser.parse_args()
    for part in arguments.parts:
        if part not in PARTS:
            parser.error(f"{part} is none of {', '.join(PARTS)}")
    if arguments.render:
        found = json.loads((BUILD / "bench.json").read_text())
    else:
        found = measured(arguments.parts or PARTS)
    report.write(found, BUILD)
    if arguments.docs:
        Path(arguments.docs).write_text(report.rendered("performance.md.j2", found))
    print(f"\n{report.as_text(found)}")
    missed = any(each["status"] == "missed" for each in found["checks"])
    return 1 if found["missing"] or (missed and not loads.SHORT) else 0


def measured(parts: list[str] | tuple[str, ...]) -> dict[str, Any]:
    about = report.machine()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    servers, missing = available()
    made: dict[str, Any] = {"throughput": [], "profile": None, "modules": []}
    judged: list[checks.Check] = []
    if "throughput" in parts:
        made["throughput"] = rounds.measure(loads.ROWS, servers, WORK, told)
        judged += checks.of_throughput(made["throughput"])
        judged += checks.of_cost(made["throughput"])
    if "variants" in parts:
        made["tls"], made["rules"] = variants()
        judged += checks.of_variants(made["tls"], made["rules"])
    if "queue" in parts:
        made["backlog"] = queue.backlog(WORK, say)
        made["start"] = queue.start(WORK, say)
        judged += checks.of_queue(made["backlog"], made["start"])
    if "profile" in parts:
        made["profile"] = profile.measure(WORK, say)
    if "modules" in parts:
        made["modules"] = modules.measure(say)
    return report.document(about, servers, missing, made, judged)


def available() -> tuple[list[Server], dict[str, str]]:
    """Who can run here, and why the others cannot."""
    servers: list[Server] = []
    missing = {}
    for peer in (Gatepost(1), Gatepost(2), Postfix(), Haraka(), OpenSmtpd(), Exim()):
        try:
            peer.prepare()
            servers.append(peer)
        except Unavailable as reason:
            missing[peer.name] = str(reason)
            say(f"{peer.name} cannot be run: {reason}")
    return servers, missing


def variants() -> tuple[list[Measurement], list[Measurement]]:
    """The relay without and with, in turn: STARTTLS, forty rules."""
    certificate = certified(WORK / "ca")
    plain, secured = loads.FIRST, loads.secured(loads.FIRST)
    tls, rules = [], []
    for _ in range(loads.ROUNDS):
        tls += rounds.once(plain, Gatepost(1), WORK, told)
        secure = Gatepost(1, name="Gatepost, STARTTLS", certificate=certificate)
        tls += rounds.once(secured, secure, WORK, told, certificate)
        rules += rounds.once(plain, Gatepost(1), WORK, told)
        rules += rounds.once(
            plain, Gatepost(1, name="Gatepost, 40 rules", rules=forty_rules()), WORK, told
        )
    return tls, rules


def certified(directory: Path) -> Path:
    """A certificate with its key in one file, for STARTTLS."""
    parts = Authority(directory).server(["sink.example"])
    file = directory / "certificate.pem"
    file.write_text("".join(part.read_text() for part in parts))
    return file.absolute()


def told(found: Measurement) -> None:
    lost = f", {found.lost} not delivered in time" if found.lost else ""
    errors = f" {found.errors}" if found.errors else ""
    say(
        f"{found.row:10} {found.server:20} {found.delivered:8.0f}/s {found.cpu * 1e3:6.2f} ms"
        f" {found.memory / 1e6:5.0f} MB{lost}{errors}"
    )


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
