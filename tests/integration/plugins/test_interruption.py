"""A run that ends at any call leaves nothing that the next one does not bring to its end.

The client dies before the call took effect, or after it did and before it heard so; whatever it
would have called then reaches nobody. A rerun must end as if there had been no interruption, with
not a resource more, and the run after it must find nothing to do.
"""

from typing import Any

import pytest

from tests.budget import of
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.starts import stand_at
from tests.integration.plugins.states import RESOURCES, Resource
from tests.integration.plugins.test_states import hides_secrets
from tests.integration.plugins.world import census

_FOREVER = 1_000_000


def ways(resource: Resource) -> list[tuple[str, str]]:
    """Creation, change, deletion and what follows on it; in a whole run from each to each."""
    first, second, third, *_others = [*resource.states] * 2
    some = [("nothing", second), (second, third), (third, "absent"), ("absent", first)]
    every = [(start, goal) for start in resource.starts() for goal in resource.states]
    return [
        (start, goal)
        for start, goal in of(some, every)
        if start != goal and resource.refusal(start, goal) is None
    ]


WAYS = [
    pytest.param(resource, start, goal, id=f"{module}:{start}-{goal}")
    for module, resource in RESOURCES.items()
    for start, goal in ways(resource)
]


@pytest.mark.parametrize(("resource", "start", "goal"), WAYS)
def test_interrupted_anywhere(aws: Aws, resource: Resource, start: str, goal: str) -> None:
    options = resource.goal(goal)
    stand_at(aws, resource, start)
    _done, calls = aws.record(lambda: aws.run(resource.module, **options))
    undisturbed = census()
    assert calls
    for number, call in enumerate(calls, start=1):
        for late in (False, True) if call.writes else (False,):
            stand_at(aws, resource, start)
            die_at(aws, number, late=late)
            broken, reached = aws.record(lambda: aws.run(resource.module, **options))
            aws.forget_faults()
            if len(reached) < number:
                # It waited for a state, which came about earlier this time.
                continue
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
