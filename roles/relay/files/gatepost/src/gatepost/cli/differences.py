"""What two versions of the documents do with the same message: where they differ. Pure.

Treated differently means: admitted otherwise, other effects or in another order, another end, or
undecided where the other version is decided. The name and the place of a rule are no difference of
their own.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gatepost.cli.explanation import Decision, undecided
from gatepost.cli.situation import Judges, Situation, decide
from gatepost.policy.values import Effect, RuleTrace


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that the two versions see differently. name: the rule's, else "rule N". old, new: None
    where the version has no such rule."""

    name: str
    old: tuple[RuleTrace, ...] | None
    new: tuple[RuleTrace, ...] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one recipient of one message."""

    recipient: str
    old: Decision
    new: Decision
    rules: tuple[RuleChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one message. differences: of the recipients that are treated differently. lacks: the
    inputs without which either version is undecided about some recipient."""

    sample: str
    recipients: int
    differences: tuple[Difference, ...]
    lacks: tuple[str, ...]


def compare(old: Judges, new: Judges, sample: str, given: Situation) -> Comparison:
    befores, afters = decide(old, given).decisions, decide(new, given).decisions
    return Comparison(
        sample,
        len(befores),
        tuple(
            Difference(before.plan.recipient, before, after, tuple(_rules(old, new, before, after)))
            for before, after in zip(befores, afters, strict=True)
            if treatment(before) != treatment(after)
        ),
        tuple(dict.fromkeys(each for one in (*befores, *afters) for each in undecided(one))),
    )


def treatment(decision: Decision) -> tuple[Any, ...]:
    """Equal for decisions that come to the same."""
    return (
        decision.admission.admitted,
        tuple(map(_bare, decision.plan.effects)),
        decision.plan.final,
        frozenset(undecided(decision)),
    )


def _bare(effect: Effect) -> Effect:
    """Without its rule, and with what a document leaves out equal to what that means."""
    parameters = {
        name: value
        for name, value in effect.parameters.items()
        if name != "ActionFailurePolicy" and (name, value) != ("MailFrom", "PRESERVE")
    }
    return dataclasses.replace(effect, rule=None, index=0, action_index=0, parameters=parameters)


def _rules(old: Judges, new: Judges, before: Decision, after: Decision) -> Iterator[RuleChange]:
    """Rules of one name are the same rule; those without a name, or with one that others have too,
    are known by their place."""
    were, are = _named(old), _named(new)
    saw, sees = _traced(were, before), _traced(are, after)
    for name in dict.fromkeys((*were.values(), *are.values())):
        was, now = saw.get(name), sees.get(name)
        if _judgements(was) != _judgements(now):
            yield RuleChange(
                name,
                was if name in were.values() else None,
                now if name in are.values() else None,
            )


def _named(judges: Judges) -> dict[int, str]:
    """The rules' names by index."""
    rules = judges.rule_set.rules
    count = Counter(rule.name for rule in rules)
    return {
        rule.index: rule.name if rule.name and count[rule.name] == 1 else f"rule {rule.index}"
        for rule in rules
    }


def _traced(names: dict[int, str], decision: Decision) -> dict[str, tuple[RuleTrace, ...]]:
    found: dict[str, tuple[RuleTrace, ...]] = dict.fromkeys(names.values(), ())
    for each in decision.plan.trace:
        found[names[each.index]] += (each,)
    return found


def _judgements(traces: Sequence[RuleTrace] | None) -> frozenset[tuple[str, bool | None]]:
    """A rule that is not there judges as one that does not match."""
    return frozenset(
        (each.recipient, each.matched) for each in traces or () if each.matched is not False
    )
