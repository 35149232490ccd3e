"""The examples of each module's documentation, run as they stand by the real ansible-playbook.

Every module has a play of its own in a region of its own, so that none meets what another made.
Each task that makes something is run twice in a row, and changes nothing the second time.
"""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from run_module import MODULES

from tests.integration.plugins.driving import Aws

ROOT = Path(__file__).parents[3]
GROUP = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]["aws"]
# Those that also ask the DNS are tried where there is one, in tests/integration/onboarding.
TRIED = [module for module in GROUP if not module.startswith("mail_domain")]
REGIONS = boto3.session.Session().get_available_regions("kms")
CASES = """
cases:
  - name: mail for the domain goes to Google
    message: "From: ann@example.org\\n\\nhello\\n"
    mail_from: ann@example.org
    rcpt: bob@example.com
    source_ip: 192.0.2.1
    helo: mail.example.org
    expect: {final: relay}
"""
SAMPLE = """Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx
Return-Path: <ann@example.org>
Delivered-To: bob@example.com
From: ann@example.org

hello
"""
# What an example says is there already.
BEFORE: dict[str, list[dict[str, Any]]] = {
    "mailmanager_secret": [
        {"gatepost.mail.mailmanager_kms_key": {"alias": "gatepost-smtp-relay", "purpose": "relay"}}
    ],
}


def examples(module: str) -> list[dict[str, Any]]:
    return yaml.safe_load(importlib.import_module(f"{MODULES}.{module}").EXAMPLES)


def play(module: str) -> dict[str, Any]:
    return {
        "name": module,
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {
            "group/gatepost.mail.aws": {
                "region": REGIONS[GROUP.index(module)],
                "endpoint_url": "{{ lookup('env', 'ENDPOINT') }}",
            }
        },
        "tasks": [*BEFORE.get(module, []), *doubled(module)],
    }


def doubled(module: str) -> list[dict[str, Any]]:
    """Each task that makes something is followed by itself, and must then change nothing."""
    tasks = []
    for task in examples(module):
        tasks.append(task)
        if f"gatepost.mail.{module}" in task and not module.endswith("_info"):
            again = {**task, "name": f"{task['name']} (again)", "register": "again"}
            tasks.append({**again, "failed_when": "again is failed or again is changed"})
    return tasks


@pytest.fixture
def run(aws: Aws, emulated: Any, tmp_path: Path) -> Any:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "policy-cases.yml").write_text(CASES)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/one.eml").write_text(SAMPLE)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"},
        **{name: emulated["env"][name] for name in emulated["env"] if name != "AWS_ENDPOINT_URL"},
        "ENDPOINT": emulated["aws"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "RELAY_USERNAME": "relay-user",
        "RELAY_PASSWORD": "Open-Sesame-42",
        "RELAY_PASSWORD_NEW": "Open-Sesame-43",
        "DKIM_PRIVATE_KEY": key.decode(),
    }

    def run(modules: list[str]) -> None:
        (tmp_path / "examples.yml").write_text(
            yaml.safe_dump([play(module) for module in modules], sort_keys=False)
        )
        command = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(command), "-i", "localhost,", "examples.yml"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed

    return run


def test_examples(run: Any) -> None:
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    run(TRIED)


def test_the_examples_name_every_module() -> None:
    for module in TRIED:
        used = [name for task in examples(module) for name in task]
        assert f"gatepost.mail.{module}" in used
