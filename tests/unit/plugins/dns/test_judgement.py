"""Domains as data: what must change before the MX moves, in which order, and what is blocking."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.gatepost.mail.plugins.module_utils.dns import judgement, records
from ansible_collections.gatepost.mail.plugins.module_utils.dns.facts import (
    Facts,
    Host,
    Mx,
    ServerMx,
)

CASES = yaml.safe_load((Path(__file__).parent / "domains.yaml").read_text())
READY = {
    "mx": "10 old.example.com",
    "ttl": 300,
    "addresses": ["206.55.133.1"],
    "alias": False,
    "tls_reporting": "v=TLSRPTv1; rua=mailto:tls@example.com",
}


def mx(text):
    parts = [one.split() for one in text.split(",") if one.strip()]
    return tuple(Mx(int(preference), host) for preference, host in parts)


def facts(given):
    held = READY | given
    first, ttl = mx(held["mx"]), held["ttl"]
    second = mx(held["second_mx"]) if "second_mx" in held else first
    error = held.get("second_error", "")
    policy = held.get("policy")
    return Facts(
        domain="example.com",
        zone="example.com",
        servers=(
            ServerMx("ns1.example.com", "192.0.2.1", first, ttl),
            ServerMx("ns2.example.com", "192.0.2.2", () if error else second, ttl, error),
        ),
        resolver=ServerMx("", "192.0.2.53", mx(held.get("resolver_mx", held["mx"])), ttl),
        hosts={"gw.example.net": Host(tuple(held["addresses"]), held["alias"])},
        mta_sts=records.mta_sts([held["mta_sts"]]) if "mta_sts" in held else None,
        mta_sts_ttl=60,
        policy=records.sts_policy(policy) if policy else None,
        policy_error=held.get("policy_error", ""),
        tls_reporting=records.tls_reporting([held["tls_reporting"]])
        if held["tls_reporting"]
        else None,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_domain(case):
    report = judgement.judge(facts(case["given"]), ["GW.example.net."])
    assert [[one.topic, one.blocking] for one in report.changes] == case["changes"]
    assert report.ready is case["ready"]
    assert report.points_at_gateway is case.get("there", False)
    text = "\n".join(f"{one.do}\n{one.why}" for one in report.changes)
    for part in case.get("told", []):
        assert part in text


def test_without_a_gateway_nothing_is_said_of_a_move():
    report = judgement.judge(facts({}), [])
    assert report.changes == ()
    assert not report.points_at_gateway
