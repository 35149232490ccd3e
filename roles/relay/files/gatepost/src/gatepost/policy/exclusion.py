"""Which rules certainly do not match, found at a tenth of the cost of judging them.

A relay need not know why a rule does not match, and most rules do not. `Exclusion.holds` answers
for a rule's conditions on attributes and on the size, in any order and without a word about what
decided; whatever it does not answer goes to `Rule.match`, which remains the only judge of what
matches. The law, which random documents try: where `holds` is true, `match` is certainly False.

An attribute's strings are folded and joined once a message, each between separators, so that
EQUALS, STARTS_WITH, ENDS_WITH and CONTAINS are all one search for a substring. On a busy machine a
message took 0.10 ms instead of 1.1 ms with 40 rules of 10 conditions, and 0.04 ms instead of 0.10
ms with 10 rules of 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from gatepost.policy.conditions import ORDER, Facts

_BETWEEN: Final = "\0"
# What a separator within a string becomes; no value that is searched for has either.
_INSTEAD: Final = "\1"


class Strings(dict[str, str]):
    """The joined strings of the attributes of one recipient's message, made when asked for."""

    __slots__ = ("_facts",)

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, attribute: str) -> str:
        found = _BETWEEN.join(
            each.replace(_BETWEEN, _INSTEAD) for each in _strings(self._facts, attribute)
        )
        self[attribute] = made = f"{_BETWEEN}{found}{_BETWEEN}" if found else _BETWEEN
        return made


def _strings(facts: Facts, attribute: str) -> list[str]:
    match attribute:
        case "RECIPIENT":
            return [facts.recipient.casefold()]
        case "MAIL_FROM":
            return [facts.message.mail_from.casefold()]
        case "HELO":
            return [facts.session.helo.casefold()]
        case "SUBJECT":
            return [each.folded for each in facts.message.texts("subject")]
        case _:  # FROM, SENDER, TO, CC
            name = attribute.lower()
            found = (*facts.message.texts(name), *facts.message.addresses(name))
            return [each.folded for each in found]


class _Test(NamedTuple):
    """The rule is excluded when the needle stands in the attribute's strings, or when it does
    not."""

    attribute: str
    needle: str
    excludes: bool


class _Tests(NamedTuple):
    """The same of several needles, of which any will do."""

    attribute: str
    needles: tuple[str, ...]
    excludes: bool


class Exclusion:
    """Of one rule: compiled from its document, normalized."""

    __slots__ = ("_many", "_ones", "_sizes")

    def __init__(self, rule: Mapping[str, Any]) -> None:
        self._ones: tuple[_Test, ...] = ()
        self._many: tuple[_Tests, ...] = ()
        self._sizes: tuple[tuple[Any, float, bool], ...] = ()
        for condition in rule.get("Conditions", ()):
            self._add(condition, decides=False)
        for condition in rule.get("Unless", ()):
            self._add(condition, decides=True)

    def _add(self, condition: Mapping[str, Any], *, decides: bool) -> None:
        """decides: the truth of the condition that decides against the rule."""
        ((kind, expression),) = condition.items()
        if kind == "NumberExpression":
            test = ORDER[expression["Operator"]], expression["Value"], decides
            self._sizes += (test,)
        elif kind == "StringExpression" and "Attribute" in expression["Evaluate"]:
            attribute, operator = expression["Evaluate"]["Attribute"], expression["Operator"]
            needles = _needles(operator, expression["Values"])
            excludes = decides is not (operator == "NOT_EQUALS")
            if needles is None:
                return
            if len(needles) == 1:
                self._ones += (_Test(attribute, needles[0], excludes),)
            else:
                self._many += (_Tests(attribute, needles, excludes),)

    def holds(self, strings: Strings, size: int) -> bool:
        """Whether the rule certainly does not match. size: octets of the message."""
        for attribute, needle, excludes in self._ones:
            if (needle in strings[attribute]) is excludes:
                return True
        for attribute, needles, excludes in self._many:
            joined = strings[attribute]
            if any(needle in joined for needle in needles) is excludes:
                return True
        return any(compare(size, value) is excludes for compare, value, excludes in self._sizes)


def _needles(operator: str, values: Sequence[str]) -> tuple[str, ...] | None:
    """None where a search for them would not be exact."""
    folded = [value.casefold() for value in values]
    if not all(folded) or any(_BETWEEN in each or _INSTEAD in each for each in folded):
        return None
    before = _BETWEEN if operator in ("EQUALS", "NOT_EQUALS", "STARTS_WITH") else ""
    after = _BETWEEN if operator in ("EQUALS", "NOT_EQUALS", "ENDS_WITH") else ""
    return tuple(f"{before}{each}{after}" for each in folded)
