"""`gatepost explain`: what would become of a message, by the documents alone.

Promises: it decides by the same functions as the daemon, opens no socket, and reads only the files
that it is given. What is not supplied is unknown, never false: the rule that needs it has matched
null. Every choice of Gatepost's own that a decision hung on is listed. Exit status 0, or 2 when an
input is wrong.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gatepost.cli import inputs
from gatepost.cli.explanation import as_json, as_text
from gatepost.cli.situation import decide, situation
from gatepost.errors import GatepostError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "explain",
        help="say what would become of a message",
        description="Says what the documents do with a message, rule by rule, without sending it.",
    )
    inputs.add_judges(parser, rule_set=["--rule-set"])
    parser.add_argument("--message", required=True, metavar="FILE.eml")
    inputs.add_given(parser, required=True)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Raises GatepostError."""
    judges = inputs.judges(arguments)
    given = inputs.given(arguments)
    body = inputs.message(Path(arguments.message))
    try:
        made = decide(judges, situation(given, body))
    except ValueError as error:
        raise GatepostError(str(error)) from error
    print(json.dumps(as_json(made), indent=2) if arguments.json else as_text(made))
    return 0
