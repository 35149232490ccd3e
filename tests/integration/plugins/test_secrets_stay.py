"""No secret in what a run prints, in its log, in the arguments of any process, or in a failure."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.integration.plugins.driving import Aws
from tests.integration.plugins.states import RESOURCES

# Quotes and a letter beyond ASCII, so that the forms below differ from it.
PASSWORD = 'Open "Sesame" \\42 Überall'
CLIENTS = "Open-Sesame-43-Clients"
TASKS = [
    {"gatepost.mail.mailmanager_kms_key": {"alias": "gp", "purpose": "relay"}},
    {"gatepost.mail.mailmanager_kms_key": {"alias": "gp", "purpose": "ingress_point"}},
    {
        "gatepost.mail.mailmanager_secret": {
            "name": "gp/out",
            "purpose": "relay",
            "kms_key_id": "alias/gp",
            "username": "relay-user",
            "password": "{{ lookup('ansible.builtin.env', 'PASSWORD') }}",
        }
    },
    {"gatepost.mail.mailmanager_rule_set": {"name": "main", "rules": []}},
    {
        "gatepost.mail.mailmanager_traffic_policy": {
            "name": "edge",
            "default_action": "DENY",
            "policy_statements": [],
        }
    },
    {
        "gatepost.mail.mailmanager_ingress_point": {
            "name": "clients",
            "type": "AUTH",
            "rule_set": "main",
            "traffic_policy": "edge",
            "smtp_password": "{{ lookup('ansible.builtin.env', 'CLIENTS') }}",
            "update_password": "always",
        }
    },
]


def forms(secret: str) -> set[str]:
    """The secret as it may stand somewhere: plain, in JSON, in base64 wherever that begins."""
    octets = secret.encode()
    encoded = set()
    for shift in range(3):
        # Without what depends on the octets before and after.
        text = base64.b64encode(b"\0" * shift + octets).decode().rstrip("=")
        encoded.add(text[(0, 2, 3)[shift] : -1])
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        *encoded,
    }


def holds(text: str, where: str) -> None:
    for secret in (PASSWORD, CLIENTS):
        for form in forms(secret):
            assert form not in text, f"{where} holds a secret"


def arguments(stop: threading.Event) -> Iterator[str]:
    """The arguments of all processes, again and again."""
    while not stop.is_set():
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                yield process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
        stop.wait(0.02)


@pytest.fixture
def play(aws: Aws, emulated: dict[str, Any], tmp_path: Path) -> Any:
    document = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": TASKS,
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(document))

    def run(status: int) -> tuple[str, set[str]]:
        """What was printed and logged, and the arguments that were seen meanwhile."""
        stop, seen = threading.Event(), set()
        watch = threading.Thread(target=lambda: seen.update(arguments(stop)))
        watch.start()
        try:
            done = subprocess.run(
                [
                    str(Path(sys.executable).with_name("ansible-playbook")),
                    *("-i", "localhost,", "-vvv", "--diff", "play.yml"),
                ],
                cwd=tmp_path,
                env={
                    **os.environ,
                    **emulated["env"],
                    "AWS_DEFAULT_REGION": "eu-west-1",
                    "PASSWORD": PASSWORD,
                    "CLIENTS": CLIENTS,
                    "ANSIBLE_HOME": str(tmp_path / "ansible"),
                    "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
                    "ANSIBLE_NOCOLOR": "1",
                },
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            stop.set()
            watch.join()
        printed = done.stdout + done.stderr
        assert done.returncode == status, printed
        return printed + (tmp_path / "log").read_text(), seen

    return run


def test_forms_are_found() -> None:
    for start in range(4):
        text = base64.b64encode(b"x" * start + PASSWORD.encode() + b"tail").decode()
        with pytest.raises(AssertionError):
            holds(text, "base64")
    with pytest.raises(AssertionError):
        holds(json.dumps({"a": PASSWORD}), "JSON")


def test_no_run_shows_a_secret(aws: Aws, play: Any) -> None:
    printed, seen = play(0)
    assert "mailmanager_secret" in printed
    holds(printed, "the output of -vvv or the log")
    assert any("AnsiballZ_mailmanager_secret" in each for each in seen)
    holds("\n".join(seen), "the arguments of a process")
    client = boto3.client("secretsmanager")
    value = json.loads(client.get_secret_value(SecretId="gp/out")["SecretString"])
    assert value == {"username": "relay-user", "password": PASSWORD}
    # Both values are to be written again, and both runs fail on the way.
    for operation in ("secretsmanager:PutSecretValue", "mailmanager:UpdateIngressPoint"):
        client.put_secret_value(SecretId="gp/out", SecretString='{"username": "a"}')
        service, name = operation.split(":")
        aws.fault(service=service, operation=name, code="ValidationException", message="no")
        printed, seen = play(2)
        assert f"{name}: ValidationException: no" in printed
        holds(printed, "the output of a failed run or its log")
        holds("\n".join(seen), "the arguments of a process")


def test_no_module_shows_a_secret_when_its_options_are_wrong(aws: Aws) -> None:
    for module, options in (
        ("mailmanager_secret", {"name": "x", "purpose": "relay", "password": PASSWORD}),
        ("mailmanager_secret", {"name": "x", "purpose": "no", "password": PASSWORD}),
        ("mailmanager_secret", {"name": "x", "password": PASSWORD, "nonsense": 1}),
        ("mailmanager_ingress_point", {"name": "edge", "type": "AUTH", "smtp_password": PASSWORD}),
        ("mailmanager_ingress_point", {"name": "edge", "type": "OPEN", "smtp_password": CLIENTS}),
    ):
        failed = aws.run(module, **options)
        assert failed["failed"]
        holds(json.dumps(failed), module)
        holds(json.dumps(failed, ensure_ascii=False), module)


def test_what_must_not_show_is_named_for_each_module_that_takes_a_secret() -> None:
    assert {name for name, each in RESOURCES.items() if each.secrets} == {
        "mailmanager_ingress_point",
        "mailmanager_relay",
        "mailmanager_secret",
    }
