"""botocore's own validator and the emulator's agree on requests generated from the model."""

from typing import Any

import pytest
from botocore.validate import ParamValidator

from emulators.aws import validation
from tests.unit.emulators.aws.generated import Path, spoiled, variants

MODEL = validation.service_model("mailmanager")

# What botocore lets pass and the service refuses, with the reason.
LAXER = {
    "max": "botocore leaves upper bounds to the service",
    "enum": "botocore leaves enums to the service: their values grow",
    "pattern": "botocore checks no pattern",
}


def shape(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def named(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_both_take_what_is_valid(operation: str) -> None:
    for request in variants(shape(operation)):
        assert ParamValidator().validate(request, shape(operation)).generate_report() == ""
        assert validation.problems(shape(operation), request) == []


def test_both_refuse_what_is_not() -> None:
    seen: set[tuple[str, str]] = set()
    for operation in MODEL.operation_names:
        for request in variants(shape(operation)):
            for one in spoiled(shape(operation), request, seen):
                report = ParamValidator().validate(one.request, shape(operation))
                assert report.has_errors() == (one.constraint not in LAXER), (operation, one)
                found = validation.problems(shape(operation), one.request)
                assert found, (operation, one)
                where = named(one.path) if one.constraint != "unknown" else "Unheard"
                assert any(where in text for text in found), (operation, one, found)
    constraints = {constraint for _, constraint in seen}
    assert constraints >= {"type", "required", "union", "unknown", "min", *LAXER}
    assert len(seen) > 500
