# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must change, computed from what is and what is wanted. Pure: values in, values out.

`change(current, desired)` compares canonical values member by member. A member that is not desired
is left alone. Neither side may hold a secret: what stands here is shown in diffs.
A `Plan` is what one run of a module is going to do, known in full before anything is done;
`Plan.carry_out` alone acts, by the steps that it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import Missing

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """before, after: the whole resource as it is shown, None where it is absent.
    members: the desired members that differ, with their desired values.
    """

    before: Values | None
    after: Values | None
    members: Values

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def creates(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def deletes(self) -> bool:
        return self.before is not None and self.after is None

    def differs(self, *names: str) -> bool:
        """Whether any of these members gets another value."""
        return any(name in self.members for name in names)

    def diff(self, title: str) -> dict[str, Any]:
        """For Ansible's --diff."""
        return {
            "before_header": f"{title} (before)",
            "after_header": f"{title} (after)",
            "before": dict(self.before or {}),
            "after": dict(self.after or {}),
        }


def change(current: Values | None, desired: Values | None) -> Change:
    """Compare. desired: None to have it absent, else the members that must have these values."""
    if desired is None:
        return Change(current, None, {})
    if current is None:
        return Change(None, dict(desired), dict(desired))
    members = {
        name: value
        for name, value in desired.items()
        if name not in current or current[name] != value
    }
    return Change(current, {**current, **members}, members)


def tags(current: Mapping[str, str], wanted: Mapping[str, str], purge: bool) -> dict[str, str]:
    """The tags that should stand afterwards. Those starting with `aws:` are never taken away."""
    kept = {key: value for key, value in current.items() if not purge or key.startswith("aws:")}
    return {**kept, **wanted}


def tag_steps(
    current: Mapping[str, str], after: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """From the tags that are and those that should be: what to set and which keys to remove."""
    put = {key: value for key, value in after.items() if current.get(key) != value}
    return put, sorted(set(current) - set(after))


@dataclass(frozen=True)
class Plan:
    """One run, decided.

    title: what it is about, for the diff's headers. predicted: the result if nothing is applied.
    steps: what to do, in order. read: the result once that is done. missing: what the desired state
    names and is not there (yet); warnings: what is worth saying.
    """

    title: str
    change: Change
    predicted: Values
    read: Callable[[], Values]
    steps: tuple[Callable[[], object], ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def carry_out(self) -> Values:
        """Take the steps, in order; the result. Raises Missing, before the first of them."""
        if self.missing:
            raise Missing("; ".join(self.missing))
        for step in self.steps:
            step()
        return self.read() if self.steps else self.predicted
