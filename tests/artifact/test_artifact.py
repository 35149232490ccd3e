"""What users install: a playbook by its name, a runbook, the role and the daemon, all out of it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.artifact.conftest import BUILT, INSTALLED, ROOT, Run

PASSWORD = "Open-Sesame-42-Artifact"
DOMAIN, REGION = "example.com", "us-east-1"
RUNBOOK = (
    f"domain={DOMAIN}",
    f"region={REGION}",
    "outbound_relay=RelayToMyExchangeServer",
    "outbound_host=exchange.example.net",
)


@pytest.fixture
def onboard(run: Run, emulated: dict[str, Any], tmp_path: Path) -> Any:
    """Plays a playbook of the collection for a domain."""
    declared = {
        "gatepost_domain": DOMAIN,
        "gatepost_region": REGION,
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_publish_dns": "route53",
        "gatepost_read_dns": False,
        "gatepost_attestation_file": str(tmp_path / "attestation.json"),
    }
    (tmp_path / "domain.json").write_text(json.dumps(declared))

    def play(name: str, *options: str) -> tuple[int, str]:
        printed = run(
            "ansible-playbook",
            f"gatepost.mail.{name}",
            *("-i", "localhost,", "-e", "@domain.json", *options),
            GATEPOST_RELAY_USERNAME="relay-user",
            GATEPOST_RELAY_PASSWORD=PASSWORD,
        )
        assert PASSWORD not in printed
        found = re.search(r"changed=(\d+)\s+unreachable=0\s+failed=0", printed)
        assert found, printed
        return int(found[1]), printed

    return play


def test_nothing_of_the_workshop_is_in_it() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert {each.name for each in INSTALLED.iterdir()}.isdisjoint(galaxy["build_ignore"])
    manifest = json.loads((INSTALLED / "MANIFEST.json").read_text())["collection_info"]
    assert (manifest["namespace"], manifest["name"]) == ("gatepost", "mail")
    assert manifest["version"] == galaxy["version"]


def test_what_is_one_file_in_the_checkout_is_whole_in_it() -> None:
    for name in ("_shapes", "_schema", "_quotas"):
        installed = INSTALLED / f"plugins/module_utils/{name}.py"
        assert installed.read_text() == (ROOT / f"plugins/module_utils/{name}.py").read_text()
        assert installed.resolve().is_relative_to(INSTALLED)


def test_a_playbook_by_its_name_and_a_runbook(
    run: Run, onboard: Any, emulated: dict[str, Any], tmp_path: Path
) -> None:
    boto3.client(
        "route53",
        endpoint_url=emulated["aws"],
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    ).create_hosted_zone(Name=DOMAIN, CallerReference="1")
    changed, printed = onboard("onboard_google_workspace", "-vvv")
    assert changed >= 8
    modules = set(re.findall(r"Using module file (\S+/gatepost/mail/\S+)", printed))
    assert modules
    assert all(Path(each).is_relative_to(INSTALLED) for each in modules)
    assert onboard("onboard_google_workspace")[0] == 0
    assert onboard("verify")[0] == 0
    run(
        "python",
        *("-m", "gatepost.cli.main", "runbook", "google_workspace"),
        *("--collections", str(BUILT / "collections"), "--output", str(tmp_path / "runbook")),
        *(option for value in RUNBOOK for option in ("-p", value)),
        *("-p", f"aws_endpoint_url={emulated['aws']}"),
        # The daemon's distribution that the collection carries, not the checkout's.
        PYTHONPATH=str(INSTALLED / "roles/relay/files/gatepost/src"),
    )
    result = json.loads((tmp_path / "runbook/result.json").read_text())
    verdicts = {step["verdict"] for step in result["steps"]}
    assert "verified" in verdicts
    assert "failed" not in verdicts


def test_every_plugin_documents_itself(run: Run) -> None:
    for kind, folder in (("module", "modules"), ("filter", "filter")):
        names = {
            f"gatepost.mail.{file.stem}"
            for file in (INSTALLED / "plugins" / folder).glob("*.[py]*")
            if file.suffix == (".py" if kind == "module" else ".yml")
        }
        documented = json.loads(run("ansible-doc", "-t", kind, "--json", *sorted(names)))
        assert set(documented) == names
        for name, each in documented.items():
            assert Path(each["doc"]["filename"]).is_relative_to(INSTALLED), name


def test_the_role_documents_itself_and_its_playbook_is_sound(run: Run) -> None:
    documented = json.loads(run("ansible-doc", "-t", "role", "--json", "gatepost.mail.relay"))
    assert (
        "relay_ingress_points"
        in documented["gatepost.mail.relay"]["entry_points"]["main"]["options"]
    )
    for playbook in (INSTALLED / "playbooks").glob("*.yml"):
        run(
            "ansible-playbook",
            f"gatepost.mail.{playbook.stem}",
            "--syntax-check",
            "-i",
            "localhost,",
        )


def test_the_role_installs_the_daemon_that_it_carries(run: Run, tmp_path: Path) -> None:
    """Its own tasks, into a folder: the release is complete and its daemon judges a file."""
    if os.geteuid() != 0:
        pytest.fail("the role installs files of root: run this part as root")
    prefix = tmp_path / "opt"
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "localhost",
                    "connection": "local",
                    "gather_facts": True,
                    "vars": {
                        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                        "relay_python": "{{ ansible_playbook_python }}",
                        "relay_install_root": str(prefix),
                    },
                    "tasks": [
                        {
                            "name": "Ask for the host's Python",
                            "ansible.builtin.command": {
                                "argv": [
                                    "{{ relay_python }}",
                                    "-c",
                                    "import sys; print('%d.%d' % sys.version_info[:2])",
                                ]
                            },
                            "register": "relay_python_version",
                            "changed_when": False,
                        },
                        {
                            "ansible.builtin.include_role": {
                                "name": "gatepost.mail.relay",
                                "tasks_from": "install",
                            }
                        },
                    ],
                }
            ]
        )
    )
    run("ansible-playbook", "-i", "localhost,", "play.yml")
    release = next(each for each in prefix.iterdir() if (each / ".complete").exists())
    daemon = release / "bin/gatepostd"
    assert daemon.exists()
    assert "gatepostd" in run(str(daemon), "--help")
