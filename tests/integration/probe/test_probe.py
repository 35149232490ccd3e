"""A message through the gateway to each provider, found by its own client, and judged."""

from run_module import refused, run

from tests.integration.probe.conftest import RANGE, REGION

GOOGLE = {"provider": "google_workspace", "rcpt_to": "jane@example.com"}
MICROSOFT = {"provider": "microsoft_365", "rcpt_to": "jane@acme.com"}
COMMON = {
    "region": REGION,
    "mail_from": "bob@gmail.com",
    "helo": "mail.gmail.com",
    "wait_timeout": 60,
}
CONNECTOR = {
    "name": "edge",
    "sender_domains": ["*"],
    "sender_ip_addresses": [RANGE],
    "enhanced_filtering": {"skip_last_ip": True, "users": []},
}


def probe(world, host, options, **more):
    return run("mail_probe", gateway_host=host, **{**COMMON, **options, **more})


def test_microsoft(world, tmp_path):
    host = world.gateway("microsoft_365")
    trust = {"gateway_tls": "verify", "connector": "edge"}
    before = probe(world, host, MICROSOFT, **trust)
    assert before["proved"] is False
    assert before["findings"]["skip_last_ip"]["holds"] is False
    world.make("m365_connection_filter_policy", ip_allow_list=[RANGE])
    world.make("m365_inbound_connector", **CONNECTOR)
    file = tmp_path / "evidence" / "probe.eml"
    done = probe(world, host, MICROSOFT, message_file=str(file), **trust)
    assert done["proved"] is True, done
    assert done["changed"] is False
    assert done["sent"]["tls"] in ("TLSv1.2", "TLSv1.3")
    assert done["connecting_ip"].startswith("206.55.129.")
    assert done["original_ip"] == "209.85.220.41"
    assert done["findings"]["skip_last_ip"]["holds"] is True
    assert done["findings"]["connector"]["holds"] is True
    assert done["findings"]["spf_hard_fail"]["holds"] is not True
    assert len(done["hops"]) >= 2
    assert all(hop["delay"] is not None for hop in done["hops"][1:])
    assert {hop["tls"] for hop in done["hops"]} >= {"TLSv1.3"}
    assert done["sent"]["message_id"].encode() in file.read_bytes()
    world.make("m365_inbound_connector", name="edge", enhanced_filtering={"skip_last_ip": False})
    assert probe(world, host, MICROSOFT)["findings"]["skip_last_ip"]["holds"] is False


def test_google(world, tmp_path):
    host = world.gateway("google_workspace")
    access = {"credentials_file": world.info["env"]["GATEPOST_GOOGLE_CREDENTIALS"]}
    access["endpoint"] = world.info["env"]["GATEPOST_GOOGLE_ENDPOINT"]
    assert probe(world, host, GOOGLE, **access)["proved"] is False
    dialog = {"enabled": True, "gateway_ips": [RANGE], "detect_external_ip": True}
    world.control("POST", "/google/gateway", dialog)
    file = tmp_path / "probe.eml"
    done = probe(world, host, GOOGLE, message_file=str(file), **access)
    assert done["proved"] is True, done
    assert done["original_ip"] == "209.85.220.41"
    known = run(
        "google_inbound_gateway_info", domain="example.com", region=REGION, message_file=str(file)
    )
    assert known["verified"] == ["enabled", "detect_external_ip"]


def test_check_mode_sends_nothing(world):
    done = run("mail_probe", check=True, gateway_host="gw.example.net", **{**COMMON, **MICROSOFT})
    assert (done["sent"], done["proved"], done["changed"]) == (None, False, False)
    assert world.control("GET", "/mail")["mail"] == []


def test_a_gateway_that_does_not_take_it(world):
    host = world.gateway("microsoft_365")
    world.make("mailmanager_traffic_policy", name="edge", default_action="DENY")
    told = refused("mail_probe", gateway_host=host, **{**COMMON, **MICROSOFT})
    assert "RCPT: 5" in told


def test_a_message_that_does_not_arrive(world):
    host = world.gateway("microsoft_365")
    drop = {"name": "all", "actions": [{"drop": {}}]}
    world.make("mailmanager_rule_set", name="main", rules=[drop])
    told = refused("mail_probe", gateway_host=host, **{**COMMON, **MICROSOFT, "wait_timeout": 2})
    assert "taken by the gateway: 250" in told
    assert "not so after 2 seconds" in told


def test_a_mailbox_that_cannot_be_read_is_not_an_empty_one(world):
    host = world.gateway("microsoft_365")
    fault = {"service": "graph", "operation": "messages.list", "code": "ErrorAccessDenied"}
    world.control("POST", "/faults", {**fault, "status": 403, "count": 99})
    told = refused("mail_probe", gateway_host=host, **{**COMMON, **MICROSOFT})
    assert "list messages: ErrorAccessDenied" in told
