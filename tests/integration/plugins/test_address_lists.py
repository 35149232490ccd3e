"""Address lists and their members, one by one and imported."""

import boto3
import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    address_list,
    address_members,
    retry,
)

MANY = [f"user-{number:03}@example.com" for number in range(40)]


def members(aws, name="list"):
    [found] = aws.run("mailmanager_address_list_info", name=name, members=True)["address_lists"]
    assert found["member_count"] == len(found["members"])
    return found["members"]


def test_life(aws):
    made = aws.apply(
        "mailmanager_address_list",
        name="list",
        members=["ann@example.org", "*@example.net", "*.example.com"],
        tags={"a": "b"},
    )
    assert made["address_list"]["member_count"] == 3
    assert made["diff"]["before"] == {}
    assert made["diff"]["after"]["members"] == ["*.example.com", "*@example.net", "ann@example.org"]
    more = aws.apply("mailmanager_address_list", name="list", members=["bob@example.org"])
    assert more["diff"]["before"]["members"] == []
    assert more["diff"]["after"]["members"] == ["bob@example.org"]
    assert (more["diff"]["before"]["member_count"], more["diff"]["after"]["member_count"]) == (3, 4)
    only = aws.apply(
        "mailmanager_address_list",
        name="list",
        members=["BOB@example.org", "carl@example.org"],
        purge_members=True,
        tags={},
    )
    assert only["diff"]["before"]["members"] == [
        "*.example.com",
        "*@example.net",
        "ann@example.org",
    ]
    assert members(aws) == ["bob@example.org", "carl@example.org"]
    aws.apply("mailmanager_address_list", name="list", members=[], purge_members=True)
    assert members(aws) == []
    aws.apply("mailmanager_address_list", name="list", state="absent")
    assert boto3.client("mailmanager").list_address_lists()["AddressLists"] == []


def test_members_are_left_alone_unless_named(aws):
    aws.run("mailmanager_address_list", name="list", members=["ann@example.org"])
    again = aws.apply("mailmanager_address_list", name="list", purge_members=True)
    assert not again["changed"]
    assert members(aws) == ["ann@example.org"]


def test_many_members_are_imported(aws):
    aws.run("mailmanager_address_list", name="list", members=["ann@example.org"])
    aws.forget_calls()
    done = aws.run("mailmanager_address_list", name="list", members=MANY, purge_members=True)
    assert aws.writes() == {
        "mailmanager:CreateAddressListImportJob": 1,
        "mailmanager:StartAddressListImportJob": 1,
        "mailmanager:DeregisterMemberFromAddressList": 1,
        "s3:PutObject": 1,
    }
    assert done["address_list"]["member_count"] == len(MANY)
    assert members(aws) == MANY
    assert not aws.run("mailmanager_address_list", name="list", members=MANY)["changed"]


def test_the_diff_of_many_is_bounded(aws):
    entries = [f"user-{number}@example.com" for number in range(5000)]
    done = aws.apply("mailmanager_address_list", name="list", members=entries)
    assert done["address_list"]["member_count"] == 5000
    assert len(done["diff"]["after"]["members"]) == 101
    assert done["diff"]["after"]["members"][-1] == "… and 4900 more"


def test_an_import_that_fails_says_why_and_is_made_up_for(aws):
    aws.fault(
        service="mailmanager", operation="StartAddressListImportJob", code="AccessDeniedException"
    )
    refusal = aws.refuse("mailmanager_address_list", name="list", members=MANY)
    assert refusal.startswith("StartAddressListImportJob: AccessDeniedException")
    aws.apply("mailmanager_address_list", name="list", members=MANY)
    assert members(aws) == MANY


def test_an_upload_that_fails_does_not_show_its_link(aws, monkeypatch):
    monkeypatch.setattr(retry, "ATTEMPTS", 2)
    put = address_members._put
    monkeypatch.setattr(
        address_members,
        "_put",
        lambda link, content, verify: put(
            link.replace("localhost", "127.0.0.1").replace("X-Amz-Signature=", "X-Amz-Signature=0"),
            content,
            verify,
        ),
    )
    refusal = aws.refuse("mailmanager_address_list", name="list", members=MANY)
    assert refusal.startswith("the upload of the members: 403: http")
    assert "Signature" not in refusal


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("example.com", "neither an address nor a domain that begins with *."),
        ("a*b*@example.com", "more than one *"),
        ("ab*@example.com", "none or 3 to 19 characters"),
        ("ann@", "no domain follows"),
        ("x", "must have 3 to 320 characters"),
    ],
)
@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_what_is_no_entry(aws, entry, reason, check):
    aws.forget_calls()
    options = {"name": "list", "members": ["ann@example.org", entry]}
    refusal = aws.refuse("mailmanager_address_list", check=check, **options)
    assert refusal.startswith("members[1]: ")
    assert reason in refusal
    assert aws.calls() == {}


