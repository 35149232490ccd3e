"""A disk that fails under a running daemon: new mail is put off with the right answer, what the
next hop took meanwhile is recorded as soon as the disk is well, and mail is taken again.

The daemon is a real one. Its processes find a `sitecustomize` that makes the spool's operations
fail while a file stands beside the daemon's.
"""

from __future__ import annotations

import errno
import os
import smtplib
from pathlib import Path

import pytest

from tests.crash import tables
from tests.crash.sink import Sink
from tests.integration.daemon.running import Daemon, base_config

BREAK = """
import os
from pathlib import Path
from gatepost.spool.files import Disk

SWITCH = Path(__file__).with_name("broken")

def failing(usual):
    def instead(*arguments):
        if SWITCH.exists():
            code = int(SWITCH.read_text())
            raise OSError(code, os.strerror(code))
        return usual(*arguments)
    return instead

for name in (
    *("allocate", "write", "truncate", "sync_data", "write_through", "sync_directory"),
    *("rename", "unlink"),
):
    setattr(Disk, name, failing(getattr(Disk, name)))
"""


def send(daemon: Daemon, number: int) -> int:
    """The code that the message is answered with."""
    text = f"From: ann@gmail.com\r\nX-Number: {number}\r\n\r\nhello\r\n"
    try:
        with smtplib.SMTP("127.0.0.1", daemon.port(), timeout=20) as client:
            client.sendmail("ann@gmail.com", ["bob@example.com"], text)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 250


@pytest.mark.parametrize("name", tables.DISKS)
def test_disk(tmp_path: Path, name: str) -> None:
    case = tables.DISKS[name]
    (tmp_path / "sitecustomize.py").write_text(BREAK)
    switch = tmp_path / "broken"
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *_inherited()])}
    with Sink() as sink:
        relays = {"next": {"tls": "none", "address": f"127.0.0.1:{sink.port}"}}
        with Daemon(tmp_path, base_config(bindings={"relays": relays})) as daemon:
            daemon.start(environment=environment)
            sink.hold()
            flying = set(range(tables.IN_FLIGHT))
            assert [send(daemon, number) for number in flying] == [250] * len(flying)
            daemon.until(lambda: sink.asked == len(flying))
            written = tmp_path / "code"
            written.write_text(str(case.code))
            written.rename(switch)
            answer = send(daemon, 100)
            sink.release()
            assert not sink.wait(flying, 20)
            # What became of them could not be stored.
            daemon.until(lambda: _spool_faults(daemon))
            if case.killed:
                daemon.kill()
            switch.unlink()
            if case.killed:
                daemon.start(environment=environment)
            daemon.until(lambda: send(daemon, 101) == 250)
            lost = sink.wait({*flying, 101}, 20)
            daemon.until(lambda: daemon.queue("list")["total"] == 0)
            assert daemon.stop() == 0
    delivered = sum(sink.numbers[number] for number in flying)
    duplicates = delivered - len(flying)
    cells = (answer, len(flying), delivered, len(lost), duplicates)
    tables.record(tables.DISK, name, *cells)
    assert not lost
    assert (answer, duplicates) == (case.answer, case.duplicates), errno.errorcode[case.code]
    # Whoever was not answered 250 is not delivered behind their back.
    assert sink.numbers[100] == 0


def _spool_faults(daemon: Daemon) -> bool:
    return any(event["where"] == "spool" for event in daemon.events("Fault"))


def _inherited() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
