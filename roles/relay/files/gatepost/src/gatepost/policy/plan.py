"""`plan`: the program of one envelope recipient, decided whole before the 250.

The laws. Rules run in order, each for every recipient that is left; after a match later rules go
on. AddHeader and ReplaceRecipient take effect at once: later conditions and actions see the header
and the replacements, each replacement going on by itself; equal ones are one, as in an envelope.
Drop ends the program of the recipient that it meets; what ran before stands. A rule's actions run
one by one, each for all recipients that the rule matched. A plan's effects are the external ones,
each with the headers that were added before it; AddHeader, ReplaceRecipient and Drop are no effects
of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from gatepost.policy import assumptions
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import is_verified
from gatepost.policy.conditions import NO_VERDICTS, Facts
from gatepost.policy.message import Message
from gatepost.policy.rules import MATCHES, Action, Match, Rule, RuleSet
from gatepost.policy.shapes import snake
from gatepost.policy.values import Effect, Empty, Plan, RuleTrace, Session, Verdicts

# Actions that give the message a place to be or tell its sender; the others notify.
DELIVERING: Final = frozenset(
    {
        "Relay",
        "Send",
        "DeliverToMailbox",
        "DeliverToQBusiness",
        "Archive",
        "WriteToS3",
        "Bounce",
    }
)
_UNVERIFIED: Final[Mapping[str, str]] = {
    "SmtpReplyCode": "550",
    "StatusCode": "5.7.1",
    "DiagnosticMessage": "Mail for this domain is not accepted here",
}


@dataclass(slots=True)
class _Branch:
    """A recipient on its way through the rules. possible: the rules that may match it, as in
    `Exclusion`. ran: it has external effects. matched: some rule matched it."""

    facts: Facts
    possible: int
    ran: bool = False
    matched: bool = False


def plan(
    rule_set: RuleSet,
    session: Session,
    message: Message,
    recipient: str,
    verdicts: Verdicts = NO_VERDICTS,
    address_lists: Mapping[str, AddressList] = Empty,
) -> Plan:
    """address_lists: by reference, as the rule set spells it. An input that a rule needs and that
    is not there leaves the rule unknown; the plan goes on as if it did not match, and says so."""
    facts = Facts(session, recipient, recipient, message, (), verdicts, address_lists)
    return _Planner(rule_set, facts).run()


def plans(
    rule_set: RuleSet,
    session: Session,
    message: Message,
    recipients: Iterable[str],
    verdicts: Verdicts = NO_VERDICTS,
    address_lists: Mapping[str, AddressList] = Empty,
) -> list[Plan]:
    """A plan a recipient, without the rules that do not match, and without the choices that it
    relied on; it is the same otherwise, and made many times faster."""
    each = [Facts(session, it, it, message, (), verdicts, address_lists) for it in recipients]
    if not each:
        return []
    exclusion = rule_set.exclusion
    possible = exclusion.all & ~exclusion.by_message(each[0])
    return [_Planner(rule_set, facts, possible).run() for facts in each]


class _Planner:
    def __init__(self, rule_set: RuleSet, facts: Facts, possible: int | None = None) -> None:
        """possible: the rules that are possible as far as the message goes; None where all are to
        be judged, and every judgement to be told."""
        self._rules = rule_set.rules
        self._exclusion = rule_set.exclusion
        self._brief = possible is not None
        self._unexcluded = self._exclusion.all if possible is None else possible
        self._certain = self._exclusion.certain if self._brief else 0
        self._recipient = facts.recipient
        self._branches = [self._branch(facts)]
        self._trace: list[RuleTrace] = []
        self._effects: list[Effect] = []
        # Dicts as ordered sets.
        self._assumptions: dict[str, None] = {}
        self._undecided: dict[str, None] = {}

    def _branch(self, facts: Facts) -> _Branch:
        possible = self._unexcluded
        if self._brief:
            possible &= ~self._exclusion.by_recipient(facts.recipient)
        return _Branch(facts, possible)

    def run(self) -> Plan:
        place = 0
        while possible := self._possible() >> place:
            place += (possible & -possible).bit_length()
            self._run(self._rules[place - 1])
        final = self._final()
        return Plan(
            recipient=self._recipient,
            trace=tuple(self._trace),
            effects=tuple(self._effects),
            final=final,
            assumptions=tuple(self._assumptions),
            undecided=tuple(self._undecided),
        )

    def _possible(self) -> int:
        """The rules that may match some recipient that is left."""
        possible = 0
        for branch in self._branches:
            possible |= branch.possible
        return possible

    def _run(self, rule: Rule) -> None:
        matched: list[_Branch] = []
        others: list[_Branch] = []
        for branch in self._branches:
            (matched if self._matches(rule, branch) else others).append(branch)
        if not matched:
            return
        for action in rule.actions:
            matched = _merged([left for each in matched for left in self._act(rule, action, each)])
        self._branches = _merged([*others, *matched]) if others else matched

    def _assume(self, *used: str) -> None:
        if not self._brief:
            self._assumptions.update(dict.fromkeys(used))

    def _matches(self, rule: Rule, branch: _Branch) -> bool:
        bit = 1 << rule.index
        if not branch.possible & bit:
            return False
        found = MATCHES if self._certain & bit else rule.match(branch.facts)
        if found.matched is False and self._brief:
            return False
        self._tell(rule, branch, found)
        if found.matched:
            branch.matched = True
        return bool(found.matched)

    def _tell(self, rule: Rule, branch: _Branch, found: Match) -> None:
        """Of a judgement."""
        self._trace.append(
            RuleTrace(rule.name, rule.index, found.matched, found.by, branch.facts.recipient)
        )
        self._assume(*found.assumptions)
        if found.matched is None:
            self._assume(assumptions.UNKNOWN)
            self._undecided.update(dict.fromkeys(found.missing))
        elif found.matched and branch.matched:
            self._assume(assumptions.GO_ON)

    def _act(self, rule: Rule, action: Action, branch: _Branch) -> list[_Branch]:
        """The branches that go on."""
        match action.name:
            case "Drop":
                if branch.ran:
                    self._assume(assumptions.DROP_ORDER)
                return []
            case "AddHeader":
                header = action.parameters["HeaderName"], action.parameters["HeaderValue"]
                branch.facts.headers = (*branch.facts.headers, header)
            case "ReplaceRecipient":
                return self._replace(action, branch)
            case _:
                branch.ran = True
                self._effects.append(self._effect(rule, action, branch))
        return [branch]

    def _replace(self, action: Action, branch: _Branch) -> list[_Branch]:
        replacements = action.parameters.get("ReplaceWith")
        if replacements is None:
            self._assume(assumptions.NO_REPLACEMENT)
            return [branch]
        return [self._fork(branch, each) for each in replacements]

    def _fork(self, branch: _Branch, recipient: str) -> _Branch:
        forked = self._branch(dataclasses.replace(branch.facts, recipient=recipient))
        forked.ran, forked.matched = branch.ran, branch.matched
        return forked

    def _effect(self, rule: Rule, action: Action, branch: _Branch) -> Effect:
        facts = branch.facts
        if not self._brief:
            self._assume(*_chosen(action))
        return Effect(
            rule=rule.name,
            index=rule.index,
            action_index=action.index,
            action=action.name,
            recipient=facts.recipient,
            target=action.target,
            mail_from=facts.message.mail_from,
            headers=facts.headers,
            parameters=action.parameters,
            on_failure=action.parameters.get("ActionFailurePolicy", "CONTINUE"),
        )

    def _final(self) -> str:
        if not self._branches:
            return "drop"
        final = final_of(self._effects)
        if final == "none":
            self._assume(assumptions.UNROUTED)
        return final


def _chosen(action: Action) -> Iterator[str]:
    """What an action leaves to us."""
    if "ActionFailurePolicy" not in action.parameters:
        yield assumptions.ON_FAILURE
    if action.name == "Relay":
        if "MailFrom" not in action.parameters:
            yield assumptions.MAIL_FROM
        elif action.parameters["MailFrom"] == "REPLACE":
            yield assumptions.REPLACE


def _merged(branches: list[_Branch]) -> list[_Branch]:
    """Each recipient with the same headers once."""
    if len(branches) < 2:
        return branches
    found: dict[tuple[str, tuple[tuple[str, str], ...]], _Branch] = {}
    for branch in branches:
        first = found.setdefault((branch.facts.recipient, branch.facts.headers), branch)
        first.ran |= branch.ran
        first.matched |= branch.matched
    return list(found.values())


def final_of(effects: Iterable[Effect]) -> str:
    """The last delivering action in snake_case, else "none"."""
    final = None
    for effect in effects:
        if effect.action in DELIVERING:
            final = effect.action
    return "none" if final is None else snake(final)


def within(plans: Sequence[Plan], domains: Set[str]) -> tuple[Sequence[Plan], bool]:
    """The law of verified domains where rules replace recipients: an effect for an unverified
    recipient becomes a Bounce to the sender. And whether anything is left of what the plans would
    have done; if not, the message is refused. domains: lower case."""
    effects = [effect for each in plans for effect in each.effects]
    kept = [effect for effect in effects if _is_within(effect, domains)]
    if len(kept) == len(effects):
        return plans, True
    return [_within(each, domains) for each in plans], bool(kept)


def _is_within(effect: Effect, domains: Set[str]) -> bool:
    return effect.action == "Bounce" or is_verified(effect.recipient, domains)


def _within(one: Plan, domains: Set[str]) -> Plan:
    effects = tuple(
        effect if _is_within(effect, domains) else _bounced(effect) for effect in one.effects
    )
    final = one.final if one.final == "drop" else final_of(effects)
    return dataclasses.replace(one, effects=effects, final=final)


def _bounced(effect: Effect) -> Effect:
    return dataclasses.replace(
        effect, action="Bounce", target=None, headers=(), parameters=_UNVERIFIED
    )
