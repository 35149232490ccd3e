"""What a run leaves behind: the page, result.json, JUnit XML, and the manifest of checksums."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from . import report
from .book import STEPS
from .drift import Drift, Last, between

# What XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Result:
    """passed: every code cell completed. steps: as in result.json. error: the reason, or "".
    unfinished: the code cells that did not complete, the failing one first."""

    passed: bool
    steps: Sequence[Mapping[str, str]]
    drift: Sequence[Drift]
    last: Last
    error: str
    unfinished: Sequence[str]
    notebook: Path
    html: Path
    result: Path
    junit: Path
    manifest: Path


def write(executed: Path, error: str, last: Last) -> Result:
    """From an executed notebook. error: what its execution raised, else ""."""
    notebook = nbformat.read(executed, as_version=4)
    unfinished = [cell.id for cell in notebook.cells if _unfinished(cell)]
    if not error and (notebook.metadata.papermill.exception is not None or unfinished):
        error = f"{len(unfinished)} cells did not complete"
    found = steps(notebook)
    drift = between(last.steps, found) if last.sha256 else []
    result = Result(
        not error,
        found,
        drift,
        last,
        error,
        unfinished,
        executed,
        *(executed.with_suffix(".html"), executed.with_name("result.json")),
        *(executed.with_name("junit.xml"), executed.with_name("manifest.json")),
    )
    document = _document(notebook, result)
    result.html.write_text(report.html(notebook, result), "utf-8")
    text = json.dumps(document, indent=2, ensure_ascii=False)
    result.result.write_text(text + "\n", "utf-8")
    result.junit.write_bytes(junit(document))
    _manifest(result)
    return result


def steps(notebook: NotebookNode) -> list[Mapping[str, str]]:
    """The steps that an executed notebook judged."""
    return [
        step
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for step in output.get("data", {}).get(STEPS, [])
    ]


def junit(document: Mapping[str, Any]) -> bytes:
    """result.json as JUnit's XML: a step a case; what is unknown is skipped. Pure."""
    judged, name = document["steps"], document["runbook"]
    broken = bool(document["error"]) and not any(s["verdict"] == "failed" for s in judged)
    number = {verdict: sum(s["verdict"] == verdict for s in judged) for verdict in _OUTCOMES}
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(judged) + broken),
        failures=str(number["failed"]),
        errors=str(int(broken)),
        skipped=str(number["unknown"]),
        timestamp=document["started"],
        time=f"{document['seconds']:.3f}",
    )
    for step in judged:
        case = ET.SubElement(suite, "testcase", classname=name, name=_xml(step["step"]))
        told = _xml(f"asked {step['asked']}; found {step['found']}; {step['proof']}")
        outcome = _OUTCOMES.get(step["verdict"])
        if outcome:
            ET.SubElement(case, outcome, message=told)
        else:
            ET.SubElement(case, "system-out").text = f"{step['verdict']}: {told}"
    if broken:
        case = ET.SubElement(suite, "testcase", classname=name, name="the runbook runs to its end")
        ET.SubElement(case, "error", message=_xml(document["error"]))
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text


_OUTCOMES = {"failed": "failure", "unknown": "skipped"}


def _document(notebook: NotebookNode, result: Result) -> dict[str, Any]:
    metadata = notebook.metadata.papermill
    return {
        "runbook": result.notebook.stem,
        "parameters": dict(metadata.get("parameters", {})),
        "started": str(metadata.get("start_time", "")),
        "seconds": float(metadata.get("duration") or 0),
        "passed": result.passed,
        "error": result.error,
        "steps": list(result.steps),
        "compared_with": {
            "started": result.last.started,
            "sha256": result.last.sha256,
            "problem": result.last.problem,
        },
        "drift": [one.document() for one in result.drift],
    }


def _manifest(result: Result) -> None:
    files = (result.notebook, result.html, result.result, result.junit)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    result.manifest.write_text(json.dumps({"sha256": sums}, indent=2) + "\n", "utf-8")


def _unfinished(cell: NotebookNode) -> bool:
    status = cell.metadata.get("papermill", {}).get("status")
    return cell.cell_type == "code" and status != "completed"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
