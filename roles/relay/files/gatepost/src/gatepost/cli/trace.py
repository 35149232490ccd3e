"""`gatepost trace ID`: everything that happened to a message, and why it waits.

The past is read from the daemon's log (its events carry the id), the present from the daemon or,
without one, from the spool. Exit status: 0 found, 1 nothing knows the message, 2 an error.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gatepost.cli import access, history
from gatepost.config import Config, load
from gatepost.daemon import queue_view
from gatepost.errors import GatepostError

_UNIT: Final = "gatepostd.service"
_JOURNAL: Final = ("journalctl", "--quiet", "--no-pager", "--output=cat", f"--unit={_UNIT}")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Tell everything that happened to a message, and why it waits."
    parser = subparsers.add_parser("trace", help="follow one message", description=text)
    parser.add_argument("id", metavar="ID", help="as in the 250, the Received field and the log")
    parser.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
    parser.add_argument(
        "--log",
        action="append",
        metavar="FILE",
        help=f"the daemon's log, - for standard input; without it the journal of {_UNIT}",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    lines = _journal(arguments.id) if arguments.log is None else _files(arguments.log)
    events = history.of(arguments.id, lines)
    waiting = _waiting(config, arguments.id)
    if arguments.json:
        print(json.dumps({"id": arguments.id, "events": events, "waiting": waiting}, indent=2))
    elif events or waiting:
        print(history.as_text(events, waiting, time.time()))
    if not (events or waiting):
        print(f"gatepost: nothing knows {arguments.id}", file=sys.stderr)
        return 1
    return 0


def _files(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name == "-":
            yield from sys.stdin
            continue
        try:
            with Path(name).open(encoding="utf-8", errors="replace") as stream:
                yield from stream
        except OSError as error:
            raise GatepostError(f"--log: {name}: {error.strerror}") from error


def _journal(message_id: str) -> Iterable[str]:
    """The lines of the journal that may concern the message. Raises GatepostError."""
    # What is no id is nothing to search for; it would be a pattern.
    if not message_id.isalnum():
        raise GatepostError(f"{message_id!r} is no message id")
    try:
        done = subprocess.run(
            [*_JOURNAL, f"--grep={message_id}"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        reason = f"{_JOURNAL[0]}: {error.strerror}"
        raise GatepostError(f"no log to read ({reason}): give --log FILE") from error
    # 1 says that nothing was found.
    if done.returncode > 1 or (done.returncode and done.stderr.strip()):
        raise GatepostError(f"the journal cannot be read: {done.stderr.strip()}; give --log FILE")
    return done.stdout.splitlines()


def _waiting(config: Config, message_id: str) -> list[dict[str, Any]]:
    """The steps that are left, each with why it waits."""
    state: Mapping[str, Any]
    try:
        messages = access.request(config, "queue.show", ids=[message_id])["messages"]
        state = access.request(config, "look")
    except access.NoDaemon:
        entries = [it for it in access.entries(config) if it.message.id == message_id]
        messages = [queue_view.details(entries, "")] if entries else []
        state = {}
    steps = [step for message in messages for step in message["steps"]]
    return [{**step, "why": history.why(step, state, time.time())} for step in steps]
