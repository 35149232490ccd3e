"""What relay hosts answer from outside, judged: a daemon behind an emulated ingress point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.notebooks.conftest import RANGE, World
from tests.notebooks.reading import judge
from tests.notebooks.spoiling import FILE


def parameters(world: World, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    points = world.control("GET", "/ingress")["ingress_points"]
    point = next(one for one in points if one["name"] == "google-edge")
    file = tmp_path / "gatepost.yml"
    file.write_text(FILE, "utf-8")
    return point["a_record"], {
        "gateway_hosts": point["a_record"],
        "gateway_addresses": point["address"],
        "gateway_ips": RANGE,
        "ca_file": world.info["ca"],
        "config_file": str(file),
        "google_key_file": world.info["env"]["GATEPOST_GOOGLE_CREDENTIALS"],
        "google_endpoint_url": world.info["google"],
        "probe_wait_seconds": 60,
    }


def test_a_host_that_is_right(world: World, tmp_path: Path) -> None:
    host, given = parameters(world, tmp_path)
    judged = judge("relay_hosts", **given, probe_mailbox="amy@example.com")
    assert judged.failed == ()
    live = [name for name in judged.steps if name.startswith(("Host ", "Live probe"))]
    assert {judged.steps[name]["verdict"] for name in live} == {"verified"}
    assert judged.steps[f"Host {host}: no open relay"]["found"].startswith("5")


def test_a_host_that_is_wrong(world: World, tmp_path: Path) -> None:
    host, given = parameters(world, tmp_path)
    foreign = {"local_recipient": "amy@example.org", "foreign_recipient": "amy@example.com"}
    judged = judge("relay_hosts", **{**given, **foreign, "ca_file": ""})
    assert judged.failed == (
        f"Host {host}: certificate",
        f"Host {host}: mail for the domain",
        f"Host {host}: no open relay",
    )
