"""`gatepost top`: what the relay does now, refreshed until Ctrl-C. Without a terminal, with --once
or --json it is shown once.

Everything that came by mail is cleaned before a terminal sees it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatepost.cli import access
from gatepost.cli.tables import clean, duration, table
from gatepost.config import load

_CLEAR: Final = "\x1b[H\x1b[2J"
_CLIENTS: Final = 20
# What is counted, as metrics call it and as people do.
_RATES: Final = (
    ("gatepost_received_messages", "received"),
    ("gatepost_denied", "refused"),
    ("gatepost_delivered", "delivered"),
    ("gatepost_deferred", "deferred"),
    ("gatepost_failed", "failed"),
    ("gatepost_expired", "expired"),
    ("gatepost_faults", "faults"),
)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Show what the relay does now: rates, queues and how their sites do, sessions."
    parser = subparsers.add_parser("top", help="watch the relay at work", description=text)
    parser.add_argument("--config", required=True, metavar="FILE", help="the daemon's file")
    parser.add_argument(
        "--interval", type=float, default=2.0, metavar="SECONDS", help="(%(default)g)"
    )
    parser.add_argument("--once", action="store_true", help="show it once")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    seen = look(access.request(config, "look"), time.time())
    if arguments.json:
        print(json.dumps(seen, indent=2))
        return 0
    if arguments.once or not sys.stdout.isatty():
        print(as_text(seen, None))
        return 0
    before = None
    try:
        while True:
            print(f"{_CLEAR}{as_text(seen, before)}", flush=True)
            time.sleep(max(0.1, arguments.interval))
            before, seen = seen, look(access.request(config, "look"), time.time())
    except KeyboardInterrupt:
        return 0


def look(answer: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The daemon's answer with each destination once, the fullest first. Pure."""
    queues: dict[str, dict[str, Any]] = {}
    for part in answer.get("queues") or ():
        queue = queues.setdefault(part["destination"], {"destination": part["destination"]})
        for name in ("pending", "held", "leased", "running", "window"):
            queue[name] = queue.get(name, 0) + part.get(name, 0)
        queue["oldest"] = min(queue.get("oldest", part["oldest"]), part["oldest"])
        if part.get("paused_until", 0) > queue.get("paused_until", 0):
            queue |= {"paused_until": part["paused_until"], "reason": part["reason"]}
    for name in answer["suspended"]:
        queues.setdefault(name, {"destination": name, "pending": 0, "oldest": now})
        queues[name]["suspended"] = "by an operator"
    for name, reason in (answer.get("refused_credentials") or {}).items():
        if f"relay:{name}" in queues:
            queues[f"relay:{name}"]["suspended"] = f"credentials refused: {reason}"
    return {
        **{name: answer[name] for name in ("status", "hostname", "started_at", "workers")},
        "time": now,
        "steps": answer["steps"],
        "sessions": answer["sessions"],
        "counts": answer["counts"],
        "queues": sorted(queues.values(), key=lambda it: (-it["pending"], it["destination"])),
        "clients": sorted(answer.get("clients") or (), key=lambda it: -it["seconds"]),
    }


def as_text(seen: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    now = seen["time"]
    restarts = sum(worker["restarts"] for worker in seen["workers"])
    lines = [
        f"{seen['hostname']}: {seen['status']}, up {duration(now - seen['started_at'])},"
        f" {len(seen['workers'])} workers"
        + (f" ({restarts} restarts)" if restarts else "")
        + f", {seen['steps']} steps queued, {seen['sessions']} sessions",
        "",
        _rates(seen, before),
        "",
        _queues(seen["queues"], now),
    ]
    if seen["clients"]:
        lines += ["", _clients(seen["clients"])]
    return "\n".join(clean(line, lines=True) for line in lines)


def _rates(seen: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    totals = [seen["counts"].get(metric, 0) for metric, _word in _RATES]
    rows = [("since the start", *(f"{total:.0f}" for total in totals))]
    if before is not None:
        seconds = max(0.001, seen["time"] - before["time"])
        rates = [
            (total - before["counts"].get(metric, 0)) / seconds
            for total, (metric, _word) in zip(totals, _RATES, strict=True)
        ]
        rows.append(("a second", *(f"{rate:.1f}" for rate in rates)))
    head = ("MESSAGES", *(word.upper() for _metric, word in _RATES))
    return table(head, rows, frozenset(range(1, len(head))))


def _queues(queues: Sequence[Mapping[str, Any]], now: float) -> str:
    if not queues:
        return "The queue is empty."
    head = ("DESTINATION", "STEPS", "HELD", "RUNS", "WINDOW", "OLDEST", "STATE")
    rows = [
        (
            queue["destination"],
            *(str(queue.get(name, 0)) for name in ("pending", "held", "running", "window")),
            duration(now - queue["oldest"]) if queue["pending"] else "",
            _state(queue, now),
        )
        for queue in queues
    ]
    return table(head, rows, frozenset(range(1, 6)))


def _state(queue: Mapping[str, Any], now: float) -> str:
    if "suspended" in queue:
        return f"suspended {queue['suspended']}"
    if queue.get("paused_until", 0) > now:
        return f"rests for {duration(queue['paused_until'] - now)}: {queue['reason']}"
    return "busy" if queue.get("running") else ""


def _clients(clients: Sequence[Mapping[str, Any]]) -> str:
    head = ("CLIENT", "HELO", "INGRESS", "TLS", "STATE", "FOR", "MESSAGES")
    rows = [
        (
            client["source_ip"],
            client["helo"],
            client["ingress"],
            client["tls_version"] or "",
            client["state"],
            duration(client["seconds"]),
            str(client["messages"]),
        )
        for client in clients[:_CLIENTS]
    ]
    shown = table(head, rows, frozenset({5, 6}))
    more = len(clients) - _CLIENTS
    return f"{shown}\n… and {more} more" if more > 0 else shown
