"""What a notebook calls: collects its steps, shows them, and ends it.

The steps travel in the notebook's own outputs (`STEPS`, beside the HTML that a reader sees), where
the launcher finds them; so an executed notebook is whole evidence by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.gatepost.mail.plugins.module_utils.mail.hops import Hop
from IPython.display import HTML, display

from . import render
from .gateway import Gateway
from .values import RunbookFailed, Step, Verdict

STEPS = "application/vnd.gatepost.steps+json"


class Book:
    """The steps of one run, in the order in which they were judged."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def facts(self, facts: Mapping[str, str]) -> None:
        """Show computed values: name and value."""
        display(HTML(render.facts_table(facts)))

    def changes(self, changes: Mapping[str, str]) -> None:
        """Show what is to be done, and why; nothing where there is nothing."""
        if changes:
            display(HTML(render.changes_table(changes)))

    def judge(self, steps: Iterable[Step]) -> None:
        """Take these steps into the result and show them. Nothing is raised: later steps matter."""
        new = list(steps)
        self.steps += new
        display(
            {
                "text/html": render.steps_table(new),
                "text/plain": "\n".join(f"{step.verdict}: {step.step}" for step in new),
                STEPS: [step.document() for step in new],
            },
            raw=True,
        )

    def picture(
        self,
        stations: Sequence[tuple[str, str, str]],
        branch: tuple[str, str, str] | None = None,
    ) -> None:
        """Draw the mail path. A station: its title, its name, and the beginning of the names of the
        steps that concern it."""
        drawn = [self._station(station) for station in stations]
        display(HTML(render.picture(drawn, branch and self._station(branch))))

    def timeline(self, hops: Sequence[Hop], gateway: Gateway) -> None:
        """Draw the servers that took the probe, first to last."""
        if hops:
            display(HTML(render.timeline(hops, gateway)))

    def finish(self) -> None:
        """Show the summary. Raises RunbookFailed, naming every step that failed."""
        display(HTML(render.summary(self.steps)))
        failed = [step for step in self.steps if step.verdict == "failed"]
        if failed:
            raise RunbookFailed(failed)

    def _station(self, station: tuple[str, str, str]) -> tuple[str, str, Verdict]:
        title, name, start = station
        concerned = [step for step in self.steps if start and step.step.startswith(start)]
        return title, name, render.worst(concerned)
