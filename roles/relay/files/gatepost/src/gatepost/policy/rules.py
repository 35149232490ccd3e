"""Rule sets, compiled once: what a rule asks, what it does, and whether it matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gatepost.policy.conditions import Compiled, Facts, compile_condition
from gatepost.policy.exclusion import Exclusion

# Where each action says what it is aimed at.
_TARGETS: Final[Mapping[str, str]] = {
    "Relay": "Relay",
    "Archive": "TargetArchive",
    "WriteToS3": "S3Bucket",
    "DeliverToMailbox": "MailboxArn",
    "DeliverToQBusiness": "ApplicationId",
    "PublishToSns": "TopicArn",
    "InvokeLambda": "FunctionArn",
}


@dataclass(frozen=True, slots=True)
class Action:
    """name: the API's. target: None where the action has none. parameters: its document."""

    index: int
    name: str
    target: str | None
    parameters: Mapping[str, Any]


class Match(NamedTuple):
    """Whether a rule matches. by: the condition that decided against it, or that is unknown; None
    when it matches."""

    matched: bool | None
    by: str | None
    assumptions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


MATCHES: Final = Match(True, None)


@dataclass(frozen=True, slots=True)
class Rule:
    index: int
    name: str | None
    conditions: tuple[Compiled, ...]
    unless: tuple[Compiled, ...]
    actions: tuple[Action, ...]

    def match(self, facts: Facts) -> Match:
        """Every condition holds and no "unless" does. One that certainly decides against the rule
        does so whatever the unknown ones are."""
        unknown: str | None = None
        missing: list[str] = []
        used: list[str] = []
        for number, condition in enumerate(self.conditions):
            found = condition.judge(facts)
            if found.truth is False:
                return Match(False, f"condition {number}", found.assumptions)
            if found.truth is None:
                unknown = unknown or f"condition {number}"
                missing += found.missing
            used += found.assumptions
        for number, condition in enumerate(self.unless):
            found = condition.judge(facts)
            if found.truth:
                return Match(False, f"unless {number}", found.assumptions)
            if found.truth is None:
                unknown = unknown or f"unless {number}"
                missing += found.missing
            used += found.assumptions
        if unknown is not None:
            return Match(None, unknown, (), tuple(missing))
        return Match(True, None, tuple(used))


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A compiled rule set. needs: as in `conditions.Compiled`. replaces: some rule replaces
    recipients, so that verified domains are judged on the plan."""

    document: Mapping[str, Any]
    name: str
    rules: tuple[Rule, ...]
    needs: frozenset[str]
    replaces: bool
    exclusion: Exclusion = field(repr=False, compare=False)


def compile_rule_set(document: Mapping[str, Any]) -> RuleSet:
    """document: a RuleSet, normalized."""
    rules = tuple(_rule(index, each) for index, each in enumerate(document["Rules"]))
    return RuleSet(
        document=document,
        name=document["RuleSetName"],
        rules=rules,
        needs=frozenset().union(*(c.needs for r in rules for c in (*r.conditions, *r.unless))),
        replaces=any(a.name == "ReplaceRecipient" for r in rules for a in r.actions),
        exclusion=Exclusion(document["Rules"]),
    )


def _rule(index: int, document: Mapping[str, Any]) -> Rule:
    return Rule(
        index=index,
        name=document.get("Name"),
        conditions=tuple(map(compile_condition, document.get("Conditions", ()))),
        unless=tuple(map(compile_condition, document.get("Unless", ()))),
        actions=tuple(_action(place, each) for place, each in enumerate(document["Actions"])),
    )


def _action(index: int, document: Mapping[str, Any]) -> Action:
    ((name, parameters),) = document.items()
    return Action(index, name, parameters.get(_TARGETS.get(name, "")), parameters)
