"""What a worker imports: what its documents need, at its start, and no more."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import load
from gatepost.daemon import parts
from gatepost.errors import ConfigError
from tests.unit.config.conftest import GOOD

LIBRARIES = ("dkim", "dns", "httpx", "prometheus_client", "publicsuffixlist", "spf", "yaml")
# What a start imports, of those.
START = f"""
import asyncio, json, sys
from gatepost.config import load
from gatepost.daemon.assembly import Assembly
import gatepost.daemon.worker
import gatepost.events

async def start(file, told):
    config = load(file, json.loads(told))
    config.spool.path.mkdir()
    assembly = Assembly(config, 0, 1, gatepost.events.nowhere)
    await assembly.start({{}}, ())
    print(*(name for name in {LIBRARIES} if name in sys.modules))
    await assembly.stop()

from pathlib import Path
asyncio.run(start(Path(sys.argv[1]), sys.argv[2]))
"""


def verdict(attribute: str) -> dict[str, Any]:
    value = {"Evaluate": {"Attribute": attribute}, "Operator": "EQUALS", "Values": ["FAIL"]}
    return {"VerdictExpression": value}


DMARC = {"DmarcExpression": {"Operator": "EQUALS", "Values": ["REJECT"]}}


def written(file: Path, *conditions: Any, **changes: Any) -> Path:
    document: dict[str, Any] = copy.deepcopy(GOOD)
    rule = document["rule_sets"][0]["Rules"][0]
    rule["Conditions"] += conditions
    rule["Actions"] += changes.pop("actions", [])
    file.write_text(yaml.safe_dump({**document, **changes}))
    return file


@pytest.mark.parametrize(
    ("conditions", "libraries"),
    [
        ((), ""),
        ((verdict("SPF"),), "dns spf"),
        ((verdict("DKIM"),), "dkim dns"),
        ((DMARC,), "dns publicsuffixlist"),
    ],
)
def test_a_start_imports_what_conditions_need(
    tmp_path: Path, conditions: tuple[Any, ...], libraries: str
) -> None:
    file = written(tmp_path / "gatepost.yml", *conditions)
    told = json.dumps(yaml.safe_load(file.read_text()))
    done = subprocess.run(
        [sys.executable, "-c", START, file, told], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == libraries.split()


def test_a_supervisor_without_metrics_imports_none() -> None:
    libraries = set(LIBRARIES) - {"yaml"}
    program = f"import sys, gatepost.daemon.main; print(*sys.modules.keys() & {libraries})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == []


def test_send_needs_dns_unless_a_relay_carries_it(tmp_path: Path) -> None:
    send = [{"Send": {"RoleArn": "arn:aws:iam::123456789012:role/x"}}]
    by_mx = load(written(tmp_path / "gatepost.yml", actions=send))
    assert parts.named(by_mx) == ["gatepost.dnspython"]
    bindings = {**GOOD["bindings"], "send": {"relay": "next"}}
    by_relay = load(written(tmp_path / "gatepost.yml", actions=send, bindings=bindings))
    assert parts.named(by_relay) == []


@pytest.mark.parametrize("library", ["dns", "httpx"])
def test_a_library_that_is_gone_is_an_error_at_a_start(
    tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing that stands in the file needs it."""
    config = load(written(tmp_path / "gatepost.yml"))
    parts.prepare(config)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=library):
        parts.prepare(config)


def test_a_check_that_cannot_be_imported_is_an_error_at_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(written(tmp_path / "gatepost.yml", verdict("SPF")))
    monkeypatch.setitem(sys.modules, "gatepost.verdicts.spf_check", None)
    with pytest.raises(ConfigError, match="spf_check"):
        parts.prepare(config)
