"""`gatepost queue`: what waits in the relay, why, and what to do about it.

It talks to the running daemon over its control socket. Without a daemon, list, show and age read
the spool as it lies, and changes are refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from gatepost.cli import access, tables
from gatepost.config import Config, load
from gatepost.daemon import queue_view
from gatepost.daemon.queue_view import Selection
from gatepost.errors import GatepostError

_LIST_LIMIT: Final = 1000


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("queue", help="list, hold, flush … what waits in the relay")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str, run: Any) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
        made.add_argument("--json", action="store_true", help="print one JSON value")
        made.set_defaults(run=run, request=f"queue.{name}")
        return made

    listing = command("list", "Show the steps that wait, the longest waiting first.", _list)
    _selection(listing)
    listing.add_argument("--limit", type=int, default=_LIST_LIMIT, help="0 shows all (%(default)s)")
    command("show", "Show whole messages: envelope, steps, header.", _show).add_argument(
        "ids", nargs="+", metavar="ID"
    )
    _selection(command("age", "Count the steps of each destination by age.", _age))
    for name, text in (
        ("flush", "Let steps run now."),
        ("hold", "Keep steps from running until they are released."),
        ("release", "Let held steps run again."),
        ("requeue", "Accept messages anew: attempts and expiry start over, decisions stay."),
        ("delete", "Remove steps; the sender is not told."),
    ):
        _selection(command(name, text, _change))
    for name, text in (
        ("suspend", "Keep a destination from being tried until it is resumed."),
        ("resume", "Let a suspended destination be tried again."),
    ):
        command(name, text, _suspend).add_argument("destination", metavar="DESTINATION")


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="message ids")
    parser.add_argument("--destination", help='for example "relay:to-exchange", "mx:example.org"')
    parser.add_argument("--sender", metavar="ADDRESS", help='an address, or "@domain"')
    parser.add_argument("--recipient", metavar="ADDRESS", help='an address, or "@domain"')
    parser.add_argument("--state", choices=("pending", "held"))
    parser.add_argument("--all", action="store_true", help="everything")


def _selected(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("ids", "destination", "sender", "recipient", "state", "all")
    return {name: value for name in names if (value := getattr(arguments, name))}


def _list(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    selection = _selected(arguments)
    try:
        answer = access.request(config, "queue.list", limit=arguments.limit, **selection)
    except access.NoDaemon:
        entries = access.entries(config)
        answer = queue_view.listing(entries, Selection.of(selection), arguments.limit)
    rows = sorted(answer["entries"], key=lambda row: (row["received_at"], row["id"], row["step"]))
    answer["entries"] = rows[: arguments.limit or None]
    if arguments.json:
        return _print_json(answer)
    now = time.time()
    print(tables.queue(answer["entries"], answer["total"], now))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    try:
        messages = access.request(config, "queue.show", ids=arguments.ids)["messages"]
    except access.NoDaemon:
        messages = _offline_details(config, arguments.ids)
    if arguments.json:
        _print_json({"messages": messages})
    else:
        print("\n\n".join(tables.message(each) for each in messages))
    missing = sorted(set(arguments.ids) - {each["id"] for each in messages})
    for message_id in missing:
        print(f"gatepost: {message_id} is not in the queue", file=sys.stderr)
    return 1 if missing else 0


def _age(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    selection = _selected(arguments)
    try:
        answer = access.request(config, "queue.age", **selection)
    except access.NoDaemon:
        answer = queue_view.ages(access.entries(config), Selection.of(selection), time.time())
    if arguments.json:
        return _print_json(answer)
    print(tables.ages(answer["ages"]))
    return 0


def _change(arguments: argparse.Namespace) -> int:
    selection = _selected(arguments)
    if not selection:
        raise GatepostError("names no message: give ids, --destination, --sender, … or --all")
    answer = access.request(load(arguments.config), arguments.request, **selection)
    if arguments.json:
        _print_json(answer)
    else:
        print(f"{answer['changed']} steps changed")
    return 0 if answer["changed"] else 1


def _suspend(arguments: argparse.Namespace) -> int:
    answer = access.request(
        load(arguments.config), arguments.request, destination=arguments.destination
    )
    if arguments.json:
        return _print_json(answer)
    print(tables.clean("suspended: " + (", ".join(answer["suspended"]) or "none")))
    return 0


def _offline_details(config: Config, ids: Sequence[str]) -> list[dict[str, Any]]:
    entries = access.entries(config)
    found = []
    for message_id in ids:
        mine = [entry for entry in entries if entry.message.id == message_id]
        if mine:
            found.append(queue_view.details(mine, ""))
    return found


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2))
    return 0
