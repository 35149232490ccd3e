"""`gatepost archive list|show|verify`: looks into a local archive.

It changes nothing and takes no lock, so that it may run beside the daemon. Exit status: 0 done,
1 nothing was found (verify: something is wrong), 2 an error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from gatepost.actions import archive_reading
from gatepost.actions.archive_reading import Archived
from gatepost.actions.values import Archive
from gatepost.cli.tables import clean, table
from gatepost.config import load
from gatepost.errors import GatepostError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("archive", help="look into a local archive")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    made = _command(commands, "list", "List the messages of an archive, the oldest first.", _list)
    made.add_argument("--day", metavar="YYYY-MM-DD", help="of this day alone, the receipt's in UTC")
    made.add_argument("--sender", metavar="ADDRESS", help="from this address")
    made.add_argument("--recipient", metavar="ADDRESS", help="to this address")
    made.add_argument("--json", action="store_true", help="print one JSON value")
    made = _command(commands, "show", "Print a message as it was archived.", _show)
    made.add_argument("id", metavar="ID", help="the message's id; copies with other headers too")
    made = _command(commands, "verify", "Read every message and say what is wrong.", _verify)
    made.add_argument("--json", action="store_true", help="print one JSON value")


def _command(commands: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    made.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
    made.add_argument("--archive", metavar="NAME", help="which, where the file binds several")
    made.set_defaults(run=run)
    return made


def _list(arguments: argparse.Namespace) -> int:
    found = [
        each
        for each in _messages(_archive(arguments), arguments.day)
        if _is(arguments.sender, [str(each.envelope.get("mail_from", ""))])
        and _is(arguments.recipient, each.recipients)
    ]
    if arguments.json:
        print(json.dumps([_as_json(each) for each in found], indent=2))
    else:
        rows = [
            (
                str(each.envelope.get("received", "")),
                each.id,
                str(each.envelope.get("size", "")),
                str(each.envelope.get("mail_from", "")) or "<>",
                ", ".join(each.recipients),
            )
            for each in found
        ]
        lines = table(("RECEIVED", "ID", "OCTETS", "FROM", "TO"), rows, frozenset({2}))
        print(clean(lines, lines=True))
    return 0 if found else 1


def _show(arguments: argparse.Namespace) -> int:
    found = [each for each in _messages(_archive(arguments), None) if each.id == arguments.id]
    if not found:
        print(f"gatepost: {clean(arguments.id)} is not in the archive", file=sys.stderr)
        return 1
    for each in found:
        try:
            sys.stdout.buffer.write(each.path.read_bytes())
        except OSError as error:
            raise GatepostError(f"{each.path}: {error.strerror}") from error
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    archive = _archive(arguments)
    try:
        days = archive_reading.days(archive.path)
        faults = [fault for day in days for fault in archive_reading.verify(day)]
    except OSError as error:
        raise GatepostError(f"{archive.path}: {error.strerror}") from error
    if arguments.json:
        print(json.dumps({"sound": not faults, "days": len(days), "faults": faults}, indent=2))
    else:
        for fault in faults:
            print(clean(fault))
        print(f"{len(days)} days: {'DAMAGED' if faults else 'sound'}")
    return 1 if faults else 0


def _archive(arguments: argparse.Namespace) -> Archive:
    config = load(arguments.config)
    names = sorted(config.archives)
    name = arguments.archive or (names[0] if len(names) == 1 else None)
    if name is None or name not in config.archives:
        known = ", ".join(names) or "none"
        raise GatepostError(f"{config.file}: --archive must name one of its archives: {known}")
    return config.archives[name]


def _messages(archive: Archive, day: str | None) -> Iterator[Archived]:
    """Raises GatepostError. What the index has of damage is `verify`'s to tell."""
    try:
        for folder in archive_reading.days(archive.path):
            if day in (None, folder.name):
                yield from archive_reading.messages(folder)[0]
    except OSError as error:
        raise GatepostError(f"{archive.path}: {error.strerror}") from error


def _is(wanted: str | None, addresses: list[str]) -> bool:
    return wanted is None or wanted.casefold() in map(str.casefold, addresses)


def _as_json(each: Archived) -> dict[str, Any]:
    return {"path": str(each.path), "recipients": each.recipients, **each.envelope}
