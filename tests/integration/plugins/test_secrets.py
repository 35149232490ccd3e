"""Secrets, from nothing to nothing: value, versions, rotation, judgement; no output tells one."""

import json

import boto3
import pytest

LOGIN = {"username": "relay-user", "password": "Open-Sesame-42"}
NEXT = LOGIN | {"password": "Sesame-Shut-43"}
OUT = {"name": "gp/out", "purpose": "relay", "kms_key_id": "alias/gp"}


@pytest.fixture
def manager(aws):
    return boto3.client("secretsmanager")


@pytest.fixture
def key(aws):
    return aws.run("mailmanager_kms_key", alias="gp", purpose="relay")["key"]


@pytest.fixture
def secret(aws, key):
    aws.run("mailmanager_secret", **OUT, **LOGIN)
    return OUT | LOGIN


def held(manager, label="AWSCURRENT"):
    found = manager.get_secret_value(SecretId="gp/out", VersionStage=label)
    return json.loads(found["SecretString"])


def test_life(aws, key, manager):
    made = aws.apply("mailmanager_secret", **OUT, **LOGIN, tags={"a": "b"})
    assert made["secret"]["kms_key_id"] == key["arn"]
    assert held(manager) == LOGIN
    changed = aws.apply("mailmanager_secret", **OUT, **NEXT)
    assert changed["diff"]["after"]["versions"]["AWSCURRENT"] == "(new)"
    assert held(manager, "AWSPREVIOUS") == LOGIN
    aws.apply("mailmanager_secret", **OUT, description="new", tags={})
    aws.apply("mailmanager_secret", **OUT, description="")
    aws.run("mailmanager_kms_key", alias="other", purpose="relay")
    aws.apply("mailmanager_secret", **OUT | {"kms_key_id": "alias/other"})
    refusal = aws.refuse("mailmanager_kms_key", alias="other", state="absent")
    assert "is used by secret gp/out" in refusal
    assert aws.apply("mailmanager_secret", name="gp/out", state="absent")["changed"]
    restored = aws.run("mailmanager_secret", **OUT, **LOGIN)
    assert restored["changed"]
    assert held(manager) == LOGIN
    assert not aws.run("mailmanager_secret", **OUT, **LOGIN)["changed"]


def test_a_third_member_is_replaced(aws, secret, manager):
    manager.put_secret_value(SecretId="gp/out", SecretString=json.dumps(LOGIN | {"token": "x"}))
    assert aws.apply("mailmanager_secret", **secret)["changed"]
    assert held(manager) == LOGIN


def test_on_create_leaves_the_value_alone(aws, secret):
    other = secret | {"password": "another-one", "update_password": "on_create"}
    aws.forget_calls()
    assert not aws.run("mailmanager_secret", **other)["changed"]
    assert "secretsmanager:GetSecretValue" not in aws.calls()


def test_rotation_in_three_steps(aws, secret, manager):
    staged = aws.apply("mailmanager_secret", **OUT, **NEXT, stage="pending")["secret"]["versions"]
    assert held(manager) == LOGIN
    assert held(manager, "AWSPENDING") == NEXT
    promoted = aws.apply("mailmanager_secret", **OUT, **NEXT)["secret"]["versions"]
    assert promoted == {"AWSCURRENT": staged["AWSPENDING"], "AWSPREVIOUS": staged["AWSCURRENT"]}
    assert held(manager) == NEXT
    assert held(manager, "AWSPREVIOUS") == LOGIN
    assert not aws.apply("mailmanager_secret", **OUT, **NEXT, stage="pending")["changed"]
    retired = aws.apply("mailmanager_secret", **OUT, previous="retire")["secret"]["versions"]
    assert retired == {"AWSCURRENT": staged["AWSPENDING"]}
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        held(manager, "AWSPREVIOUS")


