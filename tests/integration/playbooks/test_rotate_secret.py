"""A rotation under load: a real relay daemon logs in at a real server all the while, and no login
is refused; a run that was cut off goes on; what was retired is refused."""

from __future__ import annotations

import getpass
import grp
import json
import os
import smtplib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.integration.daemon.mail import send
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink
from tests.integration.playbooks.conftest import USERNAME, Play, Played

OLD, NEW = "Open-Sesame-42-Old", "Sesame-Shut-43-New"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:out-AbCdEf"
# The file of an accepted password is named after the order in which they came.
ACCEPT = """
- name: Tell the server the new password
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.env', 'GATEPOST_RELAY_PASSWORD') }}"
    dest: "ACCEPTED/new"
    mode: "0600"
  no_log: true
- name: Mail Manager still uses the old one
  gatepost.mail.mailmanager_secret_info:
    name: "{{ gatepost_secret_name }}"
  register: seen
  failed_when: seen.secrets[0].versions.AWSCURRENT != 'CURRENT'
"""
RETIRE = """
- name: Mail Manager uses the new one
  gatepost.mail.mailmanager_secret_info:
    name: "{{ gatepost_secret_name }}"
  register: seen
  failed_when: not ansible_check_mode and seen.secrets[0].versions.AWSPREVIOUS != 'CURRENT'
- name: Have the server forget the old password
  ansible.builtin.file:
    path: "ACCEPTED/old"
    state: absent
"""
# What the role's handler asks of systemd on a host; here the daemon runs without one.
SYSTEMCTL = """#!/bin/sh
case "$1" in
  show) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\n' ;;
  reload) kill -HUP PID ;;
esac
"""


class Server(Sink):
    """accepted: a directory that holds the passwords that the user may log in with."""

    accepted: Path
    logins: list[str]

    def _authenticate(self, *about: Any) -> Any:
        password = about[-1].password.decode()
        known = [each.read_text() for each in self.accepted.iterdir()]
        self.accounts = {USERNAME: password if password in known else ""}
        self.logins.append(password)
        return super()._authenticate(*about)


@dataclass
class Site:
    """A relay in AWS and one on a host, both with the same secret, and the server behind them."""

    server: Server
    daemon: Daemon
    options: tuple[str, ...]
    inventory: str
    path: Path
    play: Play

    def rotate(self, *options: str, status: int = 0) -> Played:
        return self.play(
            "rotate_secret",
            *self.options,
            *options,
            password=NEW,
            status=status,
            inventory=self.inventory,
            path=self.path,
        )


def current(label: str = "AWSCURRENT") -> str:
    manager = boto3.client("secretsmanager")
    found = manager.get_secret_value(SecretId="gp/out", VersionStage=label)
    return str(json.loads(found["SecretString"])["password"])


@pytest.fixture
def server(tmp_path: Path, pki: Authority) -> Iterator[Server]:
    made = Server(context=pki.server_context("next.gatepost.test"), accounts={USERNAME: OLD})
    made.accepted, made.logins = tmp_path / "accepted", []
    made.accepted.mkdir()
    (made.accepted / "old").write_text(OLD)
    with made:
        yield made


@pytest.fixture
def site(
    aws: Any,
    play: Play,
    tmp_path: Path,
    pki: Authority,
    server: Server,
    daemons: Callable[[Mapping[str, Any]], Daemon],
) -> Site:
    aws.run("mailmanager_kms_key", alias="gp", purpose="relay")
    made = aws.run(
        "mailmanager_secret",
        name="gp/out",
        purpose="relay",
        kms_key_id="alias/gp",
        username=USERNAME,
        password=OLD,
    )
    relay = {"name": "out", "server_name": "next.gatepost.test", "server_port": 587}
    aws.run("mailmanager_relay", **relay, authentication={"secret_arn": "gp/out"})
    etc = tmp_path / "etc"
    (etc / "secrets").mkdir(parents=True)
    secret = etc / "secrets/out.json"
    secret.write_text(json.dumps({"username": USERNAME, "password": OLD}))
    relays = base_config()["relays"]
    relays[0] |= {"ServerPort": 587, "Authentication": {"SecretArn": SECRET_ARN}}
    binding = {"tls": "verify", "ca": str(pki.ca), "address": server.address}
    config = base_config(
        relays=relays,
        bindings={"relays": {"next": {**binding, "secret_file": str(secret)}}},
    )
    daemon = daemons(config).start()
    assert daemon.process is not None
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "systemctl").write_text(SYSTEMCTL.replace("PID", str(daemon.process.pid)))
    (bin_ / "systemctl").chmod(0o755)
    for name, text in (("accept", ACCEPT), ("retire", RETIRE)):
        known = text.replace("ACCEPTED", str(server.accepted))
        known = known.replace("CURRENT'", f"{made['secret']['versions']['AWSCURRENT']}'")
        (tmp_path / f"{name}.yml").write_text(known)
    variables = {
        "gatepost_region": "eu-west-1",
        "gatepost_relay_name": "out",
        "gatepost_secret_name": "gp/out",
        "gatepost_key_alias": "gp",
        "gatepost_accept_tasks": str(tmp_path / "accept.yml"),
        "gatepost_retire_tasks": str(tmp_path / "retire.yml"),
        "gatepost_host_secret": "out",
        "gatepost_overlap_seconds": 0,
        "relay_owner": getpass.getuser(),
        "relay_user": grp.getgrgid(os.getgid()).gr_name,
    }
    (tmp_path / "vars.json").write_text(json.dumps(variables))
    host = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "relay_config_dir": str(etc),
    }
    inventory = tmp_path / "hosts.yml"
    known = {"ungrouped": {"hosts": {"localhost": {}}}, "relay": {"hosts": {"mx1": host}}}
    inventory.write_text(yaml.safe_dump(known))
    options = ("-e", f"@{tmp_path / 'vars.json'}")
    return Site(server, daemon, options, str(inventory), bin_, play)


