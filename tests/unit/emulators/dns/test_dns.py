"""The servers and the resolver, over sockets, with dnspython as the client."""

import socket
from urllib.error import HTTPError

import boto3
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.dns.facts import gather
from ansible_collections.gatepost.mail.plugins.module_utils.dns.judgement import judge
from ansible_collections.gatepost.mail.plugins.module_utils.dns.policy_file import fetch
from ansible_collections.gatepost.mail.plugins.module_utils.dns.resolver import Dns, Server

MX = "0 acme-com.mail.protection.outlook.com."


@pytest.mark.parametrize("server", ["resolver", "ns1", "ns2"])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_domain_is_answered_everywhere(world, server, tcp):
    found = world.query("acme.com", "MX", server, tcp=tcp)
    assert [data.to_text() for data in found.answer[0]] == [MX]
    assert bool(found.flags & dns.flags.AA) == (server != "resolver")
    assert bool(found.flags & dns.flags.RA) == (server == "resolver")


@pytest.mark.parametrize(
    ("name", "kind", "code", "zone"),
    [
        ("nothing.acme.com", "A", "NXDOMAIN", "acme.com."),
        ("acme.com", "AAAA", "NOERROR", "acme.com."),
        ("protection.outlook.com", "A", "NOERROR", "outlook.com."),  # an empty non-terminal
    ],
)
def test_what_is_absent_comes_with_a_soa(world, name, kind, code, zone):
    for server in ("resolver", "ns1"):
        found = world.query(name, kind, server)
        assert dns.rcode.to_text(found.rcode()) == code
        assert found.answer == []
        assert found.authority[0].name.to_text() == zone


def test_a_stranger_is_refused_or_does_not_exist(world):
    assert world.ask("example.org", "A", "ns1") == ("REFUSED", [])
    assert world.ask("example.org", "A") == ("NXDOMAIN", [])


def test_a_wildcard_answers_under_the_name_that_was_asked(world):
    found = world.query("Acme-Com.mail.protection.outlook.com", "A")
    assert found.answer[0].name.to_text() == "Acme-Com.mail.protection.outlook.com."
    assert found.answer[0][0].to_text() == "127.0.0.1"


def test_dnspythons_resolver_finds_the_servers(world):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], world.port
    names = [data.target.to_text() for data in resolver.resolve("acme.com", "NS")]
    assert sorted(names) == ["ns1.example.net.", "ns2.example.net."]
    assert resolver.resolve("ns2.example.net", "A")[0].to_text() == "127.0.0.3"
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("nothing.acme.com", "A")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("acme.com", "AAAA")


def test_records_are_written(world):
    before = world.query("acme.com", "SOA", "ns1").answer[0][0].serial
    world.records("acme.com", "MX", "10 mx1.example.net.", "20 mx2.example.net.", ttl=60)
    found = world.query("acme.com", "MX")
    assert found.answer[0].ttl == 60
    assert len(found.answer[0]) == 2
    assert world.query("acme.com", "SOA", "ns1").answer[0][0].serial == before + 1
    world.records("acme.com", "MX")
    assert world.ask("acme.com", "MX") == ("NOERROR", [])


def test_a_long_text_is_cut_into_strings_and_asked_for_by_tcp(world):
    key = "v=DKIM1; p=" + "A" * 900 + ' "quoted" \\ é'
    world.records("x._domainkey.acme.com", "TXT", key)
    found = world.query("x._domainkey.acme.com", "TXT", tcp=True)
    assert b"".join(found.answer[0][0].strings).decode() == key
    cut = world.query("x._domainkey.acme.com", "TXT", use_edns=False)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []


def test_an_alias_is_followed_to_another_zone(world):
    world.records("www.acme.com", "CNAME", "mx1.example.net.")
    found = world.query("www.acme.com", "A")
    assert [one.rdtype.name for one in found.answer] == ["CNAME", "A"]
    assert [one.rdtype.name for one in world.query("www.acme.com", "A", "ns1").answer] == ["CNAME"]
    world.records("a.acme.com", "CNAME", "b.acme.com.")
    world.records("b.acme.com", "CNAME", "a.acme.com.")
    assert world.ask("a.acme.com", "A")[0] == "SERVFAIL"


