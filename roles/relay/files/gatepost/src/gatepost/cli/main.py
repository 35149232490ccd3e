"""The `gatepost` command: one subcommand a module of this package.

Each module offers `register(subparsers)`, which adds its parser and sets `run`, a function of the
parsed arguments that returns the exit status: 0 done, 1 the answer is no, 2 the input is wrong
(one line on standard error says why).
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

import gatepost
from gatepost.errors import GatepostError

SUBCOMMANDS: tuple[str, ...] = (
    "archive",
    "drain",
    "explain",
    "import_aws",
    "policy_test",
    "queue",
    "runbook",
    "spool",
    "top",
    "trace",
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatepost", description="Explain, import and operate a Gatepost mail relay."
    )
    parser.add_argument("--version", action="version", version=f"gatepost {gatepost.__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        importlib.import_module(f"gatepost.cli.{name}").register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except GatepostError as error:
        print(f"gatepost: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
