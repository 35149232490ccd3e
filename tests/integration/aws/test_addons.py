"""Add-ons through boto3: one subscription a name, one instance a subscription."""

from typing import Any

import pytest

from tests.integration.aws.cloud import refused


def subscribe(mm: Any, name: str = "SPAMHAUS_DBL") -> str:
    made: str = mm.create_addon_subscription(AddonName=name)["AddonSubscriptionId"]
    return made


def test_live(mm: Any) -> None:
    subscription = subscribe(mm)
    instance = mm.create_addon_instance(AddonSubscriptionId=subscription)["AddonInstanceId"]
    got = mm.get_addon_subscription(AddonSubscriptionId=subscription)
    prefix = "arn:aws:ses:us-east-1:123456789012"
    assert got["AddonSubscriptionArn"] == f"{prefix}:addon-subscription/{subscription}"
    assert got["AddonName"] == "SPAMHAUS_DBL"
    got = mm.get_addon_instance(AddonInstanceId=instance)
    assert got["AddonInstanceArn"] == f"{prefix}:addon-instance/{instance}"
    assert (got["AddonSubscriptionId"], got["AddonName"]) == (subscription, "SPAMHAUS_DBL")
    [listed] = mm.list_addon_instances()["AddonInstances"]
    assert listed["AddonInstanceId"] == instance
    [listed] = mm.list_addon_subscriptions()["AddonSubscriptions"]
    assert listed["AddonSubscriptionId"] == subscription

    with refused("ConflictException", 409):
        subscribe(mm)
    with refused("ConflictException", 409):
        mm.create_addon_instance(AddonSubscriptionId=subscription)
    with refused("ConflictException", 409):
        mm.delete_addon_subscription(AddonSubscriptionId=subscription)
    for _ in range(2):
        mm.delete_addon_instance(AddonInstanceId=instance)
    for _ in range(2):
        mm.delete_addon_subscription(AddonSubscriptionId=subscription)
    with refused("ResourceNotFoundException", 404):
        mm.get_addon_subscription(AddonSubscriptionId=subscription)
    with refused("ResourceNotFoundException", 404):
        mm.get_addon_instance(AddonInstanceId=instance)


def test_unknown_ones(mm: Any) -> None:
    with refused("ValidationException", 400):
        subscribe(mm, "NOBODY_KNOWS")
    with refused("ResourceNotFoundException", 404):
        mm.create_addon_instance(AddonSubscriptionId="as-gone")


@pytest.mark.parametrize("action", ["rule set", "traffic policy"])
def test_an_analyzer_in_use_stays(mm: Any, action: str) -> None:
    instance = mm.create_addon_instance(AddonSubscriptionId=subscribe(mm))["AddonInstanceId"]
    arn = mm.get_addon_instance(AddonInstanceId=instance)["AddonInstanceArn"]
    analysis = {"Analysis": {"Analyzer": arn, "ResultField": "IN_DBL"}}
    condition = {"BooleanExpression": {"Evaluate": analysis, "Operator": "IS_TRUE"}}
    if action == "rule set":
        rule = {"Name": "r", "Conditions": [condition], "Actions": [{"Drop": {}}]}
        mm.create_rule_set(RuleSetName="main", Rules=[rule])
    else:
        mm.create_traffic_policy(
            TrafficPolicyName="edge",
            PolicyStatements=[{"Action": "DENY", "Conditions": [condition]}],
            DefaultAction="ALLOW",
        )
    with refused("ConflictException", 409):
        mm.delete_addon_instance(AddonInstanceId=instance)