def test_a_list_cannot_be_renamed(aws):
    made = aws.run("mailmanager_address_list", name="list")["address_list"]
    refusal = aws.refuse("mailmanager_address_list", id=made["id"], name="other")
    assert refusal.startswith(
        "name of address list list is list and cannot become other: it is fix"
    )


def test_a_list_in_use(aws):
    made = aws.run("mailmanager_address_list", name="list")["address_list"]
    inside = {
        "evaluate": {"is_in_address_list": {"attribute": "RECIPIENT", "address_lists": ["list"]}},
        "operator": "IS_TRUE",
    }
    rules = [{"conditions": [{"boolean_expression": inside}], "actions": [{"drop": {}}]}]
    rule_set = aws.apply("mailmanager_rule_set", name="main", rules=rules)
    condition = rule_set["document"]["Rules"][0]["Conditions"][0]["BooleanExpression"]
    assert condition["Evaluate"]["IsInAddressList"]["AddressLists"] == [made["arn"]]
    statements = [{"conditions": [{"boolean_expression": inside}], "action": "ALLOW"}]
    policy = aws.apply(
        "mailmanager_traffic_policy",
        name="edge",
        default_action="DENY",
        policy_statements=statements,
    )
    shown = policy["diff"]["after"]["policy_statements"][0]["conditions"][0]["boolean_expression"]
    assert shown["evaluate"]["is_in_address_list"]["address_lists"] == ["list"]
    refusal = aws.refuse("mailmanager_address_list", name="list", state="absent")
    assert "is used by rule set main, traffic policy edge" in refusal
    for reference in (made["id"], made["arn"]):
        inside["evaluate"]["is_in_address_list"]["address_lists"] = [reference]
        assert not aws.apply("mailmanager_rule_set", name="main", rules=rules)["changed"]
    inside["evaluate"]["is_in_address_list"]["address_lists"] = ["nobody"]
    place = "conditions[0].boolean_expression.evaluate.is_in_address_list.address_lists[0]"
    reason = "there is no address list nobody"
    refusal = aws.refuse("mailmanager_rule_set", name="main", rules=rules)
    assert refusal == f"rules[0].{place}: {reason}"
    refusal = aws.refuse("mailmanager_traffic_policy", name="edge", policy_statements=statements)
    assert refusal == f"policy_statements[0].{place}: {reason}"


def test_members_that_the_service_refuses_are_named(aws, monkeypatch):
    file = address_members.file
    spoil = {MANY[3]: "not an address", MANY[7]: "nor this"}
    monkeypatch.setattr(
        address_members, "file", lambda sent: file([spoil.get(each, each) for each in sent])
    )
    refusal = aws.refuse("mailmanager_address_list", name="list", members=MANY)
    assert refusal.startswith("import job gatepost-")
    assert refusal.endswith(
        f": of 40 members 38 were imported and 2 refused; not in: {MANY[3]}, {MANY[7]}"
    )


def test_a_list_that_would_overflow(aws, monkeypatch):
    monkeypatch.setattr(address_list, "ADDRESSES", 3)
    three = ["a@example.com", "b@example.com", "c@example.com"]
    aws.run("mailmanager_address_list", name="list", members=three)
    aws.forget_calls()
    refusal = aws.refuse("mailmanager_address_list", name="list", members=["d@example.com"])
    assert refusal == "members: would make 4 with those that are there; 3 are allowed"
    assert aws.writes() == {}
    swapped = {"name": "list", "members": ["d@example.com", *three[1:]], "purge_members": True}
    aws.apply("mailmanager_address_list", **swapped)
    assert members(aws) == ["b@example.com", "c@example.com", "d@example.com"]
