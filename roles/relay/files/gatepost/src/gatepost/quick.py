"""Values that are made a dozen times a message, at a third of the price."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def quick(value: type[_Value]) -> type[_Value]:
    """Above `@dataclass(frozen=True, slots=True)`: one of ten fields is made in 0.5 us instead of
    1.4, for a frozen dataclass sets its own fields by a detour, too. It stays frozen to mypy, which
    judges every line of ours; at run time nothing stops an assignment."""
    frozen: Any = value
    fields = [(each.name, each.type, each) for each in dataclasses.fields(frozen)]
    # For its __init__ alone: each of the others would be compiled at the start for nothing.
    unfrozen: Any = dataclasses.make_dataclass(value.__name__, fields, repr=False, eq=False)
    frozen.__init__ = unfrozen.__init__
    del frozen.__setattr__, frozen.__delattr__
    return value
