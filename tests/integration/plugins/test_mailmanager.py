"""Relays, rule sets, traffic policies and ingress points, from nothing to nothing again."""

import boto3
import pytest

GOOGLE = {
    "server_name": "aspmx.l.google.com",
    "server_port": 25,
    "authentication": {"no_authentication": {}},
}
GMAIL = {
    "string_expression": {
        "evaluate": {"attribute": "FROM"},
        "operator": "CONTAINS",
        "values": ["gmail.com"],
    }
}


def rule(relay, **more):
    return {"name": "all", "actions": [{"relay": {"relay": relay}}], **more}


@pytest.fixture
def relay(aws):
    return aws.run("mailmanager_relay", name="in", **GOOGLE)["relay"]


@pytest.fixture
def parts(aws, relay):
    aws.run("mailmanager_rule_set", name="main", rules=[rule("in")])
    aws.run("mailmanager_traffic_policy", name="edge", default_action="ALLOW", policy_statements=[])
    return {"rule_set": "main", "traffic_policy": "edge"}


def test_relay_life(aws):
    made = aws.apply("mailmanager_relay", name="in", **GOOGLE, tags={"team": "mail"})
    assert made["changed"]
    assert made["document"]["Authentication"] == {"NoAuthentication": {}}
    assert made["relay"]["tags"] == {"team": "mail"}
    moved = aws.apply("mailmanager_relay", name="in", server_port=26)
    assert moved["diff"]["before"]["server_port"] == 25
    assert moved["relay"]["server_port"] == 26
    assert moved["relay"]["tags"] == {"team": "mail"}
    renamed = aws.apply("mailmanager_relay", id=made["relay"]["id"], name="inbound")
    assert renamed["relay"]["name"] == "inbound"
    assert renamed["relay"]["id"] == made["relay"]["id"]
    assert aws.apply("mailmanager_relay", name="inbound", state="absent")["changed"]
    assert boto3.client("mailmanager").list_relays()["Relays"] == []


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        ({"tags": {"b": "2"}}, {"b": "2"}),
        ({"tags": {"b": "2"}, "purge_tags": False}, {"a": "1", "b": "2"}),
        ({"tags": {}}, {}),
        ({}, {"a": "1"}),
    ],
)
def test_tags(aws, options, tags):
    aws.run("mailmanager_relay", name="in", **GOOGLE, tags={"a": "1"})
    assert aws.apply("mailmanager_relay", name="in", **options)["relay"]["tags"] == tags


def test_api_case_and_snake_case_are_one(aws, relay):
    again = aws.run("mailmanager_relay", name="in", authentication={"NoAuthentication": {}})
    assert not again["changed"]


def test_rule_set_life(aws, relay):
    aws.run("mailmanager_relay", name="out", **GOOGLE)
    rules = [rule("in", conditions=[GMAIL]), rule("in", unless=[GMAIL], name="rest")]
    made = aws.apply("mailmanager_rule_set", name="main", rules=rules)
    sent = made["document"]["Rules"][0]["Actions"][0]["Relay"]
    assert sent == {
        "Relay": relay["id"],
        "MailFrom": "PRESERVE",
        "ActionFailurePolicy": "CONTINUE",
    }
    rules[1]["actions"][0]["relay"]["relay"] = "out"
    changed = aws.apply("mailmanager_rule_set", name="main", rules=rules)
    assert changed["diff"]["after"]["rules"][1]["actions"][0]["relay"]["relay"] == "out"
    assert "used by rule set main" in aws.refuse("mailmanager_relay", name="out", state="absent")
    aws.apply("mailmanager_rule_set", name="main", rules=[])
    aws.apply("mailmanager_relay", name="out", state="absent")
    aws.apply("mailmanager_rule_set", name="main", state="absent")


@pytest.mark.parametrize("by", ["id", "arn", "name"])
def test_references_are_names_ids_or_arns(aws, relay, by):
    aws.run("mailmanager_rule_set", name="main", rules=[rule("in")])
    assert not aws.run("mailmanager_rule_set", name="main", rules=[rule(relay[by])])["changed"]


def test_an_exported_document_is_taken_back(aws, relay):
    made = aws.run("mailmanager_rule_set", name="main", rules=[rule("in")])
    again = aws.run("mailmanager_rule_set", name="main", rules=made["document"]["Rules"])
    assert not again["changed"]


def test_traffic_policy_life(aws):
    statement = {
        "Action": "DENY",
        "Conditions": [
            {
                "IpExpression": {
                    "Evaluate": {"Attribute": "SENDER_IP"},
                    "Operator": "CIDR_MATCHES",
                    "Values": ["192.0.2.0/24"],
                }
            }
        ],
    }
    options = {"name": "edge", "default_action": "ALLOW", "policy_statements": [statement]}
    made = aws.apply("mailmanager_traffic_policy", **options)
    assert made["traffic_policy"]["default_action"] == "ALLOW"
    aws.apply("mailmanager_traffic_policy", name="edge", default_action="DENY")
    aws.apply("mailmanager_traffic_policy", name="edge", max_message_size_bytes=1000)
    aws.apply("mailmanager_traffic_policy", name="edge", policy_statements=[])
    renamed = aws.apply("mailmanager_traffic_policy", id=made["traffic_policy"]["id"], name="new")
    assert renamed["document"]["MaxMessageSizeBytes"] == 1000
    aws.apply("mailmanager_traffic_policy", name="new", state="absent")


def test_a_name_that_is_not_there_yet(aws):
    predicted = aws.run("mailmanager_rule_set", check=True, name="main", rules=[rule("later")])
    assert predicted["changed"]
    assert "there is no relay later" in str(predicted["warnings"])
    aws.forget_calls()
    refusal = aws.refuse("mailmanager_rule_set", name="main", rules=[rule("later")])
    assert refusal == "rules[0].actions[0].relay.relay: there is no relay later"
    assert aws.writes() == {}


def test_throttling_is_retried(aws):
    aws.fault(service="mailmanager", operation="CreateRelay", code="ThrottlingException", count=3)
    aws.fault(service="mailmanager", operation="ListRelays", code="TooManyRequestsException")
    assert aws.run("mailmanager_relay", name="in", **GOOGLE)["changed"]
    assert aws.calls()["mailmanager:CreateRelay"] == 4
    assert len(boto3.client("mailmanager").list_relays()["Relays"]) == 1


def test_a_failed_read_is_not_absent(aws, relay):
    aws.fault(service="mailmanager", operation="GetRelay", code="AccessDeniedException")
    aws.forget_calls()
    refusal = aws.refuse("mailmanager_relay", name="in", **GOOGLE)
    assert refusal.startswith("GetRelay: AccessDeniedException")
    assert aws.writes() == {}


def test_info(aws, parts):
    found = aws.run("mailmanager_relay_info", name="in")
    assert [each["name"] for each in found["relays"]] == ["in"]
    assert found["documents"][0]["RelayName"] == "in"
    assert aws.run("mailmanager_relay_info", name="none")["relays"] == []
    assert len(aws.run("mailmanager_rule_set_info")["rule_sets"]) == 1
    assert len(aws.run("mailmanager_traffic_policy_info")["traffic_policies"]) == 1
    assert aws.run("mailmanager_ingress_point_info")["ingress_points"] == []
