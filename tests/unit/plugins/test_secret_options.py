"""The options of a secret: what is refused, by name and reason, and what rotation makes of them."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    secret_options,
    secret_rotation,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

PASSWORD = "Open-Sesame-42"
BASE = {
    "name": "gp/out",
    "state": "present",
    "purpose": "relay",
    "kms_key_id": "alias/k",
    "update_password": "always",
    "stage": "current",
    "previous": "keep",
    "rotate_now": False,
    "purge_tags": True,
    "force": False,
    "recovery_window_in_days": 30,
}
LOGIN = {"username": "u", "password": PASSWORD}
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:rotate"
DAILY = {"enabled": True, "automatically_after_days": 1}
REFUSED = [
    # options, what the error begins with
    ({"name": "a b"}, "name: must be 1 to 512"),
    ({"name": "x" * 513}, "name: must be 1 to 512"),
    ({"purpose": None}, "purpose: is needed"),
    ({"kms_key_id": None}, "kms_key_id: is needed"),
    ({"recovery_window_in_days": 6}, "recovery_window_in_days: must be from 7 to 30"),
    ({"recovery_window_in_days": 31}, "recovery_window_in_days: must be from 7 to 30"),
    ({"username": "u"}, "password: is needed beside username"),
    ({"password": PASSWORD}, "username: is needed beside password"),
    ({"username": "", "password": PASSWORD}, "username: must not be empty"),
    ({"username": "u", "password": ""}, "password: must not be empty"),
    ({"username": "u", "password": PASSWORD * 5000}, "password: makes the secret larger"),
    ({"purpose": "ingress_point", **LOGIN}, "username: is not for purpose ingress_point"),
    ({"description": "x" * 2049}, "description: must have at most 2048"),
    ({"tags": {"aws:x": "1"}}, "tags: the key 'aws:x' must have"),
    ({"tags": {"": "1"}}, "tags: the key '' must have"),
    ({**LOGIN, "rotate_now": True}, "rotate_now: makes a password up"),
    ({**LOGIN, "rotation": DAILY}, "update_password: must be on_create beside rotation"),
    ({"rotation": {"enabled": True}}, "rotation: must hold exactly one of"),
    ({"rotation": {**DAILY, "schedule_expression": "rate(1 days)"}}, "rotation: must hold exactly"),
    ({"rotation": {**DAILY, "automatically_after_days": 0}}, "rotation.automatically_after_days"),
    ({"rotation": {**DAILY, "lambda_arn": "rotate"}}, "rotation.lambda_arn: is not the ARN"),
    ({"rotation": {**DAILY, "duration": "3 hours"}}, "rotation.duration: must be such as 3h"),
    ({"rotation": {"schedule_expression": "daily"}}, "rotation.schedule_expression: must be such"),
    ({"rotation": {**DAILY, "enabled": False}}, "rotation.automatically_after_days: is not for"),
]


@pytest.mark.parametrize(("options", "begins"), REFUSED)
def test_refusals(options, begins):
    with pytest.raises(BadOption) as raised:
        secret_options.wanted(BASE | options)
    assert str(raised.value).startswith(begins)
    assert PASSWORD not in str(raised.value)


def test_the_value_hides_from_repr():
    want = secret_options.wanted(BASE | LOGIN)
    assert want.value == LOGIN
    assert PASSWORD not in repr(want)


def test_absent_asks_for_a_name_alone():
    options = {"state": "absent", "purpose": None, "kms_key_id": None}
    assert secret_options.wanted(BASE | options).value is None


def secret(**facts):
    return Secret("arn", "s", "", "", {}, False, **facts)


ROTATING = {"rotates": True, "function": FUNCTION}
ROTATIONS = [
    # what is, the option, how it is shown afterwards, whether that is a change
    ({}, {"enabled": False}, {"enabled": False}, False),
    (
        {},
        {"lambda_arn": FUNCTION, "automatically_after_days": 30},
        {"enabled": True, "lambda_arn": FUNCTION, "automatically_after_days": 30},
        True,
    ),
    (
        {**ROTATING, "rules": {"AutomaticallyAfterDays": 30}},
        {"automatically_after_days": 30},
        {"enabled": True, "lambda_arn": FUNCTION, "automatically_after_days": 30},
        False,
    ),
    # The service computes days from a schedule: that is no difference.
    (
        {**ROTATING, "rules": {"AutomaticallyAfterDays": 7, "ScheduleExpression": "rate(7 days)"}},
        {"schedule_expression": "rate(7 days)"},
        {"enabled": True, "lambda_arn": FUNCTION, "schedule_expression": "rate(7 days)"},
        False,
    ),
    (
        {**ROTATING, "rules": {"AutomaticallyAfterDays": 7, "Duration": "3h"}},
        {"automatically_after_days": 8},
        {
            "enabled": True,
            "lambda_arn": FUNCTION,
            "duration": "3h",
            "automatically_after_days": 8,
        },
        True,
    ),
    ({**ROTATING, "rules": {}}, {"enabled": False}, {"enabled": False}, True),
    # Cancelled before: the function is still known.
    (
        {"function": FUNCTION, "rules": {"AutomaticallyAfterDays": 7}},
        {"automatically_after_days": 7},
        {"enabled": True, "lambda_arn": FUNCTION, "automatically_after_days": 7},
        True,
    ),
]


@pytest.mark.parametrize(("facts", "option", "after", "changes"), ROTATIONS)
def test_rotations(facts, option, after, changes):
    current = secret(**facts)
    want = secret_rotation.wanted(option)
    assert secret_rotation.after(current, want) == after
    assert (secret_rotation.shown(current) != after) is changes


def test_rotation_needs_a_function():
    with pytest.raises(BadOption, match=r"^rotation\.lambda_arn: is needed"):
        secret_rotation.after(secret(), secret_rotation.wanted(DAILY))


def test_the_request_has_the_api_s_members():
    want = secret_rotation.wanted({**DAILY, "lambda_arn": FUNCTION, "duration": "3h"})
    assert secret_rotation.request(secret_rotation.after(None, want)) == {
        "RotationLambdaARN": FUNCTION,
        "RotationRules": {"AutomaticallyAfterDays": 1, "Duration": "3h"},
    }
