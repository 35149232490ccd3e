"""What an emulator is to the frame that runs it.

A component lives in a module with a function `create(context) -> Component`. The frame makes them
in its own order, starts them, merges the fragments that they return into `emulators.json`, routes
control requests to them by path, and stops them in the opposite order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from emulators.ca import Authority
from emulators.clock import Clock
from emulators.faults import Faults
from emulators.maildrop import Maildrop

# A control request's JSON body (None without one) to its JSON answer. A ValueError answers 400, a
# LookupError 404, each with its text.
Handler = Callable[[Any], Any]


class Component(Protocol):
    """One emulator, or a few that belong together."""

    name: str

    def start(self) -> dict[str, Any]:
        """Listen, and return this emulator's part of emulators.json (`env` is merged, and so is
        `smtp`). Once it returns, clients are served."""

    def stop(self) -> None:
        """Close everything; keep the state in `context.state` where that is set."""

    def reset(self) -> None:
        """Return to the state of a first start."""

    def state(self) -> Any:
        """A JSON value that shows what the emulator holds, without secrets."""

    def handlers(self) -> Mapping[str, Handler]:
        """Control requests by method and path, such as {"GET /aws/calls": …}."""


@dataclass(frozen=True)
class Context:
    """What the frame gives every component."""

    run: Path
    """a directory for files that live as long as this run"""
    state: Path | None
    """where state is kept between runs; None: nowhere"""
    ca: Authority
    clock: Clock
    faults: Faults
    maildrop: Maildrop = field(default_factory=Maildrop)
    """what all mailboxes took"""
    info: dict[str, Any] = field(default_factory=dict)
    """what the components started so far have announced"""
    components: dict[str, Component] = field(default_factory=dict)
    """the components made so far, by name: a later one may build on an earlier one"""
