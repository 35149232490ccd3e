"""What is asked of the relay, judged by measurements, and how they are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatepost.policy.documents import normalize
from gatepost.policy.message import Message
from gatepost.policy.plan import plan
from gatepost.policy.rules import compile_rule_set
from gatepost.policy.values import Session
from tests.bench import checks, profile, report
from tests.bench.backlog import Backlog, Start
from tests.bench.loads import ROWS
from tests.bench.modules import Cost
from tests.bench.peers.gatepost import Gatepost, forty_rules, ten_rules
from tests.bench.rounds import DIRECT, Measurement

RATES = {DIRECT: 20000.0, checks.RELAYS[0]: 6000.0, checks.RELAYS[1]: 5000.0, "Postfix": 1000.0}


def measured(**rates: float) -> list[Measurement]:
    """Three rounds of every row, the last one on a machine that was twice as slow."""
    return [
        Measurement(
            row=row.key,
            server=server,
            round=number,
            delivered=rate / (2 if number == 2 else 1),
            accepted=rate,
            count=100,
            lost=0,
            cpu=1 / rate,
            memory=50_000_000,
            accept=(0.001, 0.002),
            deliver=(0.003, 0.01),
            errors=(),
        )
        for row in ROWS
        for number in range(3)
        for server, rate in {**RATES, **rates}.items()
    ]


def test_a_ratio_is_the_median_of_pairs() -> None:
    first, *_rest = checks.of_throughput(measured())
    assert (first.measured, first.by, first.status) == (6.0, checks.RELAYS[0], "at least")


@pytest.mark.parametrize(
    ("rate", "status"), [(10_000.0, "sought"), (5_000.0, "at least"), (4_999.0, "missed")]
)
def test_the_first_row(rate: float, status: str) -> None:
    found = measured(**{checks.RELAYS[0]: rate, checks.RELAYS[1]: 1.0})
    assert checks.of_throughput(found)[0].status == status


def test_the_fastest_of_all_peers() -> None:
    assert checks.of_throughput(measured())[-1].measured == len(ROWS)
    assert checks.of_throughput(measured(Exim=6001.0))[-1].status == "missed"


def test_without_the_reference_nothing_is_judged() -> None:
    found = [each for each in measured() if each.server != "Postfix"]
    assert {each.status for each in checks.of_throughput(found)} == {None}


def test_costs_are_judged_downwards() -> None:
    cpu, memory = checks.of_cost(measured())
    assert cpu.measured == pytest.approx(1 / 6)
    assert (cpu.status, memory.status) == ("sought", "sought")
    assert checks.of_cost(measured(**{"Postfix": 1001.0}))[0].status == "missed"


def test_the_queue() -> None:
    found = Backlog(1000, ((100.0, 95.0), (100.0, 80.0), (200.0, 190.0)), 450.0)
    share, octets, accepts, indexed = checks.of_queue(found, Start(1000, 1.5, 5.1))
    assert (share.measured, share.status) == (0.95, "sought")
    assert [each.status for each in (octets, accepts, indexed)] == ["missed", "sought", "missed"]


class Noted(Gatepost):
    note = "syncs nothing"


def document(**changes: Any) -> dict[str, Any]:
    found = measured()
    judged = [*checks.of_throughput(found), *checks.of_cost(found)]
    stacks = [
        "main;MainThread;take (gatepost/smtp/lines.py) 3",
        "main;MainThread;run (uvloop.py) 1",
    ]
    parts = {
        "throughput": found,
        "profile": profile.summed(stacks),
        "modules": [Cost("relay", "a.b.c", (3, 1), (3, 0), 0.5)],
    }
    about = report.machine() | {"processor": "<b>cpu</b>"}
    made = report.document(about, [Gatepost(1), Noted(1)], {"Haraka": "needs node"}, parts, judged)
    return json.loads(json.dumps(made | changes))


def test_everything_is_shown_and_escaped(tmp_path: Path) -> None:
    found = document()
    report.write(found, tmp_path)
    assert json.loads((tmp_path / "bench.json").read_text()) == found
    page = (tmp_path / "bench.html").read_text()
    assert "&lt;b&gt;cpu" in page
    assert page.index("<svg") < page.index("<table"), "plots come first"
    for told in (
        "needs node",
        "syncs nothing.",
        "a.b.c",
        "take (smtp/lines.py)",
        "75.0 %",
        "6 x Postfix",
        "20,000",
        *(row.title for row in ROWS),
    ):
        assert told in page
    assert "6 x Postfix" in report.as_text(found)
    text = report.rendered("performance.md.j2", found)
    assert "| 4 KiB, 20 sessions, many messages each (Gatepost, 1 worker) | 5 | 10 | 6 x" in text


def test_a_part_alone_is_shown_too() -> None:
    found = document(throughput=[], checks=[])
    for template in ("bench.html.j2", "performance.md.j2"):
        assert "a.b.c" in report.rendered(template, found)


@pytest.mark.parametrize("rules", [ten_rules(), forty_rules()])
def test_the_rules_judge_and_relay_the_load(rules: list[dict[str, Any]]) -> None:
    """The last rule alone matches, and of the forty each condition but the last one holds."""
    document = normalize("RuleSet", {"rule_set_name": "main", "rules": rules})
    body = b"From: Sender <sender@client.example>\r\nTo: <user@example.com>\r\n"
    body += b"Subject: a message of the bench\r\n\r\n" + b"x" * 4000 + b"\r\n"
    made = plan(
        compile_rule_set(document),
        Session("127.0.0.1", "client.example"),
        Message(body, "sender1@client1.example"),
        "user1@example.com",
    )
    *others, last = made.trace
    assert [each.matched for each in others] == [False] * (len(rules) - 1)
    assert (last.matched, made.final) == (True, "relay")
    if len(rules) == 40:
        assert {each.by for each in others} == {"condition 9"}


def test_a_sample_is_the_innermost_own_frames() -> None:
    own = "data (gatepost/daemon/reception.py)"
    loop = (
        "process 1;thread 2: MainThread;main (gatepost/daemon/worker.py);run (uvloop/__init__.py)"
    )
    found = profile.summed(
        [
            f"{loop};{own};loads (json/decoder.py) 4",
            f"{loop};{own} 2",
            f"{loop} 3",
            f"{loop};dumps (gatepost/compact.py) 1",
            "process 1;thread 3: spool;sync (gatepost/spool/files.py) 50",
        ]
    )
    assert found.samples == 10
    assert found.layers == (("daemon", 0.6), (profile.LOOP, 0.4))
    assert found.functions[0] == ("data (daemon/reception.py)", 0.6)
