"""Which of many calls a fault meets."""

from typing import Any

import pytest

from emulators.faults import Faults, parse

CALLS = ["kms:CreateKey", "mailmanager:ListRelays", "kms:ListKeys", "kms:CreateKey", "s3:PutObject"]


def met(*documents: dict[str, Any], calls: list[str] | None = None) -> list[str]:
    """The codes that each of the calls meets, `-` for none."""
    faults = Faults()
    for document in documents:
        faults.add(parse(document))
    taken = [faults.take(*call.split(":")) for call in calls or CALLS]
    return [fault.code if fault is not None else "-" for fault in taken]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([{"code": "A"}], "A - - - -"),
        ([{"code": "A", "count": 2}], "A A - - -"),
        ([{"code": "A", "nth": 4}], "- - - A -"),
        ([{"code": "A", "nth": 9}], "- - - - -"),
        ([{"code": "A", "nth": 3, "count": 9}], "- - A A A"),
        ([{"code": "A", "service": "kms", "nth": 2}], "- - A - -"),
        ([{"code": "A", "service": "kms", "operation": "CreateKey", "nth": 2}], "- - - A -"),
        ([{"code": "A", "operation": "PutObject"}], "- - - - A"),
        ([{"code": "A"}, {"code": "B"}], "A B - - -"),
        ([{"code": "A", "nth": 2}, {"code": "B", "nth": 2}], "- A B - -"),
        ([{"code": "A", "nth": 2}, {"code": "B", "nth": 3, "count": 9}], "- A B B B"),
        ([{"code": "A", "nth": 3}, {"code": "B", "service": "kms"}], "B - A - -"),
    ],
)
def test_meets(documents: list[dict[str, Any]], expected: str) -> None:
    assert met(*documents) == expected.split()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "object"),
        ({}, "needed"),
        ({"nth": 2}, "needed"),
        ({"code": "A", "nth": 0}, "nth"),
        ({"code": "A", "nth": True}, "nth"),
        ({"code": "A", "after": 1}, "after"),
        ({"code": "A", "reset": True}, "only one"),
        ({"reset": "yes"}, "reset"),
        ({"code": "A", "status": 200}, "status"),
        ({"code": "A", "when": "after"}, "unknown"),
        ({"delay": -1}, "delay"),
    ],
)
def test_names_what_is_wrong(document: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(document)


def test_is_shown_as_it_is_left() -> None:
    faults = Faults()
    faults.add(parse({"reset": True, "nth": 3, "after": True}))
    faults.take("kms", "ListKeys")
    [shown] = faults.state()
    assert (shown["nth"], shown["after"], shown["reset"]) == (2, True, True)
