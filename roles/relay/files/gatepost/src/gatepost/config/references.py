"""How a document is referred to: by its name, its id or its ARN. Unknown and ambiguous references
are errors, never guesses."""

from __future__ import annotations

import difflib


class References:
    """The spellings of the documents of one kind, each leading to a document's name. places: the
    path of each document by its name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._spellings: dict[str, set[str]] = {}
        self.places: dict[str, str] = {}

    def add(self, path: str, name: str, *others: str | None) -> None:
        """others: its id and its ARN, None where the document has none. Raises ValueError when the
        name is taken."""
        if name in self.places:
            raise ValueError(f"the {self.kind} {name!r} stands already in {self.places[name]}")
        self.places[name] = path
        for spelling in (name, *others):
            if spelling:
                self._spellings.setdefault(spelling, set()).add(name)

    def name(self, spelling: str) -> str:
        """Raises ValueError."""
        found = self._spellings.get(spelling)
        if found is None and spelling.startswith("arn:"):
            found = self._spellings.get(spelling.rpartition("/")[2])
        if not found:
            near = difflib.get_close_matches(spelling, self.places, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"names no {self.kind} of this file: {spelling}{hint}")
        if len(found) > 1:
            raise ValueError(
                f"{spelling} is ambiguous: it means the {self.kind}s {', '.join(sorted(found))}"
            )
        return next(iter(found))
