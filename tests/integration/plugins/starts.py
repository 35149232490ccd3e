"""Where a way begins: the world that a resource needs, and the resource in one of its states.

It is made once in a test process, by the modules themselves, and restored from then on.
"""

from tests.integration.plugins.driving import Aws
from tests.integration.plugins.states import Options, Resource

_made: set[str] = set()


def stand_at(aws: Aws, resource: Resource, state: str) -> None:
    name = f"{resource.module}{state}".replace("_", "")
    if name in _made:
        aws.restore(name)
        return
    for made in resource.world:
        for module, options in made.items():
            _run(aws, module, options)
    for options in resource.runs(state):
        _run(aws, resource.module, options)
    aws.keep(name)
    _made.add(name)


def _run(aws: Aws, module: str, options: Options) -> None:
    done = aws.run(module, **options)
    assert not done.get("failed"), f"{module}: {done['msg']}"
