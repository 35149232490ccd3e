"""What operators see: metrics, health, and a log that keeps secrets."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.integration.daemon.mail import send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]


def test_metrics_tell_what_happened(relaying: Daemon, sink: Sink) -> None:
    send(relaying.port(), count=3)
    sink.wait(3)
    relaying.until(lambda: relaying.metric("gatepost_delivered_total") == 3)
    assert relaying.metric("gatepost_received_messages_total", ingress="edge") == 3
    assert relaying.metric("gatepost_received_bytes_total") > 3 * 200
    assert relaying.metric("gatepost_save_seconds_count") == 3
    assert relaying.metric("gatepost_delivery_seconds_count") == 3
    assert relaying.metric("gatepost_delivered_total", destination="relay:next") == 3
    assert relaying.metric("gatepost_rule_matches_total", rule_set="main", rule="all") == 3
    assert relaying.metric("gatepost_faults_total") == 0
    assert relaying.metric("gatepost_workers") == 1
    relaying.until(lambda: relaying.metric("gatepost_queue_steps") == 0)
    assert relaying.metric("gatepost_spool_free_bytes") > 0


def test_a_waiting_message_is_seen_in_the_metrics(daemons: Daemons) -> None:
    sink = Sink()
    config = base_config(bindings={"relays": {"next": {"tls": "none", "address": sink.address}}})
    daemon = daemons(config).start()
    send(daemon.port())
    daemon.until(lambda: daemon.metric("gatepost_deferred_total", destination="relay:next") >= 1)
    assert daemon.metric("gatepost_queue_steps", state="pending") == 1
    daemon.until(lambda: daemon.metric("gatepost_queue_oldest_seconds") > 0)


def test_a_failure_is_told_to_the_sender(daemons: Daemons) -> None:
    """The sink refuses for good; the DSN goes back by the same relay."""

    def answer(envelope: Any) -> str:
        # aiosmtpd keeps the null sender as "<>".
        return "" if envelope.mail_from in ("", "<>") else "550 5.1.1 no such user"

    with Sink(answer=answer) as sink:
        config = base_config(
            bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
            bounce={"relay": "next"},
        )
        daemon = daemons(config).start()
        send(daemon.port())
        (notice,) = sink.wait(1)
        assert notice.mail_from in ("", "<>")
        assert notice.recipients == ["ann@gmail.com"]
        assert b"multipart/report" in notice.content
        assert b"5.1.1" in notice.content
        daemon.until(lambda: daemon.metric("gatepost_failed_total") == 1)


def test_health(relaying: Daemon) -> None:
    for path in ("/healthz", "/readyz"):
        status, body = relaying.get(path)
        assert status == 200
        assert json.loads(body)["status"] == "ok"
    assert relaying.get("/other")[0] == 404


def test_the_control_socket_is_for_the_group_alone(relaying: Daemon) -> None:
    mode = (relaying.directory / "spool" / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660


def test_nothing_in_the_spool_is_for_others(relaying: Daemon, sink: Sink) -> None:
    send(relaying.port())
    sink.wait(1)
    for path in [relaying.directory / "spool", *(relaying.directory / "spool").rglob("*")]:
        assert not Path(path).stat().st_mode & 0o007, path


def test_the_log_holds_no_body(relaying: Daemon, sink: Sink) -> None:
    send(relaying.port())
    sink.wait(1)
    relaying.stop()
    text = relaying.log.read_text()
    assert "a line that begins" not in text
    for line in text.splitlines():
        assert {"time", "event"} <= json.loads(line).keys()