class Load:
    """Sends a message after the other until it is told to end."""

    def __init__(self, daemon: Daemon) -> None:
        self.sent = 0
        self._port = daemon.port()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def _send(self) -> None:
        while not self._end.wait(0.3):
            send(self._port)
            self.sent += 1

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def test_predicted_run_and_run_again(aws: Any, site: Site) -> None:
    aws.forget_calls()
    predicted = site.rotate("--check", "--diff")
    assert aws.writes() == {}
    assert current() == OLD
    with Load(site.daemon) as load:
        done = site.rotate("--diff", "-vvv")
    assert load.sent > 0
    assert OLD not in predicted.printed + done.printed
    # Everything is predicted but that the host's daemon reads the file anew.
    assert done.changed == {**predicted.changed, "mx1": predicted.changed["mx1"] + 1}
    assert len(site.server.wait(load.sent)) == load.sent
    assert site.server.refused_logins == 0
    assert current() == NEW
    with pytest.raises(boto3.client("secretsmanager").exceptions.ResourceNotFoundException):
        current("AWSPREVIOUS")
    assert [each.read_text() for each in site.server.accepted.iterdir()] == [NEW]
    send(site.daemon.port())
    site.server.wait(load.sent + 1)
    assert site.server.logins[-1] == NEW
    assert site.server.refused_logins == 0
    aws.forget_calls()
    again = site.rotate("--diff")
    assert set(again.changed.values()) == {0}
    assert aws.writes() == {}


def test_a_rotation_that_was_cut_off_goes_on(site: Site, tmp_path: Path) -> None:
    accept = tmp_path / "accept.yml"
    works = accept.read_text()
    accept.write_text("- name: The server is not there\n  ansible.builtin.fail:\n")
    site.rotate(status=2)
    # Nothing uses the new password, because nobody knows that the server takes it.
    assert (current(), current("AWSPENDING")) == (OLD, NEW)
    accept.write_text(works)
    secrets = tmp_path / "etc/secrets"
    moved = secrets.rename(tmp_path / "etc/elsewhere")
    site.rotate(status=2)
    # A host that did not follow: the old password still works everywhere.
    assert (current(), current("AWSPREVIOUS")) == (NEW, OLD)
    assert len(list(site.server.accepted.iterdir())) == 2
    moved.rename(secrets)
    done = site.rotate()
    assert (current(), len(list(site.server.accepted.iterdir()))) == (NEW, 1)
    assert "AWSPENDING" not in done.task("1. Store the new password where nobody reads it yet")
    send(site.daemon.port())
    site.server.wait(1)
    assert site.server.logins[-1] == NEW


@pytest.mark.parametrize("limit", ["localhost", "mx1"])
def test_no_host_may_be_left_out(site: Site, limit: str, tmp_path: Path) -> None:
    refused = site.rotate("--limit", limit, status=2)
    assert "Run without --limit" in refused.printed
    assert current() == OLD
    assert NEW not in (tmp_path / "etc/secrets/out.json").read_text()


def test_the_server_refuses_what_was_retired(server: Server, pki: Authority) -> None:
    """What the other tests rest on: the server judges passwords, and counts refusals."""
    (server.accepted / "old").unlink()
    trusting = pki.client_context()
    trusting.check_hostname = False
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.starttls(context=trusting)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(USERNAME, OLD)
    assert server.refused_logins > 0
