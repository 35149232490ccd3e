"""Add-ons: a subscription that somebody accepts the price of, and its instance."""

import pytest

ADDON = "SPAMHAUS_DBL"


@pytest.fixture
def instance(aws):
    aws.run("mailmanager_addon_subscription", name=ADDON, accept_charges=True)
    return aws.run("mailmanager_addon_instance", name=ADDON)["addon_instance"]


def test_life(aws):
    subscription = aws.apply(
        "mailmanager_addon_subscription", name=ADDON, accept_charges=True, tags={"a": "b"}
    )
    assert subscription["addon_subscription"]["name"] == ADDON
    assert not aws.apply("mailmanager_addon_subscription", name=ADDON)["changed"]
    instance = aws.apply("mailmanager_addon_instance", name=ADDON, tags={"c": "d"})
    identifier = subscription["addon_subscription"]["id"]
    assert instance["document"]["AddonSubscriptionId"] == identifier
    assert instance["addon_instance"]["addon_subscription"] == ADDON
    refusal = aws.refuse("mailmanager_addon_subscription", name=ADDON, state="absent")
    assert f"add-on subscription {ADDON} is used by add-on instance {ADDON}" in refusal
    aws.apply("mailmanager_addon_instance", id=instance["addon_instance"]["id"], tags={})
    for kind in ("instance", "subscription"):
        found = aws.run(f"mailmanager_addon_{kind}_info")[f"addon_{kind}s"]
        assert [each["name"] for each in found] == [ADDON]
        aws.apply(f"mailmanager_addon_{kind}", name=ADDON, state="absent")
        assert aws.run(f"mailmanager_addon_{kind}_info")[f"addon_{kind}s"] == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_nobody_pays_by_accident(aws, check):
    aws.forget_calls()
    refusal = aws.refuse("mailmanager_addon_subscription", name=ADDON, check=check)
    assert refusal.startswith(f"accept_charges: must be true to subscribe to {ADDON}")
    assert aws.writes() == {}


def test_an_instance_needs_its_subscription(aws):
    predicted = aws.run("mailmanager_addon_instance", check=True, name=ADDON)
    assert predicted["changed"]
    missing = f"name: there is no add-on subscription {ADDON}"
    assert missing in str(predicted["warnings"])
    assert aws.refuse("mailmanager_addon_instance", name=ADDON) == missing


def test_neither_can_be_renamed(aws, instance):
    for kind, identifier in (
        ("instance", instance["id"]),
        ("subscription", instance["addon_subscription_id"]),
    ):
        aws.run("mailmanager_addon_subscription", name="TRENDMICRO_VSAPI", accept_charges=True)
        refusal = aws.refuse(f"mailmanager_addon_{kind}", id=identifier, name="ABUSIX")
        assert f"name of add-on {kind} {ADDON} is {ADDON} and cannot become ABUSIX" in refusal


def test_an_instance_in_use(aws, instance):
    listed = {
        "evaluate": {"analysis": {"analyzer": ADDON, "result_field": "addon.listed"}},
        "operator": "IS_TRUE",
    }
    rules = [{"unless": [{"boolean_expression": listed}], "actions": [{"drop": {}}]}]
    rule_set = aws.apply("mailmanager_rule_set", name="main", rules=rules)
    condition = rule_set["document"]["Rules"][0]["Unless"][0]["BooleanExpression"]
    assert condition["Evaluate"]["Analysis"]["Analyzer"] == instance["arn"]
    shown = rule_set["diff"]["after"]["rules"][0]["unless"][0]["boolean_expression"]
    assert shown["evaluate"]["analysis"]["analyzer"] == ADDON
    refusal = aws.refuse("mailmanager_addon_instance", name=ADDON, state="absent")
    assert "is used by rule set main" in refusal
    for reference in (instance["id"], instance["arn"]):
        listed["evaluate"]["analysis"]["analyzer"] = reference
        assert not aws.apply("mailmanager_rule_set", name="main", rules=rules)["changed"]
    listed["evaluate"]["analysis"]["analyzer"] = instance["arn"] + "0"
    refusal = aws.refuse("mailmanager_rule_set", name="main", rules=rules)
    assert "analyzer: there is no add-on instance arn:aws:ses:" in refusal
