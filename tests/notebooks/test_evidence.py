"""Runbooks as papermill executes them: what they leave behind, and what hostile text does there."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import boto3
import nbformat

from notebooks.runbook.evidence import Result
from notebooks.runbook.launch import run
from tests.notebooks.conftest import CONNECTOR, World
from tests.notebooks.reading import FOLDER

HOSTILE = "x<script>alert(1)</script>x"


def execute(name: str, output: Path, parameters: dict[str, Any]) -> tuple[Result, list[str]]:
    lines: list[str] = []
    return run(FOLDER / f"{name}.ipynb", parameters, output, told=lines.append), lines


def port(value: int) -> None:
    """The port of the relay to Google."""
    client = boto3.client("mailmanager")
    relays = {one["RelayName"]: one["RelayId"] for one in client.list_relays()["Relays"]}
    client.update_relay(RelayId=relays["to-google"], ServerPort=value)


def test_evidence_of_a_run_that_passes_and_the_drift_of_one_that_does_not(
    world: World, tmp_path: Path
) -> None:
    parameters = world.probed("google_workspace", "evidence@example.org")
    result, lines = execute("google_workspace", tmp_path, parameters)
    assert result.passed, result.error
    assert "  verified  Inbound 3: port: 25" in lines
    assert "Setting up Google Workspace" in lines
    document = json.loads(result.result.read_text())
    assert document["steps"] == list(result.steps)
    assert (document["passed"], document["drift"]) == (True, [])
    sums = json.loads(result.manifest.read_text())["sha256"]
    for file in (result.notebook, result.html, result.result, result.junit):
        assert sums[file.name] == hashlib.sha256(file.read_bytes()).hexdigest()
    html = result.html.read_text()
    assert html.count("<svg") == 2
    assert "TLSv1.3" in html
    assert "<script" not in html
    assert 'src="http' not in html
    first = hashlib.sha256(result.result.read_bytes()).hexdigest()

    port(2525)
    result, _lines = execute("google_workspace", tmp_path, parameters)
    assert not result.passed
    assert "Inbound 3: port: asked 25; found 2525" in result.error
    # It was judged to its end.
    assert result.steps[-1]["step"].startswith("Google, beyond the page")
    document = json.loads(result.result.read_text())
    assert document["compared_with"]["sha256"] == first
    assert [one["step"] for one in document["drift"]] == ["Inbound 3: port"]
    assert document["drift"][0]["before"]["found"] == "25"
    suite = ET.fromstring(result.junit.read_bytes())
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    failing = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failing == ["Inbound 3: port"]
    html = result.html.read_text()
    assert "1 step is other than at the run of" in html
    assert "Not as the page asks" in html


def test_evidence_that_was_changed_is_not_compared_with(world: World, tmp_path: Path) -> None:
    given = {"ask_server": False}
    result, _lines = execute("outbound_relay", tmp_path, given)
    assert result.passed, result.error
    text = result.result.read_text().replace('"587"', '"588"')
    result.result.write_text(text)
    result, _lines = execute("outbound_relay", tmp_path, given)
    assert result.passed
    assert "it was changed since" in result.last.problem
    assert "it was changed since" in result.html.read_text()
    assert result.drift == []


def test_an_unexpected_error_is_marked_and_the_rest_stays_pending(
    world: World, tmp_path: Path
) -> None:
    broken = world.parameters("microsoft_365", region="mars-north-1")
    result, _lines = execute("microsoft_365", tmp_path, broken)
    assert not result.passed
    assert "mars-north-1" in result.error
    assert result.steps == []
    executed = nbformat.read(result.notebook, as_version=4)
    states = [
        cell.metadata.papermill.status
        for cell in executed.cells
        if cell.cell_type == "code" and cell.metadata.get("papermill")
    ]
    first = states.index("failed")
    assert set(states[:first]) == {"completed"}
    assert set(states[first + 1 :]) == {"pending"}
    html = result.html.read_text()
    assert "Did not run to its end" in html
    assert html.count("This part ended with an error.") == 1
    assert html.count("This part did not run.") == len(states) - first - 1
    suite = ET.fromstring(result.junit.read_bytes())
    assert suite.get("errors") == "1"


def test_hostile_text_is_shown_and_never_obeyed(world: World, tmp_path: Path) -> None:
    """In a message's subject, in the DNS, and in what a provider answers."""
    comment = {"Identity": CONNECTOR, "Comment": HOSTILE}
    body = {"CmdletName": "Set-InboundConnector", "Parameters": comment}
    world.control("POST", "/exchange/cmdlet", body)
    route53 = boto3.client("route53")
    zone = route53.list_hosted_zones_by_name(DNSName="acme.com")["HostedZones"][0]["Id"]
    record = {
        "Name": "_dmarc.acme.com",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": f'"v=DMARC1; p=none; rua={HOSTILE}"'}],
    }
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    world.send("microsoft_365", "hostile@example.org", subject=HOSTILE)
    given = {"probe_mailbox": "amy@acme.com", "probe_message_id": "hostile@example.org"}
    parameters = world.parameters("microsoft_365", **given)
    result, lines = execute("microsoft_365", tmp_path, parameters)
    assert "found " + HOSTILE in result.error
    html = result.html.read_text()
    assert "<script" not in html
    # The subject; the DMARC record; the comment as found, as proof, in the summary and on top.
    assert html.count("&lt;script&gt;alert(1)") >= 5
    assert any(HOSTILE in line for line in lines)
    ET.fromstring(result.junit.read_bytes())
