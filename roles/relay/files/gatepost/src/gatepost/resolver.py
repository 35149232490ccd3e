"""DNS as a worker asks it, for verdicts and for delivery: by one resolver, with a cache and a
deadline for each question. That no answer came is never "there is none".

dnspython.py does it; `daemon/parts.py` says when that is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dns.rdata import Rdata

    from gatepost.dnspython import Questions


class Unreadable(Exception):
    """DNS gives no answer now: whether the record exists is unknown."""


class NoSuchName(Exception):
    """There is no such name (NXDOMAIN), or it cannot be one."""


class Resolver:
    """nameservers: address and port of each; None is the system's. lifetime: seconds for one
    question."""

    def __init__(
        self, nameservers: Sequence[tuple[str, int]] | None = None, lifetime: float = 10.0
    ) -> None:
        self._nameservers = nameservers
        self._lifetime = lifetime
        self._questions: Questions | None = None

    async def find(self, name: str, kind: str) -> tuple[Rdata, ...]:
        """The records of a name, spelled in ASCII; none where it has none of that kind. Raises
        NoSuchName, Unreadable."""
        if self._questions is None:
            from gatepost.dnspython import Questions

            self._questions = Questions(self._nameservers, self._lifetime)
        return await self._questions.find(name, kind)

    async def ask(self, name: str, kind: str) -> tuple[Rdata, ...]:
        """The same, to whom no name and no record are one. Raises Unreadable."""
        try:
            return await self.find(name, kind)
        except NoSuchName:
            return ()

    async def texts(self, name: str) -> list[bytes]:
        """The TXT records of a name, the strings of each joined. Raises Unreadable."""
        found = await self.ask(name, "TXT")
        if not found:
            return []
        from gatepost.dnspython import strings

        return strings(found)
