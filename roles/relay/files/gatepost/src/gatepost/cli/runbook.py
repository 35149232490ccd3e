"""`gatepost runbook`: runs one of the collection's runbooks and leaves its evidence.

The runbooks are notebooks of the Ansible collection `gatepost.mail`, whose library they import;
what executes them comes with the extra `gatepost[runbook]`. Here is only the way to them.

Exit status: 0 nothing failed (read what is unknown), 1 a step failed or the runbook did not run to
its end, 2 a parameter is wrong or there is no such runbook.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gatepost.errors import ConfigError, GatepostError

_COLLECTION = Path("ansible_collections", "gatepost", "mail")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "runbook", help="execute a runbook of the collection and leave its evidence"
    )
    parser.add_argument("name", nargs="?", help="such as microsoft_365; without one all are listed")
    parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the runbook; may be repeated",
    )
    parser.add_argument("--parameters", action="store_true", help="list the runbook's parameters")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where the evidence goes, by default runbooks/NAME, or runbooks/NAME-DOMAIN",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help="evidence to compare with, by default what --output holds",
    )
    parser.add_argument(
        "--collections",
        type=Path,
        metavar="DIR",
        help="where ansible_collections is, by default where Ansible looks",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Execute it, a line a step. Raises GatepostError for what is wrong before it runs."""
    folder = notebooks(arguments.collections)
    found = sorted(path.stem for path in folder.glob("*.ipynb"))
    if arguments.name is None:
        print("\n".join(found))
        return 0
    if arguments.name not in found:
        raise ConfigError("runbook", "name", f"no {arguments.name}; there are {', '.join(found)}")
    notebook = folder / f"{arguments.name}.ipynb"
    launch, parameters = _library(folder)
    try:
        if arguments.parameters:
            for name, one in parameters.declared(notebook).items():
                print(f"{name}: {one['type']} = {one['default']}  # {one['help']}")
            return 0
        values = parameters.parse(notebook, arguments.parameter)
        output = arguments.output or _output(arguments.name, values)
        result = launch.run(notebook, values, output, against=arguments.against, told=_tell)
    except parameters.ParameterError as error:
        raise ConfigError("runbook", "parameter", str(error)) from None
    return _summed_up(result)


def notebooks(collections: Path | None) -> Path:
    """The collection's folder of runbooks. Raises GatepostError."""
    for place in [collections] if collections else _places():
        folder = place / _COLLECTION / "notebooks"
        if folder.is_dir():
            # The library and, in the notebook's own process, its modules must be found, too.
            for path in (str(place), str(folder)):
                if path not in sys.path:
                    sys.path.insert(0, path)
            before = filter(None, [os.environ.get("PYTHONPATH")])
            os.environ["PYTHONPATH"] = os.pathsep.join([str(place), *before])
            return folder
    raise ConfigError(
        "runbook",
        "--collections",
        "the collection gatepost.mail is not installed: ansible-galaxy collection install",
    )


def _places() -> Iterator[Path]:
    """Where Ansible looks for collections, and where Python looks for modules."""
    yield from map(Path, filter(None, os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":")))
    yield from map(Path, filter(None, sys.path))
    yield Path.home() / ".ansible" / "collections"
    yield Path("/usr/share/ansible/collections")


def _library(folder: Path) -> tuple[Any, Any]:
    try:
        modules = [importlib.import_module(f"runbook.{name}") for name in ("launch", "parameters")]
    except ModuleNotFoundError as error:
        raise GatepostError(
            f"runbook: {folder} needs the module {error.name}: install gatepost[runbook]"
        ) from None
    return modules[0], modules[1]


def _output(name: str, values: dict[str, Any]) -> Path:
    return Path("runbooks", "-".join(filter(None, [name, values.get("domain", "")])))


def _tell(line: str) -> None:
    print(line, flush=True)


def _summed_up(result: Any) -> int:
    for one in result.drift:
        then, now = one.before.get("found", "no such step"), one.after.get("found", "no such step")
        _tell(f"drifted: {one.step}: {then} -> {now}")
    if result.last.problem:
        print(f"gatepost: not compared: {result.last.problem}", file=sys.stderr)
    _tell(str(result.html))
    if not result.passed:
        print(f"gatepost: {result.error}", file=sys.stderr)
    return 0 if result.passed else 1
