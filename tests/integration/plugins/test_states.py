"""From every state of every resource to every other one: predicted, done, done once and no more."""

import json
from typing import Any

import pytest

from tests.integration.plugins import documented
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.starts import stand_at
from tests.integration.plugins.states import RESOURCES, Resource

_TIMES = ("_date", "_timestamp")

WAYS = [
    pytest.param(resource, start, goal, id=f"{module}:{start}-{goal}")
    for module, resource in RESOURCES.items()
    for start in resource.starts()
    for goal in resource.states
    if start != goal
]


@pytest.mark.parametrize(("resource", "start", "goal"), WAYS)
def test_way(aws: Aws, resource: Resource, start: str, goal: str) -> None:
    stand_at(aws, resource, start)
    options = resource.goal(goal)
    refusal = resource.refusal(start, goal)
    aws.forget_calls()
    predicted = aws.run(resource.module, check=True, **options)
    assert aws.writes() == {}, "check mode must not write"
    done = aws.run(resource.module, **options)
    hides_secrets(resource, predicted, done)
    if refusal is not None:
        assert refusal in done["msg"]
        assert predicted["msg"] == done["msg"]
        assert aws.writes() == {}, "what is refused must not have begun"
        return
    assert not predicted.get("failed"), predicted["msg"]
    assert not done.get("failed"), done["msg"]
    assert done["changed"] == bool(aws.writes()), "changed means written"
    keeps_its_word(resource, predicted, done)
    for result in (predicted, done):
        documented.check(resource.module, result)
    aws.forget_calls()
    again = aws.run(resource.module, **options)
    assert not again["changed"], again["diff"]
    assert aws.writes() == {}, "a second run must not write"
    assert again[resource.result] == done[resource.result]
    reads_back(aws, resource, again)


def hides_secrets(resource: Resource, *results: dict[str, Any]) -> None:
    shown = json.dumps(results, ensure_ascii=False)
    for secret in resource.secrets:
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown


def keeps_its_word(resource: Resource, predicted: dict[str, Any], done: dict[str, Any]) -> None:
    """The prediction is what was done, and what was promised is there."""
    assert predicted["changed"] == done["changed"]
    assert predicted["diff"] == done["diff"]
    result = done[resource.result]
    for name, value in done["diff"]["after"].items():
        if name not in resource.unknown:
            assert result[name] == value, f"{name} is not what the diff promised"
    foretold = predicted[resource.result]
    if result is None:
        assert foretold is None
        return
    for name, value in foretold.items():
        if value is not None and name not in resource.unknown and not name.endswith(_TIMES):
            assert result[name] == value, f"{name} is not what the prediction said"


def reads_back(aws: Aws, resource: Resource, done: dict[str, Any]) -> None:
    if resource.info is None:
        return
    found = aws.run(resource.info["module"], **resource.info["options"])
    assert not found["changed"]
    documented.check(resource.info["module"], found, twin=resource.module)
    listed = found[resource.info["list"]]
    if done[resource.result] is None:
        # What can still be restored is listed, and said to be on its way out.
        going = resource.info.get("going", {"": ""})
        assert [each for each in listed if not going.items() <= each.items()] == []
        return
    assert len(listed) == len(found["documents"]) == 1
    more = resource.info.get("more", [])
    shown = {name: value for name, value in listed[0].items() if name not in more}
    assert unequal(shown, done[resource.result]) == {}
    assert unequal(found["documents"][0], done["document"]) == {}


def unequal(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """The members that differ, both ways."""
    return {
        name: (left.get(name), right.get(name))
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    }
