"""Every phase, every way to go wrong: one table of what becomes of the recipient."""

from __future__ import annotations

import pytest
from unit.delivery import mail
from unit.delivery.nexthop import CLOSE, ENDLESS, GARBAGE, HANG, HUGE, OFFERED, RESET, NextHop
from unit.delivery.pki import Authority

from gatepost.delivery.relay import Relay
from gatepost.delivery.session import Timeouts
from gatepost.delivery.values import Credentials, Tls

FAULTS = {
    "4xx": b"450 4.9.9 later\r\n",
    "5xx": b"550 5.9.9 never\r\n",
    "421": b"421 4.3.2 closing\r\n",
    "hang": HANG,
    "reset": RESET,
    "close": CLOSE,
    "garbage": GARBAGE,
    "huge": HUGE,
    "endless": ENDLESS,
}

# d: deferred, f: failed; the scope follows.
TABLE = """
phase     4xx          5xx          421        hang       reset      close      garbage    huge       endless
greeting  d/session    d/session    d/session  d/session  d/session  d/session  d/session  d/session  d/session
ehlo      d/session    d/session    d/session  d/session  d/session  d/session  d/session  d/session  d/session
starttls  d/site       d/site       d/site     d/site     d/site     d/site     d/site     d/site     d/site
auth      d/session    d/session    d/session  d/session  d/session  d/session  d/session  d/session  d/session
mail      d/message    f/message    d/session  d/session  d/session  d/session  d/session  d/session  d/session
rcpt      d/recipient  f/recipient  d/session  d/session  d/session  d/session  d/session  d/session  d/session
data      d/message    f/message    d/session  d/session  d/session  d/session  d/session  d/session  d/session
end       d/message    f/message    d/session  d/session  d/session  d/session  d/session  d/session  d/session
"""  # noqa: E501


def cases() -> list[tuple[str, str, str]]:
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    return [
        (row[0], fault, wanted)
        for row in rows
        for fault, wanted in zip(head[1:], row[1:], strict=True)
    ]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "stepwise"])
@pytest.mark.parametrize(("phase", "fault", "wanted"), cases())
async def test_outcome(
    phase: str, fault: str, wanted: str, pipelining: bool, authority: Authority
) -> None:
    secure = phase in ("starttls", "auth")
    offered = (*OFFERED[0 if pipelining else 1 :], *(("AUTH PLAIN",) if phase == "auth" else ()))
    context = authority.context("next.example") if secure else None
    short = 0.4
    timeouts = Timeouts(*[short] * 7) if fault == "hang" else Timeouts(*[20.0] * 7)
    async with NextHop({phase: FAULTS[fault]}, offered=offered, tls=context) as server:
        hop = mail.hop(
            server.address,
            Tls.VERIFY if secure else Tls.NONE,
            ca_file=str(authority.file),
            credentials=Credentials("u", "p") if phase == "auth" else None,
        )
        relay = Relay(mail.Hops(hop), timeouts=timeouts)
        [outcome] = await relay.run(mail.leases(mail.message("bob@example.com")), mail.BODY)
        await relay.close()
    verdict, scope = wanted.split("/")
    assert (outcome.verdict.value[0], outcome.scope.value) == (verdict, scope), outcome
    assert outcome.status.startswith("5." if verdict == "f" else "4.")
    assert outcome.peer == f"127.0.0.1:{outcome.peer.rpartition(':')[2]}"
    if phase != "end":
        assert server.received == []