@pytest.mark.parametrize("operation", ["PutSecretValue", "UpdateSecretVersionStage"])
def test_a_rotation_that_fails_goes_on(aws, secret, manager, operation):
    steps = [{"stage": "pending"}, {}, {"previous": "retire"}]
    aws.fault(service="secretsmanager", operation=operation, code="AccessDeniedException")
    outcomes = []
    for step in steps:
        done = aws.run("mailmanager_secret", **OUT, **NEXT, **step)
        outcomes.append(bool(done.get("failed")))
        if done.get("failed"):
            aws.apply("mailmanager_secret", **OUT, **NEXT, **step)
    assert outcomes.count(True) == 1
    assert held(manager) == NEXT
    assert list(aws.run("mailmanager_secret", **secret | NEXT)["secret"]["versions"]) == [
        "AWSCURRENT"
    ]


def test_rotate_now_makes_a_password_up(aws, secret, manager):
    aws.run("mailmanager_secret", **OUT, rotate_now=True, stage="pending")
    made_up = held(manager, "AWSPENDING")
    assert made_up["username"] == LOGIN["username"]
    assert len(made_up["password"]) == 32
    again = aws.run("mailmanager_secret", **OUT, rotate_now=True, stage="pending")
    assert not again["changed"]
    assert aws.run("mailmanager_secret", **OUT, rotate_now=True)["changed"]
    assert held(manager) == made_up
    assert held(manager, "AWSPREVIOUS") == LOGIN
    assert aws.run("mailmanager_secret", check=True, **OUT, rotate_now=True)["changed"]
    assert aws.run("mailmanager_secret", **OUT, rotate_now=True)["changed"]
    assert held(manager, "AWSPREVIOUS") == made_up


FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:rotate"


def test_a_function_rotates(aws, secret, manager):
    aws.control("POST", "/aws/rotation", {"functions": [FUNCTION]})
    monthly = {"lambda_arn": FUNCTION, "automatically_after_days": 30, "duration": "3h"}
    made = aws.apply("mailmanager_secret", **OUT, rotation=monthly)["secret"]
    assert made["rotation"] == {"enabled": True, **monthly}
    assert held(manager) == LOGIN, "nothing rotates because of a schedule alone"
    weekly = {"schedule_expression": "rate(7 days)"}
    changed = aws.apply("mailmanager_secret", **OUT, rotation=weekly)["secret"]["rotation"]
    assert changed["lambda_arn"] == FUNCTION
    assert "automatically_after_days" not in changed
    predicted = aws.run("mailmanager_secret", check=True, **OUT, rotate_now=True)
    rotated = aws.run("mailmanager_secret", **OUT, rotate_now=True)
    assert predicted["diff"] == rotated["diff"]
    assert held(manager)["username"] == LOGIN["username"]
    assert held(manager)["password"] != LOGIN["password"]
    assert held(manager, "AWSPREVIOUS") == LOGIN
    refusal = aws.refuse("mailmanager_secret", **OUT, rotate_now=True, stage="pending")
    assert refusal == "stage: pending is not for a secret that a function rotates"
    ended = aws.apply("mailmanager_secret", **OUT, rotation={"enabled": False})["secret"]
    assert ended["rotation"] == {"enabled": False}


def test_a_secret_is_created_to_be_rotated(aws, key, manager):
    aws.control("POST", "/aws/rotation", {"functions": [FUNCTION]})
    rotation = {"lambda_arn": FUNCTION, "schedule_expression": "cron(0 4 1 * ? *)"}
    options = {**OUT, **LOGIN, "rotation": rotation, "update_password": "on_create"}
    assert aws.apply("mailmanager_secret", **options)["secret"]["rotation"]["enabled"]
    assert held(manager) == LOGIN


def test_a_function_that_is_not_there(aws, secret):
    rotation = {"lambda_arn": FUNCTION, "automatically_after_days": 1}
    refusal = aws.refuse("mailmanager_secret", **OUT, rotation=rotation)
    assert refusal.startswith("RotateSecret: ")
    assert FUNCTION in refusal


def test_the_first_step_of_a_rotation_needs_a_secret(aws, key):
    refusal = aws.refuse("mailmanager_secret", **OUT, **LOGIN, stage="pending")
    assert refusal == "stage: pending is for a secret that exists; there is no gp/out"


