"""`gatepost queue` on a running daemon, and on a spool without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.integration.daemon.mail import send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]


@pytest.fixture
def waiting(daemons: Daemons) -> tuple[Daemon, Sink]:
    """A daemon of two workers whose next hop is not there yet, with two messages that were tried,
    and will not be for an hour."""
    sink = Sink()
    config = base_config(
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
        retry={"first": 3600, "ceiling": 3600},
        workers=2,
    )
    daemon = daemons(config).start()
    send(daemon.port(), to="one@example.com")
    send(daemon.port(), to="two@example.com")
    daemon.until(lambda: len(daemon.events("TransientFailure")) == 2)
    daemon.until(lambda: all(row["attempts"] for row in daemon.queue("list")["entries"]))
    return daemon, sink


def ids(daemon: Daemon, *selection: str) -> list[str]:
    return [row["id"] for row in daemon.queue("list", *selection)["entries"]]


def test_why_a_message_waits(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    first, second = daemon.queue("list")["entries"]
    assert first["recipient"] == "one@example.com"
    assert second["recipient"] == "two@example.com"
    assert first["destination"] == "relay:next"
    assert first["attempts"] == 1
    assert "refused" in first["last_error"].lower()
    assert first["due_at"] - first["received_at"] == pytest.approx(3600, rel=0.2)
    (shown,) = daemon.queue("show", first["id"])["messages"]
    assert shown["attributes"]["source_ip"] == "127.0.0.1"
    assert "Subject: =?utf-8?q?" in shown["header"]
    assert "a line that begins" not in shown["header"]
    assert daemon.queue("age")["ages"]["relay:next"]["total"] == 2
    assert ids(daemon, "--recipient", "two@example.com") == [second["id"]]
    assert ids(daemon, "--recipient", "@elsewhere.net") == []


def test_hold_flush_and_release(waiting: tuple[Daemon, Sink]) -> None:
    daemon, sink = waiting
    held, _ = ids(daemon)
    assert daemon.queue("hold", held) == {"changed": 1}
    assert ids(daemon, "--state", "held") == [held]
    assert daemon.metric("gatepost_queue_steps", state="held") == 1
    with sink:
        assert daemon.queue("flush", "--all") == {"changed": 1}
        assert sink.wait(1)[0].recipients == ["two@example.com"]
        daemon.until(lambda: ids(daemon) == [held])
        assert daemon.queue("release", held) == {"changed": 1}
        sink.wait(2)
        daemon.until(lambda: ids(daemon) == [])


def test_delete_and_requeue(waiting: tuple[Daemon, Sink]) -> None:
    daemon, sink = waiting
    first, second = ids(daemon)
    assert daemon.queue("delete", first) == {"changed": 1}
    assert daemon.queue("delete", first, status=1) == {"changed": 0}
    with sink:
        assert daemon.queue("requeue", second) == {"changed": 1}
        assert sink.wait(1)[0].recipients == ["two@example.com"]
        daemon.until(lambda: ids(daemon) == [])
    assert len(sink.messages) == 1


def test_a_suspended_destination_waits_even_over_a_restart(waiting: tuple[Daemon, Sink]) -> None:
    daemon, sink = waiting
    assert daemon.queue("suspend", "relay:next") == {"suspended": ["relay:next"]}
    with sink:
        daemon.queue("flush", "--all")
        daemon.stop()
        daemon.start()
        assert daemon.metric("gatepost_suspended_destinations") == 1
        send(daemon.port(), to="three@example.com")
        assert sink.messages == []
        assert daemon.queue("resume", "relay:next") == {"suspended": []}
        sink.wait(3)


def test_a_change_without_a_selection_is_refused(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    assert "names no message" in daemon.queue("delete", status=2)
    assert len(ids(daemon)) == 2


def test_without_a_daemon_the_spool_is_read_and_nothing_changed(
    waiting: tuple[Daemon, Sink],
) -> None:
    daemon, _ = waiting
    before = ids(daemon)
    daemon.stop()
    assert ids(daemon) == before
    assert daemon.queue("age")["ages"]["relay:next"]["total"] == 2
    assert daemon.queue("show", before[0])["messages"][0]["id"] == before[0]
    assert "no gatepostd answers here" in daemon.queue("flush", "--all", status=2)


def test_tables_are_for_people(waiting: tuple[Daemon, Sink]) -> None:
    daemon, _ = waiting
    done = daemon.gatepost("queue", "list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ID ")
    assert "one@example.com" in lines[1]
    assert lines[-1] == "2 steps"
