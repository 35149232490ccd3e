"""Each single setting of the page made wrong in turn: its runbook fails and names that setting.

What cannot be seen (Google's Require TLS, addresses that no probe left from) must never be called
verified, whatever was attested.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_module import run

from tests.notebooks.conftest import DOMAINS, RANGE, World
from tests.notebooks.reading import Judged, judge
from tests.notebooks.spoiling import FILE, ROWS, spoil

# Steps of the runbooks that are no setting: what a message proves, who may sign in, what a host
# answers (tests/notebooks/test_hosts.py), and what is as one chooses.
NO_SETTING = (
    "Live probe:",
    "Host ",
    "Microsoft, prerequisite:",
    "Google, prerequisite:",
    "Outbound, live: TLS",
    "Outbound, live: authentication",
    "Outbound 3.16: rotation, optional",
)


@pytest.fixture
def attestation(world: World, tmp_path: Path) -> Path:
    """Of the right settings; what is changed later, the audit log shows three days later."""
    world.control("POST", "/google/tenant", {"audit_lag": 259200})
    path = tmp_path / "attestation.json"
    given = {"domain": "example.com", "region": "us-east-1", "path": str(path)}
    done = run("google_inbound_gateway_attestation", attested_by="Jane Roe", **given)
    assert not done.get("failed"), done
    return path


def parameters(world: World, runbook: str, file: Path, attestation: Path) -> dict[str, Any]:
    """With which the runbook passes where all settings are right."""
    if runbook in DOMAINS:
        given = world.probed(runbook, "setting@example.org")
        more = {"attestation_file": str(attestation)} if runbook == "google_workspace" else {}
        return given | more
    if runbook == "outbound_relay":
        return {
            "secret_name": "gatepost/RelayToMyExchangeServer",
            "key_alias": "gatepost-smtp-relay",
            "sign_in": True,
            "smtp_address": world.info["smtp"]["exchange"],
            "ca_file": world.info["ca"],
        }
    return {
        "gateway_hosts": "mx1.example.net",
        "gateway_addresses": "127.0.0.1:1",
        "gateway_ips": RANGE,
        "config_file": str(file),
    }


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row['runbook']}-{n}-{row['step']}" for n, row in enumerate(ROWS)]
)
def test_one_wrong_setting_is_named(
    row: dict[str, Any], world: World, attestation: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gatepost.yml"
    spoil(world, row, file)
    given = parameters(world, row["runbook"], file, attestation) | row.get("given", {})
    judged = judge(row["runbook"], **given)
    told = judged.steps[row["step"]]
    if row["expect"] == "failed":
        assert row["step"] in judged.failed, told
        assert told["verdict"] == "failed"
        assert told["proof"]
    else:
        assert told["verdict"] in ("attested", "unknown"), told


def test_right_settings_pass_and_every_one_has_a_row(
    world: World, attestation: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gatepost.yml"
    file.write_text(FILE, "utf-8")
    seen: set[str] = set()
    for runbook in (*DOMAINS, "outbound_relay", "relay_hosts"):
        judged = judge(runbook, **parameters(world, runbook, file, attestation))
        assert judged.failed == (), runbook
        _no_more_than_seen(judged)
        seen |= set(judged.steps)
    settings = {step for step in seen if not step.startswith(NO_SETTING)}
    rows = {row["step"] for row in ROWS}
    same = {"Introduction: to-microsoft in a rule"}
    assert settings - rows - same == set()
    assert rows - seen == set()


def _no_more_than_seen(judged: Judged) -> None:
    unseen = [row["step"] for row in ROWS if row["expect"] == "unseen" and "Google" in row["step"]]
    for step in unseen:
        assert judged.steps.get(step, {"verdict": "attested"})["verdict"] == "attested"
