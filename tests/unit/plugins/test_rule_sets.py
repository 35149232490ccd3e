"""The canonical form of rules, and the references in them."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils._schema import SHAPES
from ansible_collections.gatepost.mail.plugins.module_utils.aws import references, rule_set
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

LIST = {"Attribute": "FROM", "AddressLists": ["partners"]}
ANALYSIS = {"Analyzer": "SPAMHAUS_DBL", "ResultField": "addon.listed"}
RULES = [
    {
        "Conditions": [
            {"BooleanExpression": {"Evaluate": {"IsInAddressList": LIST}, "Operator": "IS_TRUE"}}
        ],
        "Unless": [
            {
                "StringExpression": {
                    "Evaluate": {"Analysis": ANALYSIS},
                    "Operator": "EQUALS",
                    "Values": ["Relay"],
                }
            }
        ],
        "Actions": [
            {"Archive": {"TargetArchive": "inbound"}},
            {"Relay": {"Relay": "out"}},
            {"AddHeader": {"HeaderName": "X-Relay", "HeaderValue": "Relay"}},
        ],
    },
    {"Actions": [{"Relay": {"Relay": "in"}}, {"Drop": {}}]},
]
FOUND = {
    "rules[0].conditions[0].boolean_expression.evaluate.is_in_address_list.address_lists[0]": (
        "address list",
        "partners",
    ),
    "rules[0].unless[0].string_expression.evaluate.analysis.analyzer": (
        "add-on instance",
        "SPAMHAUS_DBL",
    ),
    "rules[0].actions[0].archive.target_archive": ("archive", "inbound"),
    "rules[0].actions[1].relay.relay": ("relay", "out"),
    "rules[1].actions[0].relay.relay": ("relay", "in"),
}


def test_references_are_found_with_their_place():
    found = references.references({"Rules": RULES})
    assert {each.path: (each.kind.title, each.spelling) for each in found} == FOUND


def test_respelling_touches_references_alone():
    spelled = references.respelled({"Rules": RULES}, lambda each: each.spelling.upper())
    assert [each.spelling for each in references.references(spelled)] == [
        spelling.upper() for _kind, spelling in FOUND.values()
    ]
    action = spelled["Rules"][0]["Actions"][2]
    assert action == {"AddHeader": {"HeaderName": "X-Relay", "HeaderValue": "Relay"}}
    back = references.respelled(
        spelled, lambda each: dict(zip(map(str.upper, NAMES), NAMES, strict=True))[each.spelling]
    )
    assert back == {"Rules": RULES}


NAMES = [spelling for _kind, spelling in FOUND.values()]


def test_every_action_that_can_fail_says_what_then():
    for action, shape in SHAPES["RuleAction"]["members"].items():
        if "ActionFailurePolicy" in SHAPES[shape]["members"]:
            assert rule_set.DEFAULTS[action]["ActionFailurePolicy"] == "CONTINUE"
        else:
            assert action not in rule_set.DEFAULTS


def test_what_is_stated_wins_over_defaults():
    action = {"Relay": {"Relay": "r", "MailFrom": "REPLACE", "ActionFailurePolicy": "DROP"}}
    made = rule_set.canonical({"Rules": [{"Actions": [action], "Conditions": [], "Unless": []}]})
    assert made == {"Rules": [{"Actions": [action]}]}


def test_both_spellings_are_one():
    snake = [{"actions": [{"publish_to_sns": {"topic_arn": TOPIC, "role_arn": ROLE}}]}]
    api = [
        {
            "Actions": [
                {"PublishToSns": {"TopicArn": TOPIC, "RoleArn": ROLE, "PayloadType": "CONTENT"}}
            ],
            "Unless": [],
        }
    ]
    assert rule_set.document({"rules": snake}) == rule_set.document({"rules": api})


TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:mail"
ROLE = "arn:aws-us-gov:iam::123456789012:role/mail"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([{"actions": []}], r"rules\[0\]\.actions: must have 1 to 10 entries"),
        ([{}], r"rules\[0\]: Actions is missing"),
        ([{"actions": [{"drop": {}, "send": {"role_arn": ROLE}}]}], "exactly one of them"),
        ([{"actions": [{"drop": {}}]}] * 41, r"rules: must have 0 to 40 entries"),
        (
            [{"actions": [{"archive": {"target_archive": True}}]}],
            r"rules\[0\]\.actions\[0\]\.archive\.target_archive: must be a string",
        ),
    ],
)
def test_wrong_rules_name_their_place(rules, reason):
    with pytest.raises(BadOption, match=reason):
        rule_set.document({"rules": rules})
