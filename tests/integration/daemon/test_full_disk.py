"""A full disk: 452, nothing lost, and mail again when there is room."""

from __future__ import annotations

import shutil
import smtplib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.daemon.mail import MESSAGE, send
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]


def test_below_the_watermark_mail_is_put_off(daemons: Daemons, tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    daemon = daemons(base_config(spool={"path": "spool", "low_space": 2 * free})).start()
    with pytest.raises(smtplib.SMTPException) as raised:
        send(daemon.port())
    assert "452" in str(raised.value)
    assert daemon.queue("list")["total"] == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, too small for much; needs root."""
    where = tmp_path / "disk"
    where.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0750", "gatepost-test", str(where)],
        check=True,
    )
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


def test_a_disk_that_fills_loses_nothing(daemons: Daemons, small_disk: Path) -> None:
    sink = Sink()
    config = base_config(
        spool={"path": str(small_disk / "spool"), "low_space": 0},
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
    )
    daemon = daemons(config).start()
    large = MESSAGE + b"0123456789abcdef" * 4 + b"\r\n"
    large += (b"x" * 76 + b"\r\n") * 100_000
    accepted = 0
    while (refusal := _refusal(daemon, large)) is None:
        accepted += 1
    assert "452" in refusal
    assert accepted > 0
    # Somebody else takes what is left, to the last octet.
    with pytest.raises(OSError, match="No space left"):
        _fill(small_disk / "other")
    while (refusal := _refusal(daemon, MESSAGE)) is None:
        accepted += 1
    assert "452" in refusal
    with sink:
        daemon.flush()
        sink.wait(accepted)
        daemon.until(lambda: daemon.queue("list")["total"] == 0)
    daemon.until(lambda: _refusal(daemon, MESSAGE) is None)
    # Each once: what a next hop accepted could be recorded.
    assert len(sink.messages) == accepted


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


def _refusal(daemon: Daemon, message: bytes) -> str | None:
    """What the daemon says against a message, None when it takes it."""
    try:
        send(daemon.port(), message)
    except smtplib.SMTPException as error:
        return str(error)
    return None