def test_a_lagging_server_keeps_what_it_had(world):
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
    world.records("acme.com", "MX", "10 mx1.example.net.")
    assert world.ask("acme.com", "MX", "ns1")[1] == ["10 mx1.example.net."]
    assert world.ask("acme.com", "MX", "ns2")[1] == [MX]
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": False})
    assert world.ask("acme.com", "MX", "ns2")[1] == ["10 mx1.example.net."]


def test_a_resolver_may_keep_answers_for_their_ttl(world):
    world.control("POST", "/dns/resolver", {"cache": True})
    assert world.ask("acme.com", "MX")[1] == [MX]
    world.records("acme.com", "MX", "10 mx1.example.net.")
    world.control("POST", "/clock", {"advance": 100})
    kept = world.query("acme.com", "MX").answer[0]
    assert (kept[0].to_text(), 190 <= kept.ttl <= 200) == (MX, True)
    world.control("POST", "/clock", {"advance": 250})
    assert world.ask("acme.com", "MX")[1] == ["10 mx1.example.net."]


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "NXDOMAIN"])
def test_a_server_fails_on_request(world, code):
    fault = {"service": "dns.ns1", "operation": "MX", "code": code}
    world.control("POST", "/faults", fault)
    assert world.ask("acme.com", "TXT", "ns1")[0] == "NOERROR"
    assert world.ask("acme.com", "MX", "ns1") == (code, [])
    assert world.ask("acme.com", "MX", "ns1")[0] == "NOERROR"


def test_a_server_is_silent_cuts_or_is_lame_on_request(world):
    def fault(code):
        world.control("POST", "/faults", {"service": "dns.ns2", "code": code})

    fault("TIMEOUT")
    with pytest.raises(dns.exception.Timeout):
        world.query("acme.com", "MX", "ns2", timeout=0.2)
    fault("TRUNCATE")
    question = dns.message.make_query("acme.com", "MX")
    answer, by_tcp = dns.query.udp_with_fallback(question, "127.0.0.3", port=world.port, timeout=5)
    assert (by_tcp, len(answer.answer)) == (True, 1)
    fault("LAME")
    assert not world.query("acme.com", "MX", "ns2").flags & dns.flags.AA


@pytest.mark.parametrize("wire", [b"", b"\0", b"\xff" * 12, b"\0" * 12, b"x" * 600])
def test_hostile_datagrams_are_survived(world, wire):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(wire, ("127.0.0.2", world.port))
    with socket.create_connection(("127.0.0.2", world.port), 5) as client:
        client.sendall(len(wire).to_bytes(2, "big") + wire)
        client.shutdown(socket.SHUT_WR)
        client.recv(65535)
    assert world.ask("acme.com", "MX", "ns1")[1] == [MX]


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [("AXFR", None, "REFUSED"), ("ANY", None, "REFUSED"), ("A", "opcode", "NOTIMP")],
)
def test_what_is_not_played_is_refused(world, kind, change, code):
    question = dns.message.make_query("acme.com", kind)
    if change:
        question.set_opcode(dns.opcode.STATUS)
    answer = dns.query.udp(question, "127.0.0.2", port=world.port, timeout=5)
    assert dns.rcode.to_text(answer.rcode()) == code


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/dns/records", {"name": "acme.com", "type": "MX", "values": ["mx1"]}, "acme.com MX mx1"),
        ("/dns/records", {"name": "acme.com", "type": "ANY", "values": ["x"]}, "ANY"),
        ("/dns/records", {"name": "a..b", "type": "A", "values": ["192.0.2.1"]}, "a..b"),
        (
            "/dns/records",
            {"name": "acme.com", "type": "A", "ttl": -1, "values": ["192.0.2.1"]},
            "TTL",
        ),
        ("/dns/records", {"name": "acme.com", "type": "CNAME", "values": ["x."]}, "CNAME"),
        ("/dns/records", {"name": "acme.com", "type": "SOA", "values": []}, "SOA"),
        ("/dns/servers", {"server": "ns9", "frozen": True}, "ns1, ns2"),
        ("/dns/resolver", {"cache": 1}, "cache"),
        ("/dns/zone", {"name": "x.org", "records": {}}, "list"),
    ],
)
def test_control_names_what_is_wrong(world, path, body, named):
    with pytest.raises(HTTPError) as raised:
        world.control("POST", path, body)
    assert raised.value.code == 400
    assert named in raised.value.read().decode()


