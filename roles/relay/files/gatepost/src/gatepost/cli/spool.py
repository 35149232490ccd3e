"""`gatepost spool verify`: reads the whole spool, bodies too, and says what is damaged.

It changes nothing and takes no lock, so that it may run beside the daemon. Exit status: 0 sound,
1 something is damaged, 2 an error.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from gatepost.cli import access
from gatepost.cli.tables import clean, table
from gatepost.config import load
from gatepost.errors import GatepostError
from gatepost.spool.inspect import Report, verify
from gatepost.spool.interface import SpoolError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("spool", help="look into the spool's files")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    text = "Read every octet of the spool and say what is damaged; nothing is changed."
    made = commands.add_parser("verify", help=text, description=text)
    made.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
    made.add_argument("--json", action="store_true", help="print one JSON value")
    made.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    try:
        reports = [verify(shard) for shard in access.shards(config)]
    except SpoolError as error:
        raise GatepostError(str(error)) from error
    sound = all(report.sound for report in reports)
    if arguments.json:
        print(json.dumps({"sound": sound, "shards": list(map(_as_json, reports))}, indent=2))
    else:
        print(_as_text(reports))
        print("sound" if sound else "DAMAGED: what can be read is delivered, the rest is above")
    return 0 if sound else 1


def _as_json(report: Report) -> dict[str, Any]:
    return {**dataclasses.asdict(report), "shard": report.shard.name, "sound": report.sound}


def _as_text(reports: list[Report]) -> str:
    head = ("SHARD", "SEGMENTS", "MESSAGES", "STEPS", "HELD", "OCTETS", "TORN", "DAMAGE")
    rows = [
        (
            report.shard.name,
            *map(str, (report.segments, report.messages, report.steps, report.held)),
            *map(str, (report.octets, report.torn, len(report.damage))),
        )
        for report in reports
    ]
    lines = [table(head, rows, frozenset(range(1, len(head))))]
    for report in reports:
        shard = report.shard.name
        lines += [
            f"{shard}/{it.file}: octets {it.begin} to {it.end}: {it.reason}" for it in report.damage
        ]
        lines += [f"{shard}: message {name} cannot be read" for name in report.unreadable]
        lines += [f"{shard}/quarantine/{name}: was set aside" for name in report.quarantined]
    return "\n".join(clean(line, lines=True) for line in lines)
