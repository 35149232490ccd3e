"""The states of each module's resource, as data: one file a module, read and nothing more.

A file holds
    result:   the key of the module's result that holds the resource
    info:     the `_info` twin and the options that make it return this one resource; `more`: what
              it tells beyond the module, `going`: how it tells of one that can still be restored;
              left out: there is no twin
    world:    what the resource refers to, made first: a list of {MODULE: OPTIONS}
    states:   by name, the runs that lead to a state from nothing; the last one alone leads to it
              from any other. `nothing`, without a run, is a start and no goal
    refused:  what the module says where it refuses to go from one state to another, by a pattern of
              `START to GOAL`
    secrets:  values that must show nowhere
    unknown:  members that a prediction or a diff may spell otherwise than the result
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Options = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    module: str
    result: str
    states: dict[str, list[Options]]
    info: dict[str, Any] | None = None
    world: list[dict[str, Options]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def starts(self) -> list[str]:
        return ["nothing", *self.states]

    def runs(self, state: str) -> list[Options]:
        """From nothing to the state."""
        return [] if state == "nothing" else self.states[state]

    def goal(self, state: str) -> Options:
        """From anywhere to the state."""
        return self.states[state][-1]

    def refusal(self, start: str, goal: str) -> str | None:
        way = f"{start} to {goal}"
        return next((says for each, says in self.refused.items() if re.fullmatch(each, way)), None)


def _read(path: Path) -> Resource:
    return Resource(module=path.stem, **yaml.safe_load(path.read_text()))


RESOURCES = {path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
