"""`python -m runbook NOTEBOOK --output DIR [NAME=VALUE …]`: runs a runbook.

Exit status: 0 nothing failed, 1 a step failed or a cell did not complete, 2 a parameter is wrong.
`unknown` is no failure: read the report.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .launch import ParameterError, parse, run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m runbook",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_intermixed_args()
    if not arguments.notebook.is_file():
        parser.error(f"{arguments.notebook}: no such file")
    try:
        values = parse(arguments.notebook, arguments.parameters)
        result = run(arguments.notebook, values, arguments.output)
    except ParameterError as error:
        print(f"runbook: {error}", file=sys.stderr)
        return 2
    for step in result.steps:
        print(f"{step['verdict']:9} {step['step']}: {step['found']}")
    print(result.html)
    if not result.passed:
        print(f"runbook: {result.error}", file=sys.stderr)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
