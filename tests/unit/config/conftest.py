"""A good file, to be made wrong or to be grown."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

GOOD: dict[str, Any] = yaml.safe_load("""
version: 1
hostname: MX1.example.net
spool: {engine: disk, path: spool}
ingress_points:
  - name: edge
    listen: ["127.0.0.1:2525"]
    traffic_policy: edge
    rule_set: main
traffic_policies:
  - {TrafficPolicyName: edge, DefaultAction: ALLOW, PolicyStatements: []}
rule_sets:
  - RuleSetName: main
    Rules:
      - Name: gmail
        Conditions:
          - StringExpression: {Evaluate: {Attribute: FROM}, Operator: CONTAINS, Values: [gmail.com]}
        Actions: [{Relay: {Relay: next, MailFrom: PRESERVE, ActionFailurePolicy: DROP}}]
relays:
  - RelayName: next
    ServerName: next.example.net
    ServerPort: 25
    Authentication: {NoAuthentication: {}}
bindings: {relays: {next: {tls: none}}}
verified_domains: [example.com]
""")


def put(value: Any, path: str, new: Any) -> None:
    """Changes a value in place at a path like "a.b.0.c"; None removes."""
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in way:
        value = value.setdefault(part, {}) if isinstance(value, dict) else value[part]
    if isinstance(value, list) and last == len(value):
        value.append(new)
    elif new is None:
        del value[last]
    else:
        value[last] = new


@pytest.fixture
def good() -> dict[str, Any]:
    return copy.deepcopy(GOOD)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes a file, from a value or as text."""

    def write(content: Any) -> Path:
        file = tmp_path / "gatepost.yml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return file

    return write
