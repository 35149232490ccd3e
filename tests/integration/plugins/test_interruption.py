"""A run that ends at any call leaves nothing that the next one does not bring to its end.

The client dies before the call took effect, or after it did and before it heard so; whatever it
would have called then reaches nobody. A rerun must end as if there had been no interruption, with
not a resource more, and the run after it must find nothing to do.
"""

from typing import Any

import pytest

from tests.budget import of
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.states import RESOURCES, Resource
from tests.integration.plugins.test_states import build, hides_secrets, reach
from tests.integration.plugins.world import census

_FOREVER = 1_000_000


def ways(resource: Resource) -> list[tuple[str, str]]:
    """Once around all states; in a whole run from each to each."""
    states = list(resource.states)
    circle = [("nothing", states[0]), *zip(states, [*states[1:], states[0]], strict=True)]
    every = [(start, goal) for start in resource.starts() for goal in states if start != goal]
    return [way for way in of(circle, every) if resource.refusal(*way) is None]


WAYS = [
    pytest.param(resource, start, goal, id=f"{module}:{start}-{goal}")
    for module, resource in RESOURCES.items()
    for start, goal in ways(resource)
]


@pytest.mark.parametrize(("resource", "start", "goal"), WAYS)
def test_interrupted_anywhere(aws: Aws, resource: Resource, start: str, goal: str) -> None:
    options = resource.goal(goal)
    build(aws, resource)
    reach(aws, resource, start)
    aws.keep("start")
    calls = aws.record(lambda: aws.run(resource.module, **options))
    undisturbed = census()
    assert calls
    for number, call in enumerate(calls, start=1):
        for late in (False, True) if call.writes else (False,):
            aws.restore("start")
            die_at(aws, number, late=late)
            broken = aws.run(resource.module, **options)
            aws.forget_faults()
            at = f"call {number} ({call.name}), {'after' if late else 'before'} it took effect"
            assert broken.get("failed"), f"{at}: the run says that all is well"
            assert "Traceback" not in broken["msg"]
            hides_secrets(resource, broken)
            converges(aws, resource, options, undisturbed, at)


def die_at(aws: Aws, number: int, *, late: bool) -> None:
    if late:
        aws.fault(nth=number, after=True, reset=True)
    aws.fault(nth=number, count=_FOREVER, reset=True)


def converges(
    aws: Aws, resource: Resource, options: dict[str, Any], undisturbed: Any, at: str
) -> None:
    rerun = aws.run(resource.module, **options)
    assert not rerun.get("failed"), f"{at}: {rerun['msg']}"
    assert census() == undisturbed, at
    last = aws.run(resource.module, **options)
    assert not last["changed"], f"{at}: {last['diff']}"