def test_a_used_secret_stays(aws, secret):
    relay = {"name": "out", "server_name": "exchange.example.com", "server_port": 587}
    aws.apply("mailmanager_relay", **relay, authentication={"secret_arn": "gp/out"})
    refusal = aws.refuse("mailmanager_secret", name="gp/out", state="absent")
    assert "is used by relay out" in refusal
    assert aws.apply("mailmanager_secret", name="gp/out", state="absent", force=True)["changed"]


def test_no_output_holds_the_secret(aws, key):
    outputs = [
        aws.run("mailmanager_secret", check=True, **OUT, **LOGIN),
        aws.run("mailmanager_secret", **OUT, **LOGIN),
        aws.run("mailmanager_secret", **OUT, **NEXT, stage="pending"),
        aws.run("mailmanager_secret", **OUT, **NEXT),
        aws.run("mailmanager_secret_info", name="gp/out", purpose="relay"),
        aws.run("mailmanager_secret_info"),
    ]
    aws.fault(service="secretsmanager", operation="PutSecretValue", code="AccessDeniedException")
    outputs.append(aws.run("mailmanager_secret", **OUT, **LOGIN))
    assert outputs[-1]["failed"]
    for output in outputs:
        printed = json.dumps(output)
        assert LOGIN["password"] not in printed
        assert NEXT["password"] not in printed


def test_keys_that_cannot_serve_are_refused(aws, key):
    options = OUT | LOGIN
    refusal = aws.refuse("mailmanager_secret", **options | {"kms_key_id": "alias/none"})
    assert refusal == "kms_key_id: there is no key alias/none"
    boto3.client("kms").disable_key(KeyId=key["id"])
    refusal = aws.refuse("mailmanager_secret", **options)
    assert refusal == "kms_key_id: the key alias/gp is Disabled"


def findings(aws, **options):
    (found,) = aws.run("mailmanager_secret_info", purpose="relay", **options)["secrets"]
    return found["judgement"]["usable"], {
        each["subject"]: each["level"] for each in found["judgement"]["findings"]
    }


def test_judgement(aws, secret, key, manager):
    assert findings(aws, name="gp/out") == (True, {})
    manager.create_secret(Name="console", SecretString='{"user": "hunter2", "password": "x"}')
    usable, found = findings(aws, name="console")
    assert not usable
    assert found == {"value": "error", "key": "error", "secret_policy": "error"}
    manager.put_secret_value(SecretId="console", SecretString=json.dumps(LOGIN))
    manager.update_secret(SecretId="console", KmsKeyId="alias/gp")
    assert findings(aws, name="console")[1] == {"secret_policy": "error"}
    aws.apply("mailmanager_secret", **OUT | {"name": "console"})
    assert findings(aws, name="console") == (True, {})
    boto3.client("kms").disable_key(KeyId=key["id"])
    assert findings(aws, name="console") == (False, {"key": "error"})
    listed = aws.run("mailmanager_secret_info")["secrets"]
    assert sorted(each["name"] for each in listed) == ["console", "gp/out"]
    assert aws.run("mailmanager_secret_info", name="nothing")["secrets"] == []


def test_what_may_not_be_read_is_said(aws, secret):
    aws.fault(service="secretsmanager", operation="GetSecretValue", code="AccessDeniedException")
    assert findings(aws, name="gp/out") == (True, {"value": "warning"})
    aws.fault(
        service="secretsmanager", operation="GetResourcePolicy", code="InvalidRequestException"
    )
    assert "GetResourcePolicy" in aws.refuse(
        "mailmanager_secret_info", name="gp/out", purpose="relay"
    )


def test_what_was_just_made_may_not_be_seen_at_once(aws, key):
    code = "ResourceNotFoundException"
    aws.fault(service="secretsmanager", operation="PutResourcePolicy", code=code, count=2)
    assert aws.run("mailmanager_secret", **OUT, **LOGIN)["changed"]
    assert findings(aws, name="gp/out") == (True, {})
