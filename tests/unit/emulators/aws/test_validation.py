"""Requests against the model: a table, judged by the emulator and by botocore side by side.

botocore knows required members, types, lengths, ranges and unions; enums and patterns are the
service's alone, and the emulator's.
"""

from typing import Any

import pytest
from botocore.validate import ParamValidator

from emulators.aws import validation

MODEL = validation.service_model("mailmanager")

RELAY = {
    "RelayName": "google",
    "ServerName": "aspmx.l.google.com",
    "ServerPort": 25,
    "Authentication": {"NoAuthentication": {}},
}
SECRET = {"SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:relay-AbCdEf"}


def rule(**changes: Any) -> dict[str, Any]:
    made = {"Name": "r", "Actions": [{"Drop": {}}]} | changes
    return {"RuleSetName": "main", "Rules": [made]}


def condition(operator: str, values: list[Any]) -> dict[str, Any]:
    evaluate = {"Attribute": "FROM"}
    return {
        "StringExpression": {"Evaluate": evaluate, "Operator": operator, "Values": values},
    }


# operation, request, whether botocore takes it, whether the service does, what the text names
CASES = [
    ("CreateRelay", RELAY, True, True, ""),
    ("CreateRelay", RELAY | {"Authentication": SECRET}, True, True, ""),
    ("CreateRelay", RELAY | {"Authentication": {}}, False, False, "Authentication"),
    (
        "CreateRelay",
        RELAY | {"Authentication": SECRET | {"NoAuthentication": {}}},
        False,
        False,
        "exactly one",
    ),
    ("CreateRelay", RELAY | {"ServerPort": 0}, False, False, "ServerPort"),
    ("CreateRelay", RELAY | {"ServerPort": 65536}, True, False, "ServerPort"),
    ("CreateRelay", RELAY | {"ServerPort": "25"}, False, False, "integer"),
    ("CreateRelay", RELAY | {"ServerPort": True}, True, False, "integer"),
    ("CreateRelay", RELAY | {"RelayName": ""}, False, False, "RelayName"),
    ("CreateRelay", RELAY | {"RelayName": "a b"}, True, False, "pattern"),
    ("CreateRelay", RELAY | {"RelayName": "a\n"}, True, False, "pattern"),
    ("CreateRelay", RELAY | {"RelayName": "a" * 101}, True, False, "length"),
    ("CreateRelay", RELAY | {"RelayName": True}, False, False, "string"),
    ("CreateRelay", RELAY | {"Server": "x"}, False, False, "Server"),
    ("CreateRelay", {"RelayName": "google"}, False, False, "ServerName"),
    ("CreateRelay", RELAY | {"Tags": [{"Key": "a"}]}, False, False, "Tags[0].Value"),
    ("CreateRuleSet", rule(), True, True, ""),
    ("CreateRuleSet", rule(Conditions=[condition("CONTAINS", ["gmail.com"])]), True, True, ""),
    ("CreateRuleSet", rule(Conditions=[condition("MATCHES", ["x"])]), True, False, "enum"),
    ("CreateRuleSet", rule(Conditions=[condition("CONTAINS", [True])]), False, False, "Values[0]"),
    ("CreateRuleSet", rule(Conditions=[condition("CONTAINS", [])]), False, False, "Values"),
    ("CreateRuleSet", rule(Conditions=[{}]), False, False, "exactly one"),
    ("CreateRuleSet", rule(Actions=[]), False, False, "Actions"),
    ("CreateRuleSet", rule(Actions=[{"Drop": {}}] * 11), True, False, "Actions"),
    ("CreateRuleSet", rule(Actions=[{"Drop": {}, "Bounce": {}}]), False, False, "exactly one"),
]


@pytest.mark.parametrize(("operation", "request_", "client", "service", "names"), CASES)
def test_table(
    operation: str, request_: dict[str, Any], client: bool, service: bool, names: str
) -> None:
    shape = MODEL.operation_model(operation).input_shape
    report = ParamValidator().validate(request_, shape)
    assert report.has_errors() != client, report.generate_report()
    found = validation.problems(shape, request_)
    assert (not found) == service, found
    assert names in " ".join(found)


@pytest.mark.parametrize("request_", [None, [], "x", 1])
def test_what_is_no_object(request_: Any) -> None:
    shape = MODEL.operation_model("CreateRelay").input_shape
    assert validation.problems(shape, request_)


def test_null_is_absent() -> None:
    shape = MODEL.operation_model("UpdateRelay").input_shape
    assert validation.problems(shape, {"RelayId": "r-1", "RelayName": None}) == []
    assert validation.problems(shape, {"RelayId": None})


def test_values_are_never_quoted() -> None:
    shape = MODEL.operation_model("CreateIngressPoint").input_shape
    found = validation.problems(shape, {"IngressPointConfiguration": {"SmtpPassword": "sEcret "}})
    assert "IngressPointConfiguration.SmtpPassword" in str(found)
    assert "sEcret" not in str(found)


def test_every_input_shape_can_be_walked() -> None:
    for name in MODEL.operation_names:
        shape = MODEL.operation_model(name).input_shape
        found = validation.problems(shape, {})
        assert len(found) == len(shape.required_members)