def test_a_zone_comes_and_goes(world):
    record = {"name": "www.x.org", "type": "A", "values": ["192.0.2.1"]}
    world.control("POST", "/dns/zone", {"name": "x.org", "records": [record]})
    assert world.ask("www.x.org", "A")[1] == ["192.0.2.1"]
    world.control("DELETE", "/dns/zone", {"name": "x.org"})
    assert world.ask("www.x.org", "A")[0] == "NXDOMAIN"
    with pytest.raises(HTTPError) as raised:
        world.control("POST", "/dns/records", record)
    assert raised.value.code == 404


@pytest.fixture
def route53(world):
    env = world.info["env"]
    return boto3.client(
        "route53",
        endpoint_url=world.info["aws"],
        region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )


def upsert(route53, zone, name, kind, *values):
    records = [{"Value": value} for value in values]
    change = {
        "Action": "UPSERT",
        "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": records},
    }
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def test_a_hosted_zone_is_answered_by_its_own_servers(world, route53):
    made = route53.create_hosted_zone(Name="acme.com", CallerReference="1")
    zone = made["HostedZone"]["Id"]
    assert world.ask("acme.com", "MX") == ("NOERROR", [])
    upsert(route53, zone, "acme.com", "MX", "10 inbound.example.")
    upsert(route53, zone, "*.acme.com", "TXT", '"a" "b"')
    assert world.ask("acme.com", "MX")[1] == ["10 inbound.example."]
    assert world.ask("x.acme.com", "TXT")[1] == ['"a" "b"']
    servers = world.ask("acme.com", "NS")[1]
    assert sorted(servers) == sorted(f"{one}." for one in made["DelegationSet"]["NameServers"])
    addresses = {world.ask(server, "A")[1][0] for server in servers}
    assert addresses <= {"127.0.0.2", "127.0.0.3"}
    assert addresses


def test_a_hosted_zone_has_lagging_servers_too(world, route53):
    zone = route53.create_hosted_zone(Name="x.org", CallerReference="1")["HostedZone"]["Id"]
    upsert(route53, zone, "x.org", "MX", "10 old.example.")
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
    upsert(route53, zone, "x.org", "MX", "10 new.example.")
    assert world.ask("x.org", "MX", "ns1")[1] == ["10 new.example."]
    assert world.ask("x.org", "MX", "ns2")[1] == ["10 old.example."]


def test_the_modules_gather_and_judge_by_it(world):
    policy = "version: STSv1\nmode: enforce\nmx: *.mail.protection.outlook.com\nmax_age: 86400\n"
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", "policy": policy})
    world.records("_mta-sts.acme.com", "TXT", "v=STSv1; id=1")
    world.records("mta-sts.acme.com", "A", "127.0.0.1")
    dns_ = Dns((Server("127.0.0.1", world.port),), world.port, 2.0)
    port = int(world.info["mta_sts"].rpartition(":")[2])

    def get(domain, addresses):
        return fetch(domain, addresses, context=world.tls(), port=port, timeout=5)

    def report():
        facts = gather(dns_, "acme.com", ["mx1.example.net"], [], get)
        return judge(facts, ["mx1.example.net"])

    first = report()
    assert (first.points_at_gateway, first.agree) == (False, True)
    assert not first.ready  # the policy does not name the new host
    both = policy.replace("max_age", "mx: mx1.example.net\nmax_age")
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", "policy": both})
    assert report().ready
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": True})
    world.records("acme.com", "MX", "10 mx1.example.net.")
    assert not report().agree
    world.control("POST", "/dns/servers", {"server": "ns2", "frozen": False})
    assert report().points_at_gateway


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"policy": None}, "HTTP 404"),
        ({"policy": "x", "status": 301}, "HTTP 301"),
        ({"policy": "x", "content_type": "text/html"}, "text/html"),
    ],
)
def test_a_policy_host_may_be_wrong(world, policy, told):
    world.control("POST", "/dns/mta_sts", {"domain": "acme.com", **policy})
    port = int(world.info["mta_sts"].rpartition(":")[2])
    found = fetch("acme.com", ["127.0.0.1"], context=world.tls(), port=port, timeout=5)
    assert found.text is None
    assert told in found.error
