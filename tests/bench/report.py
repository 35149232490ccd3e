"""What was measured, for programs (build/bench.json) and for people (a table, a page with plots,
docs/performance.md). Everything shown is derived from the JSON value alone."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.bench import loads, plots
from tests.bench.checks import Check
from tests.bench.peers import Server

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=lambda name: bool(name and ".html" in name),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def machine() -> dict[str, Any]:
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in cpus if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def document(
    about: Mapping[str, Any],
    servers: Iterable[Server],
    missing: Mapping[str, str],
    parts: Mapping[str, Any],
    checks: Sequence[Check],
) -> dict[str, Any]:
    """The content of bench.json. parts: lists of dataclasses, or one, by name."""
    return {
        "short": loads.SHORT,
        "machine": dict(about),
        "rounds": loads.ROUNDS,
        "seconds": loads.SECONDS,
        "servers": [
            {
                "name": each.name,
                "version": each.version(),
                "note": each.note,
                "settings": each.settings(),
            }
            for each in servers
        ],
        "missing": dict(missing),
        "rows": [dataclasses.asdict(each) for each in loads.ROWS],
        "checks": [{**dataclasses.asdict(each), "status": each.status} for each in checks],
        **{name: _plain(value) for name, value in parts.items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # type: ignore[arg-type]


def write(found: Mapping[str, Any], build: Path) -> None:
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    (build / "bench.html").write_text(rendered("bench.html.j2", found))


def rendered(template: str, found: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template(template).render(
        bench=found, table=table(found), plots=plots.of(found), order=plots.servers(found)
    )


def table(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """The checks in words."""
    return [
        {
            "name": each["name"] + (f" ({each['by']})" if each["by"] else ""),
            "at_least": _figure(each["at_least"], each),
            "sought": _figure(each["sought"], each),
            "measured": "not measured"
            if each["measured"] is None
            else f"{_number(each['measured'])} {each['unit']}",
            "status": each["status"] or "not measured",
        }
        for each in found["checks"]
    ]


def _figure(value: float, check: Mapping[str, Any]) -> str:
    return f"{'at most ' if check['less'] else ''}{_number(value)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def as_text(found: Mapping[str, Any]) -> str:
    rows = table(found)
    names = ("name", "at_least", "sought", "measured", "status")
    head = {name: name.replace("_", " ") for name in names}
    widths = {name: max(len(each[name]) for each in (head, *rows)) for name in head}
    lines = [
        "  ".join(each[name].ljust(widths[name]) for name in head).rstrip()
        for each in (head, *rows)
    ]
    lines += [f"{name} could not be run: {why}" for name, why in found["missing"].items()]
    if found["short"]:
        lines.append("A short run: it shows that the bench works; its figures mean nothing.")
    return "\n".join(lines)
