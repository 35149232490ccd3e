"""docs/operations.md names every subcommand of `gatepost` and every alert, and no other."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from gatepost.cli.main import build_parser

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/operations.md").read_text()


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that can be given, as `queue list`."""
    below = [it for it in parser._actions if isinstance(it, argparse._SubParsersAction)]
    if not below:
        yield " ".join(words)
    for action in below:
        for name, made in action.choices.items():
            yield from commands(made, (*words, name))


def named() -> set[str]:
    """The commands that the document names: the words behind `gatepost` in code."""
    known = set(commands(build_parser()))
    found = set()
    for words in re.findall(r"`gatepost ([a-z][^`]*)`", TEXT):
        parts = re.match(r"[a-z]+( [a-z]+\b(?!_))?", words)
        assert parts is not None, words
        two, one = parts[0], parts[0].split(" ")[0]
        found.add(two if two in known else one)
    return found


def test_every_command_is_named_and_none_that_is_not_there() -> None:
    assert named() == set(commands(build_parser()))


def test_every_alert_has_its_row_and_no_other() -> None:
    rules = yaml.safe_load((ROOT / "roles/relay/files/monitoring/rules.yml").read_text())
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert re.findall(r"^\| (Gatepost\w+) \|", TEXT, re.MULTILINE) == alerts
