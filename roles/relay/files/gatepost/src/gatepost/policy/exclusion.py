"""Which rules of a set certainly do not match, found for all of them at once.

A relay need not know why a rule does not match, and most rules do not. `Exclusion` puts the
questions that conditions on attributes and on the size come to, each once however many rules ask
it, and in any order. The law, which random documents try: what is excluded does not match; what is
left does if it is `certain`, and is judged by `Rule.match` if not.

An attribute's strings are folded and joined, each between separators, so that EQUALS, STARTS_WITH,
ENDS_WITH and CONTAINS are all one search for a substring. A set of rules is an int, a bit a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from gatepost.policy.conditions import ORDER
from gatepost.policy.message import Message
from gatepost.policy.values import Session

_BETWEEN: Final = "\0"
# What a separator within a string becomes; no value that is searched for has either.
_INSTEAD: Final = "\1"

# Needles of which any will do; the rules that are excluded when one is found, and when none is.
_Search = tuple[tuple[str, ...], int, int]
# How the size is compared, and with what; the rules that are excluded when it holds, and when not.
_Measure = tuple[Callable[[float, float], bool], float, int, int]


class Exclusion:
    """all: every rule. certain: those that match unless they are excluded."""

    __slots__ = ("_by_message", "_by_recipient", "_by_size", "all", "certain")

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """rules: a rule set's, normalized."""
        self.all = self.certain = (1 << len(rules)) - 1
        # By subject and question the rules that "yes" excludes, and those that "no" does.
        asked: dict[str, dict[tuple[Any, ...], list[int]]] = {}
        for number, rule in enumerate(rules):
            for member, deciding in (("Conditions", False), ("Unless", True)):
                for condition in rule.get(member, ()):
                    found = _question(condition)
                    if found is None:
                        self.certain &= ~(1 << number)
                        continue
                    subject, question, met = found
                    answers = asked.setdefault(subject, {}).setdefault(question, [0, 0])
                    answers[0 if met is deciding else 1] |= 1 << number
        self._by_size: tuple[_Measure, ...] = tuple(
            (ORDER[operator], value, yes, no)
            for (operator, value), (yes, no) in asked.pop("MESSAGE_SIZE", {}).items()
        )
        self._by_recipient = _searches(asked.pop("RECIPIENT", {}))
        self._by_message = tuple((name, _searches(each)) for name, each in asked.items())

    def by_message(self, session: Session, message: Message) -> int:
        """The rules that match no recipient of a message."""
        excluded = 0
        for attribute, searches in self._by_message:
            excluded |= _excluded(searches, _strings(attribute, session, message))
        for compare, value, yes, no in self._by_size:
            excluded |= yes if compare(message.size, value) else no
        return excluded

    def by_recipient(self, recipient: str) -> int:
        """The rules that do not match a recipient."""
        return _excluded(self._by_recipient, (recipient.casefold(),))


def _excluded(searches: Iterable[_Search], strings: Iterable[str]) -> int:
    """strings: folded."""
    joined = _BETWEEN.join([each.replace(_BETWEEN, _INSTEAD) for each in strings])
    joined = f"{_BETWEEN}{joined}{_BETWEEN}"
    excluded = 0
    for needles, found, missed in searches:
        for needle in needles:
            if needle in joined:
                excluded |= found
                break
        else:
            excluded |= missed
    return excluded


def _strings(attribute: str, session: Session, message: Message) -> list[str]:
    match attribute:
        case "MAIL_FROM":
            return [message.mail_from.casefold()]
        case "HELO":
            return [session.helo.casefold()]
        case "SUBJECT":
            return [each.folded for each in message.texts("subject")]
        case _:  # FROM, SENDER, TO, CC
            name = attribute.lower()
            return [each.folded for each in (*message.texts(name), *message.addresses(name))]


def _question(condition: Mapping[str, Any]) -> tuple[str, tuple[Any, ...], bool] | None:
    """An attribute or the size, the question about it, and whether "yes" means that the condition
    holds. None where there is no exact one."""
    ((kind, expression),) = condition.items()
    if kind == "NumberExpression":
        return "MESSAGE_SIZE", (expression["Operator"], expression["Value"]), True
    if kind == "StringExpression" and "Attribute" in expression["Evaluate"]:
        operator = expression["Operator"]
        needles = _needles(operator, expression["Values"])
        if needles is not None:
            return expression["Evaluate"]["Attribute"], needles, operator != "NOT_EQUALS"
    return None


def _needles(operator: str, values: Sequence[str]) -> tuple[str, ...] | None:
    """None where a search for them would not be exact."""
    folded = [value.casefold() for value in values]
    if not all(folded) or any(_BETWEEN in each or _INSTEAD in each for each in folded):
        return None
    before = _BETWEEN if operator in ("EQUALS", "NOT_EQUALS", "STARTS_WITH") else ""
    after = _BETWEEN if operator in ("EQUALS", "NOT_EQUALS", "ENDS_WITH") else ""
    return tuple(f"{before}{each}{after}" for each in folded)


def _searches(questions: Mapping[tuple[Any, ...], Sequence[int]]) -> tuple[_Search, ...]:
    return tuple((needles, yes, no) for needles, (yes, no) in questions.items())
