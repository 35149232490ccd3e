"""A next hop that goes wrong once, in each phase and each way, and is well afterwards: through the
queue, the message arrives; a second copy only where the first one's final dot got no answer."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from unit.delivery import mail
from unit.delivery.nexthop import GARBAGE, HANG, LATE, OFFERED, RESET, NextHop
from unit.delivery.pki import Authority
from unit.queue.bench import Notices
from unit.spool.builders import message, step

from gatepost.delivery.relay import Relay
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import Credentials, Tls
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.scheduler import Scheduler
from gatepost.spool.disk import DiskSpool, Settings

from . import tables

FAULTS = {"late": LATE, "wrong": GARBAGE, "hang": HANG, "reset": RESET}
SECURE = ("starttls", "handshake", "auth")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize(("phase", "fault"), tables.HOPS)
async def test_once(tmp_path: Path, authority: Authority, phase: str, fault: str) -> None:
    secure = phase in SECURE
    server = NextHop(
        {phase: [FAULTS[fault], None]},
        offered=(*OFFERED, "AUTH PLAIN") if secure else OFFERED,
        tls=authority.context("next.example") if secure else None,
        users={"u": "p"},
    )
    spool = await DiskSpool.open(tmp_path / "0", settings=Settings(low_space=0))
    async with server, asyncio.timeout(10):
        hop = mail.hop(
            server.address,
            Tls.VERIFY if secure else Tls.NONE,
            ca_file=str(authority.file),
            credentials=Credentials("u", "p") if secure else None,
        )
        short = Timeouts(*[0.3] * 7) if fault == "hang" else Timeouts(*[10.0] * 7)
        relay = Relay(mail.Hops(hop), timeouts=short)
        events: list[str] = []
        scheduler = Scheduler(
            spool,
            relay,
            Notices(),
            policy=RetryPolicy(first=0.01, cap=0.01, jitter=0),
            record=lambda event, /, **_fields: events.append(event),
        )
        loop = asyncio.create_task(scheduler.run())
        made = message("m1", step("relay:out"), received_at=time.time(), size=len(mail.BODY))
        await spool.accept(made, mail.BODY)
        while "Delivery" not in events or spool.pending:
            assert "Bounce" not in events
            await asyncio.sleep(0.01)
        await scheduler.drain(5)
        await loop
        await relay.close()
    await spool.close()
    attempts = events.count("TransientFailure") + 1
    kinds = {(1, 1): "delivered", (2, 1): "retried", (2, 2): "twice"}
    found = kinds.get((attempts, server.arrived), f"{server.arrived} in {attempts} attempts")
    tables.record_cell(tables.HOP, phase, fault, found)
    assert found == tables.HOPS[phase, fault]
    assert server.received[-1].content == mail.BODY
