"""Eventual consistency when it is asked for: reads that do not see the latest writes yet.

For `reads` seconds of the emulated clock after a write, Get operations show what was before it, and
for `lists` seconds List operations do. Writes always see everything, so names stay unique. It
holds for Mail Manager and email identities; moto's services are consistent at once.
"""

import pickle
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from emulators.aws.scope import Scope

State = TypeVar("State")


@dataclass(frozen=True)
class Delay:
    """Seconds that reads and lists lag behind."""

    reads: float = 0.0
    lists: float = 0.0

    def of(self, operation: str) -> float:
        """0 for what writes."""
        if operation.startswith("List"):
            return self.lists
        return self.reads if operation.startswith("Get") else 0.0


class Consistency:
    """The delay in force, shared by the services that keep a history."""

    def __init__(self) -> None:
        self.delay = Delay()

    def change(self, document: Any) -> dict[str, Any]:
        """Take a delay from JSON. Raises ValueError naming the member that is wrong."""
        if not isinstance(document, dict):
            raise ValueError("the body must be an object")
        for name, value in document.items():
            if name not in {field.name for field in fields(Delay)}:
                raise ValueError(f"{name}: unknown; known are reads, lists")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: must be a number of seconds")
        self.delay = Delay(**document)
        return self.show()

    def show(self) -> dict[str, Any]:
        return asdict(self.delay)


class History:
    """What the stores of one service were before their latest writes."""

    def __init__(self, consistency: Consistency) -> None:
        self._consistency = consistency
        self._before: dict[Scope, list[tuple[float, bytes]]] = {}

    def clear(self) -> None:
        self._before.clear()

    def view(self, operation: str, scope: Scope, live: State, now: float) -> State:
        """The state that this operation sees: a copy of an older one, or `live` itself.

        Of what writes, and therefore gets `live`, the state before is remembered.
        """
        delay = self._consistency.delay
        longest = max(delay.reads, delay.lists)
        kept = [one for one in self._before.get(scope, []) if one[0] + longest > now]
        self._before[scope] = kept
        if not longest:
            return live
        if not operation.startswith(("Get", "List")):
            kept.append((now, pickle.dumps(live)))
            return live
        for written, state in kept:
            if written + delay.of(operation) > now:
                # The bytes are this process's own.
                older: State = pickle.loads(state)
                return older
        return live
