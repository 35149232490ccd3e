"""`gatepost drain`: the relay takes no more mail and delivers what it holds, before an upgrade or
an end.

Clients find the port closed and go to the next MX. It lasts until the daemon is started again. What
cannot be delivered in the time given stays in the spool, as after any stop.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, Final

from gatepost.cli.access import request
from gatepost.config import load

_POLL_SECONDS: Final = 0.5


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Take no more mail and deliver what is queued, until the daemon is started again."
    parser = subparsers.add_parser(
        "drain",
        help="take no more mail, deliver what is queued",
        description=f"{text} Exit status: 0 the queue is empty, 1 something is left, 2 an error.",
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
    parser.add_argument(
        "--wait",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait for the queue to empty (%(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    until = time.monotonic() + arguments.wait
    status = request(config, "drain")
    while not _empty(status) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        status = request(config, "status")
    left = {"steps": status["steps"], "sessions": status["sessions"]}
    if arguments.json:
        print(json.dumps(left))
    elif _empty(status):
        print("drained: the queue is empty")
    else:
        print(f"{left['steps']} steps and {left['sessions']} sessions are left")
    return 0 if _empty(status) else 1


def _empty(status: dict[str, Any]) -> bool:
    return not status["steps"] and not status["sessions"]
