"""Every member of a rule, of a statement and of an ingress point comes back as it was sent."""

from typing import Any

import pytest

from emulators.aws import validation
from tests.integration.aws.cloud import Cloud, archive
from tests.integration.aws.test_addons import subscribe
from tests.integration.aws.test_address_lists import address_list
from tests.integration.aws.test_mail_manager import relay
from tests.unit.emulators.aws.generated import variants

MODEL = validation.service_model("mailmanager")


def generated(operation: str, member: str) -> list[Any]:
    shape = MODEL.operation_model(operation).input_shape.members[member]
    return variants(shape)


RULES = generated("CreateRuleSet", "Rules")
STATEMENTS = generated("CreateTrafficPolicy", "PolicyStatements")


@pytest.fixture
def existing(mm: Any) -> dict[str, Any]:
    """What the generated documents name, by the member that names it."""
    instance = mm.create_addon_instance(AddonSubscriptionId=subscribe(mm))["AddonInstanceId"]
    return {
        "Relay": relay(mm),
        "TargetArchive": archive(mm),
        "AddressLists": [address_list(mm)],
        "Analyzer": mm.get_addon_instance(AddonInstanceId=instance)["AddonInstanceArn"],
    }


def real(document: Any, existing: dict[str, Any]) -> Any:
    """The document, with its references to something that exists."""
    if isinstance(document, list):
        return [real(item, existing) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        name: existing[name]
        if name in existing and not isinstance(item, dict)
        else real(item, existing)
        for name, item in document.items()
    }


def test_rules(mm: Any, existing: dict[str, Any]) -> None:
    identifier = mm.create_rule_set(RuleSetName="main", Rules=[])["RuleSetId"]
    for rules in RULES:
        sent = real(rules, existing)
        mm.update_rule_set(RuleSetId=identifier, Rules=sent)
        assert mm.get_rule_set(RuleSetId=identifier)["Rules"] == sent
    named = {name for rules in RULES for rule in rules for a in rule["Actions"] for name in a}
    assert named == set(MODEL.shape_for("RuleAction").members)


def test_statements(cloud: Cloud, mm: Any, existing: dict[str, Any]) -> None:
    identifier = mm.create_traffic_policy(
        TrafficPolicyName="edge", PolicyStatements=[], DefaultAction="DENY"
    )["TrafficPolicyId"]
    for statements in STATEMENTS:
        sent = real(statements, existing)
        mm.update_traffic_policy(TrafficPolicyId=identifier, PolicyStatements=sent)
        assert mm.get_traffic_policy(TrafficPolicyId=identifier)["PolicyStatements"] == sent
    named = {
        name
        for statements in STATEMENTS
        for statement in statements
        for condition in statement["Conditions"]
        for name in condition
    }
    assert named == set(MODEL.shape_for("PolicyCondition").members)
