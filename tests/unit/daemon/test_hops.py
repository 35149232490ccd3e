"""Where the queue of a mailbox leads that is bound to LMTP, and what a secret that cannot be read
means; relays are in the integration tests."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import load
from gatepost.daemon.hops import Hops
from gatepost.delivery.outcome import Unmet
from gatepost.delivery.values import ConfigurationFailure, NextHop, Tls
from tests.unit.config.conftest import GOOD

SECRET = {"SecretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:next-a1b2c3"}


def hops(tmp_path: Path, authentication: Any = None, **bindings: Any) -> Hops:
    document = copy.deepcopy(GOOD)
    if authentication is not None:
        document["relays"][0]["Authentication"] = authentication
    document["bindings"].update(bindings)
    file = tmp_path / "gatepost.yml"
    file.write_text(yaml.safe_dump(document))
    return Hops(load(file))


@pytest.mark.parametrize(
    ("lmtp", "found"),
    [
        ("dovecot.test:2424", {"server_name": "dovecot.test", "port": 2424, "unix": None}),
        ("unix:/run/lmtp", {"server_name": "localhost", "port": 24, "unix": "/run/lmtp"}),
    ],
)
def test_lmtp(tmp_path: Path, lmtp: str, found: dict[str, Any]) -> None:
    bound = hops(tmp_path, mailboxes={"m-1": {"lmtp": lmtp}})
    assert bound.hop("mailbox:m-1") == NextHop(
        name="m-1", tls=Tls.NONE, helo="mx1.example.net", lmtp=True, **found
    )


@pytest.mark.parametrize("destination", ["mailbox:gone", "application:m-1", "mailbox:here"])
def test_what_is_not_bound_to_lmtp(tmp_path: Path, destination: str) -> None:
    bound = hops(tmp_path, mailboxes={"m-1": {"lmtp": "[::1]:24"}, "here": {"maildir": "/m"}})
    with pytest.raises(ConfigurationFailure, match=destination):
        bound.hop(destination)


def test_a_secret_that_was_never_readable_is_waited_for(tmp_path: Path) -> None:
    """A worker that starts anew while the file is being written must not pass mail by."""
    bound = hops(tmp_path, SECRET, relays={"next": {"tls": "verify", "secret_file": "next.json"}})
    with pytest.raises(Unmet, match=r"relay next: .*next\.json: cannot be read"):
        bound.hop("relay:next")
    (tmp_path / "next.json").write_text('{"username": "u", "password": "p"}')
    assert bound.hop("relay:next").credentials is not None


def test_a_hop_is_made_once_until_the_file_or_the_secret_says_otherwise(tmp_path: Path) -> None:
    secret = tmp_path / "next.json"
    secret.write_text('{"username": "u", "password": "p"}')
    binding = {"next": {"tls": "verify", "secret_file": "next.json"}}
    bound = hops(tmp_path, SECRET, relays=binding, mailboxes={"m-1": {"lmtp": "[::1]:24"}})
    first = bound.hop("relay:next")
    assert first.credentials is not None
    secret.write_text('{"username": "u", "password": "q"}')
    assert bound.hop("relay:next") is first
    renewed = bound.refused("relay:next", first.credentials)
    assert renewed.credentials is not None
    assert renewed.credentials.password == "q"
    assert bound.hop("relay:next") is renewed
    mailbox = bound.hop("mailbox:m-1")
    assert bound.hop("mailbox:m-1") is mailbox
    bound.config = dataclasses.replace(bound.config, hostname="other.example.net")
    assert [bound.hop(it).helo for it in ("relay:next", "mailbox:m-1")] == ["other.example.net"] * 2
    bound.config = dataclasses.replace(bound.config, relays={}, mailboxes={})
    for destination in ("relay:next", "mailbox:m-1"):
        with pytest.raises(ConfigurationFailure):
            bound.hop(destination)
