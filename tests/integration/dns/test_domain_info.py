"""What the module reads by real queries: of each server, cut off, silent, lame or not there."""

import pytest
from run_module import refused, run

INFO = "mail_domain_info"
GATEWAY = {"domain": "acme.com", "gateway_hosts": ["mx1.example.net"]}
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: {}\r\nmax_age: 86400\r\n"


def topics(done):
    assert not done.get("failed"), done
    return [one["topic"] for one in done["changes"]]


def test_a_domain_before_its_mx_moves(world):
    done = run(INFO, **GATEWAY, dkim_selectors=["s1"])
    assert topics(done) == ["TLS reporting", "MX"]
    assert done["ready"] is True
    assert done["points_at_gateway"] is False
    assert done["zone"] == "acme.com"
    assert [one["server"] for one in done["mx"]["servers"]] == [
        "ns1.example.net",
        "ns2.example.net",
    ]
    for one in (*done["mx"]["servers"], done["mx"]["resolver"]):
        assert one["mx"] == ["0 acme-com.mail.protection.outlook.com"]
        assert one["ttl"] > 0
    assert done["spf"]["includes"] == ["spf.protection.outlook.com"]
    assert done["dmarc"]["tags"]["p"] == "none"
    assert done["dkim"] == {"s1": None}
    assert done["mta_sts"] == {"record": None, "policy": None, "error": ""}


def test_after_the_move(world):
    world.records("acme.com", "MX", "10 mx1.example.net.")
    done = run(INFO, **GATEWAY)
    assert done["points_at_gateway"] is True
    assert topics(done) == ["TLS reporting"]


def test_a_subdomain_of_a_zone(world):
    world.records("mail.acme.com", "MX", "10 mx1.example.net.")
    done = run(INFO, domain="Mail.acme.com.", gateway_hosts=["mx1.example.net"])
    assert done["zone"] == "acme.com"
    assert done["dmarc"]["at"] == "_dmarc.acme.com"
    assert done["points_at_gateway"] is True


def test_a_secondary_that_lags_behind(world):
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
    world.records("acme.com", "MX", "10 mx1.example.net.")
    done = run(INFO, **GATEWAY)
    assert done["servers_agree"] is False
    assert done["ready"] is False
    assert done["points_at_gateway"] is False
    assert topics(done)[0] == "name servers"


def test_a_resolver_that_remembers(world):
    world.control("POST", "/dns/resolver", {"cache": True})
    run(INFO, **GATEWAY)
    world.records("acme.com", "MX", "10 mx1.example.net.")
    done = run(INFO, **GATEWAY)
    assert done["servers_agree"] is True
    assert done["points_at_gateway"] is False
    assert "Wait up to" in done["changes"][-1]["do"]


@pytest.mark.parametrize("code", ["TIMEOUT", "LAME", "SERVFAIL", "REFUSED"])
def test_a_server_that_does_not_answer_is_said_to(world, code):
    world.fault("ns1", code, "MX", count=9)
    done = run(INFO, **GATEWAY, timeout=0.5)
    assert done["mx"]["servers"][0]["error"]
    assert done["mx"]["servers"][1]["error"] == ""
    assert done["ready"] is False
    assert "Mend name server ns1.example.net" in done["changes"][0]["do"]


@pytest.mark.parametrize("code", ["TIMEOUT", "SERVFAIL", "REFUSED"])
@pytest.mark.parametrize("kind", ["SOA", "MX", "TXT", "A"])
def test_a_resolver_that_does_not_answer_is_never_an_absent_record(world, code, kind):
    world.fault("resolver", code, kind, count=99)
    assert f"{kind} of " in refused(INFO, **GATEWAY, timeout=0.5)


def test_an_answer_that_is_cut_off_is_asked_for_by_tcp(world):
    world.records("acme.com", "MX", "10 mx1.example.net.")
    world.fault("ns1", "TRUNCATE", "MX", count=1)
    assert run(INFO, **GATEWAY)["points_at_gateway"] is True


def test_a_domain_that_is_not_there(world):
    assert "nowhere.invalid" in refused(INFO, domain="nowhere.invalid")


def test_a_policy_that_does_not_know_the_gateway(world):
    world.records("_mta-sts.acme.com", "TXT", "v=STSv1; id=1")
    world.records("mta-sts.acme.com", "A", "127.0.0.1")
    old = POLICY.format("*.mail.protection.outlook.com")
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", "policy": old})
    done = run(INFO, **GATEWAY)
    assert topics(done) == ["TLS reporting", "MTA-STS", "MTA-STS", "MX"]
    assert done["ready"] is False
    assert done["mta_sts"]["policy"]["mode"] == "enforce"
    new = POLICY.format("mx1.example.net")
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", "policy": new})
    assert run(INFO, **GATEWAY)["ready"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": None},
        {"policy": POLICY, "status": 404},
        {"policy": POLICY, "status": 301},
        {"policy": POLICY, "content_type": "text/html"},
        {"policy": "x" * 70_000},
        {"policy": "<script>alert(1)</script>"},
    ],
)
def test_a_policy_that_counts_for_nothing(world, wrong):
    world.records("_mta-sts.acme.com", "TXT", "v=STSv1; id=1")
    world.records("mta-sts.acme.com", "A", "127.0.0.1")
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", **wrong})
    done = run(INFO, **GATEWAY)
    assert done["ready"] is False
    assert "MTA-STS" in topics(done)


def test_a_policy_host_that_nobody_vouches_for(world, monkeypatch):
    monkeypatch.delenv("GATEPOST_MTA_STS_CA")
    world.records("_mta-sts.acme.com", "TXT", "v=STSv1; id=1")
    world.records("mta-sts.acme.com", "A", "127.0.0.1")
    policy = POLICY.format("mx1.example.net")
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", "policy": policy})
    assert "certificate verify failed" in run(INFO, **GATEWAY)["mta_sts"]["error"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"domain": "x"}, "domain"),
        ({"gateway_hosts": ["a b"]}, "gateway_hosts[0]"),
        ({"resolver": "ns.example.com"}, "resolver"),
        ({"resolver": "127.0.0.1:99999"}, "resolver"),
    ],
)
def test_bad_options(world, options, told):
    assert refused(INFO, **{**GATEWAY, **options}).startswith(told)
