"""Fixtures for tests with a real daemon: `daemon` starts one, `sink` is its next hop, `pki` an
authority. A daemon that a test leaves behind is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gatepost.events import EVENTS
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as started:
        yield started


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Callable[[Mapping[str, Any]], Daemon]]:
    """Makes daemons, not started yet, each in a directory of its own."""
    made: list[Daemon] = []

    def make(config: Mapping[str, Any]) -> Daemon:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(Daemon(directory, config))
        return made[-1]

    yield make
    for daemon in made:
        daemon.kill()
        for event in daemon.events():
            undeclared = event.keys() - {"time", "event", "worker"} - {*EVENTS[event["event"]]}
            assert not undeclared, event


@pytest.fixture
def relaying(daemons: Callable[[Mapping[str, Any]], Daemon], sink: Sink) -> Daemon:
    """A running daemon that relays everything to `sink`."""
    config = base_config(bindings={"relays": {"next": {"tls": "none", "address": sink.address}}})
    return daemons(config).start()
