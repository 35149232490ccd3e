"""What a policy case expects, and how a decision falls short of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatepost.cli.explanation import Decision, Explanation, undecided
from gatepost.cli.situation import Judges, Situation, decide
from gatepost.policy.shapes import snake
from gatepost.policy.values import Effect


@dataclass(frozen=True, slots=True)
class EffectPattern:
    """members: what an effect must have, by the names of `policy.values.Effect`; action in
    snake_case. headers: those that must be among the added ones."""

    members: Mapping[str, str]
    headers: tuple[tuple[str, str], ...]

    def fits(self, effect: Effect) -> bool:
        has = {
            "action": snake(effect.action),
            "target": effect.target,
            "rule": effect.rule,
            "recipient": effect.recipient,
            "mail_from": effect.mail_from,
            "on_failure": effect.on_failure,
        }
        return all(has[name] == value for name, value in self.members.items()) and all(
            each in effect.headers for each in self.headers
        )

    def __str__(self) -> str:
        told = [f"{name}: {value}" for name, value in self.members.items()]
        told += [f"header {name}: {value}" for name, value in self.headers]
        return "{" + ", ".join(told) + "}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of every recipient of the case; None expects nothing. matched: the rules that match, in
    order, by name or index. effects: all of them, in order. undecided: the inputs that the decision
    lacks; None expects it to lack none."""

    admitted: bool | None = None
    admitted_by: str | None = None
    matched: tuple[str | int, ...] | None = None
    effects: tuple[EffectPattern, ...] | None = None
    final: str | None = None
    undecided: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """file: where it stands."""

    name: str
    file: str
    situation: Situation
    expected: Expectation


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case. problems: a sentence a shortfall, by recipient, in order."""

    case: Case
    explanation: Explanation
    problems: tuple[tuple[str, ...], ...]

    @property
    def passed(self) -> bool:
        return not any(self.problems)


def judge(judges: Judges, case: Case) -> Verdict:
    made = decide(judges, case.situation)
    return Verdict(
        case, made, tuple(tuple(_problems(case.expected, each)) for each in made.decisions)
    )


def _problems(expected: Expectation, decision: Decision) -> Iterator[str]:
    admission, plan = decision.admission, decision.plan
    lacks = frozenset(undecided(decision))
    if lacks != (expected.undecided or frozenset()):
        if expected.undecided is None:
            yield f"undecided: {', '.join(sorted(lacks))} is not supplied"
        else:
            yield f"undecided: expected {_words(expected.undecided)}, not {_words(lacks)}"
    if expected.admitted is not None and admission.admitted is not expected.admitted:
        yield (
            f"admitted: expected {_word(expected.admitted)},"
            f" not {_word(admission.admitted)} by {admission.by}"
        )
    if expected.admitted_by is not None and admission.by != expected.admitted_by:
        yield f"admitted_by: expected {expected.admitted_by}, not {admission.by}"
    if expected.matched is not None:
        matched = tuple(
            dict.fromkeys(
                each.index if each.rule is None else each.rule
                for each in plan.trace
                if each.matched
            )
        )
        if matched != expected.matched:
            yield f"matched: expected {_words(expected.matched)}, not {_words(matched)}"
    if expected.effects is not None:
        yield from _of_effects(expected.effects, plan.effects)
    if expected.final is not None and plan.final != expected.final:
        yield f"final: expected {expected.final}, not {plan.final}"


def _of_effects(expected: tuple[EffectPattern, ...], effects: tuple[Effect, ...]) -> Iterator[str]:
    if len(expected) != len(effects):
        yield f"effects: expected {len(expected)}, not {len(effects)}"
    for number, (pattern, effect) in enumerate(zip(expected, effects, strict=False)):
        if not pattern.fits(effect):
            yield f"effects[{number}]: expected {pattern}, not {described(effect)}"


def described(effect: Effect) -> str:
    """An effect in one line."""
    target = f" {effect.target}" if effect.target else ""
    headers = "".join(f", {name}: {value}" for name, value in effect.headers)
    rule = f"rule {effect.index}" + (f" {effect.rule}" if effect.rule else "")
    return (
        f"{snake(effect.action)}{target} from <{effect.mail_from}> to <{effect.recipient}>{headers}"
        f" (by {rule})"
    )


def _word(truth: bool | None) -> str:
    return "undecided" if truth is None else str(truth).lower()


def _words(names: object) -> str:
    found = sorted(names) if isinstance(names, frozenset) else list(names)  # type: ignore[call-overload]
    return ", ".join(map(str, found)) or "none"
