"""`gatepost policy test`: do the documents do what is expected of them, and what would change.

Promises: it decides by the same functions as the daemon, opens no socket, and reads only the files
that it is given. Exit status 0, 1 when a case fails (or, with --same, a sample would be treated
differently), 2 when an input is wrong.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gatepost.cli import cases, inputs, samples
from gatepost.cli.differences import compare
from gatepost.cli.expectation import judge
from gatepost.cli.policy_report import Report, as_json, as_text
from gatepost.cli.situation import Judges
from gatepost.errors import GatepostError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    policy = subparsers.add_parser(
        "policy", help="test rule sets and traffic policies", description="Tests of policies."
    )
    commands = policy.add_subparsers(metavar="COMMAND", required=True)
    parser = commands.add_parser(
        "test",
        help="judge cases and compare versions",
        description="Judges the documents by cases, and by samples what a new version changes. A"
        " sample's coming is told by the file beside it, then by the options, then by its header.",
    )
    parser.add_argument("cases", nargs="*", metavar="CASES.yml", help="files of cases")
    inputs.add_judges(parser, rule_set=["--rule-set", "--new"])
    parser.add_argument("--samples", metavar="FOLDER", help=".eml files, compared under --old")
    parser.add_argument(
        "--old",
        metavar="FILE",
        help="the version before, of the same kind: daemon's file, rule set",
    )
    parser.add_argument(
        "--old-traffic-policy", metavar="FILE", help="without it: the one of --traffic-policy"
    )
    parser.add_argument(
        "--same", action="store_true", help="status 1 if a sample would be treated differently"
    )
    inputs.add_given(parser, required=False)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Raises GatepostError."""
    if (arguments.samples is None) != (arguments.old is None):
        raise GatepostError("--samples and --old go together")
    if not arguments.cases and arguments.samples is None:
        raise GatepostError("nothing to test: name files of cases, or --old and --samples")
    new = inputs.judges(arguments)
    old = _old(arguments, new)
    told = inputs.given(arguments)
    known = [case for each in arguments.cases for case in cases.read(Path(each))]
    report = Report(tuple(judge(new, case) for case in known), None)
    if old is not None:
        found = samples.read(Path(arguments.samples), told)
        compared = tuple(compare(old, new, each.name, each.situation) for each in found)
        report = Report(report.verdicts, compared)
    print(json.dumps(as_json(report), indent=2) if arguments.json else as_text(report))
    return 1 if report.failed or (arguments.same and report.differing) else 0


def _old(arguments: argparse.Namespace, new: Judges) -> Judges | None:
    if arguments.old is None:
        if arguments.old_traffic_policy is not None or arguments.same:
            raise GatepostError("--old-traffic-policy and --same: go with --old")
        return None
    if arguments.config is not None:
        if arguments.old_traffic_policy is not None:
            raise GatepostError("--old-traffic-policy: goes with --rule-set; --old has its own")
        return inputs.judges_of_config(arguments.old, arguments.ingress)
    given = arguments.old_traffic_policy
    policy = new.policy if given is None else inputs.traffic_policy(given)
    return Judges(inputs.rule_set(arguments.old), policy)
