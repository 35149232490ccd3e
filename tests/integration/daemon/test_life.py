"""The daemon's life: start, reload, stop, death, and what becomes of the mail meanwhile."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from emulators.ports import free_port
from tests.integration.daemon.mail import send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]


def bound(address: str) -> dict[str, Any]:
    return {"relays": {"next": {"tls": "none", "address": address}}}


def test_sigterm_keeps_the_queue_and_a_restart_delivers_it(daemons: Daemons) -> None:
    sink = Sink()
    daemon = daemons(base_config(bindings=bound(sink.address))).start()
    for _ in range(3):
        send(daemon.port())
    assert daemon.stop() == 0
    assert daemon.queue("list")["total"] == 3
    with sink:
        daemon.start()
        sink.wait(3)
    daemon.until(lambda: daemon.queue("list")["total"] == 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_daemon_loses_nothing(daemons: Daemons, workers: int) -> None:
    sink = Sink()
    daemon = daemons(base_config(bindings=bound(sink.address), workers=workers)).start()
    for _ in range(10):
        send(daemon.port())
    daemon.kill()
    with sink:
        daemon.start()
        assert len(sink.wait(10)) == 10


def test_workers_end_with_their_supervisor(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(sink.address), workers=2)).start()
    assert daemon.process is not None
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait(10)
    daemon.process = None
    # Its shards and its sockets are free again.
    daemon.start()
    send(daemon.port())
    sink.wait(1)


def worker_pids(daemon: Daemon) -> list[int]:
    assert daemon.process is not None
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def test_workers_get_settings_of_the_c_library_that_ours_override(daemons: Daemons) -> None:
    daemon = daemons(base_config())
    daemon.start(environment={"MALLOC_ARENA_MAX": "3"})
    [worker] = worker_pids(daemon)
    environment = Path(f"/proc/{worker}/environ").read_text().split("\0")
    assert "GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1073741824" in environment
    assert "MALLOC_ARENA_MAX=3" in environment


def test_a_killed_worker_is_started_again_and_its_shard_goes_on(daemons: Daemons) -> None:
    sink = Sink()
    daemon = daemons(base_config(bindings=bound(sink.address), workers=2)).start()
    for _ in range(8):
        send(daemon.port())
    daemon.until(lambda: daemon.metric("gatepost_received_messages_total") == 8)
    for pid in worker_pids(daemon):
        os.kill(pid, signal.SIGKILL)
    daemon.until(lambda: len(daemon.events("WorkerDied")) == 2)
    assert daemon.events("WorkerDied")[0]["status"] == "SIGKILL"
    daemon.until(lambda: daemon.get("/healthz")[0] == 200)
    with sink:
        daemon.flush()
        sink.wait(8)
    send(daemon.port())
    # The dead workers' counts are not lost.
    daemon.until(lambda: daemon.metric("gatepost_received_messages_total") == 9)


def test_fewer_workers_adopt_what_the_others_left(daemons: Daemons) -> None:
    sink = Sink()
    daemon = daemons(base_config(bindings=bound(sink.address), workers=3)).start()
    for _ in range(30):
        send(daemon.port())
    daemon.stop()
    daemon.write(workers=1)
    with sink:
        daemon.start()
        sink.wait(30)
    daemon.until(lambda: daemon.queue("list")["total"] == 0)


def test_a_reload_takes_the_new_file(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(f"127.0.0.1:{free_port()}"))).start()
    send(daemon.port())
    daemon.until(lambda: daemon.events("TransientFailure"))
    # The mended address releases what waits; the decision stays.
    daemon.write(bindings=bound(sink.address), rule_sets=[{"RuleSetName": "main", "Rules": []}])
    daemon.reload()
    assert daemon.events("Reloaded")[0]["failed"] is None
    sink.wait(1)
    send(daemon.port())
    daemon.until(lambda: daemon.events("Unrouted"))


def test_a_wrong_file_is_kept_out(daemons: Daemons, sink: Sink) -> None:
    daemon = daemons(base_config(bindings=bound(sink.address))).start()
    daemon.write(hostnme="typo")
    daemon.reload()
    (refused,) = daemon.events("ReloadRefused")
    assert "hostnme: is not a known key; did you mean hostname?" in refused["reason"]
    send(daemon.port())
    sink.wait(1)
    # A worker that starts now gets the file that was judged, not the one that lies there.
    os.kill(worker_pids(daemon)[0], signal.SIGKILL)
    daemon.until(lambda: daemon.events("WorkerDied"))
    daemon.until(lambda: daemon.get("/healthz")[0] == 200)
    send(daemon.port())
    sink.wait(2)


def test_a_reload_says_what_it_cannot_change(daemons: Daemons, sink: Sink) -> None:
    config = base_config(bindings=bound(sink.address))
    daemon = daemons(config).start()
    points = [{**config["ingress_points"][0]}]
    points[0]["listen"] = [*points[0]["listen"], f"127.0.0.1:{free_port()}"]
    daemon.write(workers=2, ingress_points=points)
    daemon.reload()
    (event,) = daemon.events("Reloaded")
    assert event["needs_restart"] == "workers, ingress_points[0].listen[1]"
    send(daemon.port())
    sink.wait(1)


def test_a_session_ends_politely_at_a_stop(daemons: Daemons) -> None:
    daemon = daemons(base_config(limits={"drain": 5})).start()
    with smtplib.SMTP("127.0.0.1", daemon.port(), timeout=20) as client:
        client.ehlo()
        assert daemon.stop() == 0
        code, _ = client.getreply()
        assert code == 421
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", daemon.port()), 5)


def test_an_address_in_use_is_told_before_anything_starts(daemons: Daemons) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = base_config()
        config["ingress_points"][0]["listen"] = [f"127.0.0.1:{taken.getsockname()[1]}"]
        daemon = daemons(config).start(wait=False)
        assert daemon.process is not None
        assert daemon.process.wait(20) == 2
    assert "ingress_points[0].listen[0]: cannot listen on" in daemon.log.read_text()


def test_two_daemons_do_not_share_a_spool(daemons: Daemons) -> None:
    first = daemons(base_config()).start()
    second = daemons(base_config(spool={"path": str(first.directory / "spool")}))
    second.start(wait=False)
    assert second.process is not None
    assert second.process.wait(20) == 2
    assert "another gatepostd answers here" in second.log.read_text()


def test_the_service_manager_is_told(daemons: Daemons, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        daemon = daemons(base_config())
        daemon.start(environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(1000).startswith(b"READY=1\n")
        daemon.reload()
        assert manager.recv(1000).startswith(b"RELOADING=1\n")
        assert manager.recv(1000).startswith(b"READY=1\n")
        daemon.stop()
        assert manager.recv(1000).startswith(b"STOPPING=1\n")
