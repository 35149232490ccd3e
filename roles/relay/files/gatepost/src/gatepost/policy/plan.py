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
from gatepost.policy.conditions import Facts
from gatepost.policy.exclusion import Strings
from gatepost.policy.message import Message
from gatepost.policy.rules import Action, Rule, RuleSet
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
    """A recipient on its way through the rules. strings: of its facts. ran: it has external
    effects. matched: some rule matched it."""

    facts: Facts
    strings: Strings
    ran: bool = False
    matched: bool = False

    def fork(self, recipient: str) -> _Branch:
        facts = dataclasses.replace(self.facts, recipient=recipient)
        return dataclasses.replace(self, facts=facts, strings=Strings(facts))


def plan(
    rule_set: RuleSet,
    session: Session,
    message: Message,
    recipient: str,
    verdicts: Verdicts | None = None,
    address_lists: Mapping[str, AddressList] = Empty,
    *,
    brief: bool = False,
) -> Plan:
    """address_lists: by reference, as the rule set spells it. An input that a rule needs and that
    is not there leaves the rule unknown; the plan goes on as if it did not match, and says so.
    brief: without the rules that do not match, and the choices that this relied on; the plan is the
    same otherwise, and is made several times faster."""
    facts = Facts(session, recipient, recipient, message, (), verdicts or Verdicts(), address_lists)
    return _Planner(facts, brief).run(rule_set)


class _Planner:
    def __init__(self, facts: Facts, brief: bool) -> None:
        self._brief = brief
        self._recipient = facts.recipient
        self._branches = [_Branch(facts, Strings(facts))]
        self._trace: list[RuleTrace] = []
        self._effects: list[Effect] = []
        # Dicts as ordered sets.
        self._assumptions: dict[str, None] = {}
        self._undecided: dict[str, None] = {}

    def run(self, rule_set: RuleSet) -> Plan:
        for rule in rule_set.rules:
            self._run(rule)
            if not self._branches:
                break
        final = self._final()
        return Plan(
            recipient=self._recipient,
            trace=tuple(self._trace),
            effects=tuple(self._effects),
            final=final,
            assumptions=tuple(self._assumptions),
            undecided=tuple(self._undecided),
        )

    def _run(self, rule: Rule) -> None:
        matched: list[_Branch] = []
        others: list[_Branch] = []
        for branch in self._branches:
            (matched if self._matches(rule, branch) else others).append(branch)
        if not matched:
            return
        for action in rule.actions:
            matched = _merged(left for each in matched for left in self._act(rule, action, each))
        self._branches = _merged((*others, *matched))

    def _assume(self, *used: str) -> None:
        self._assumptions.update(dict.fromkeys(used))

    def _matches(self, rule: Rule, branch: _Branch) -> bool:
        facts = branch.facts
        if self._brief and rule.exclusion.holds(branch.strings, facts.message.size):
            return False
        found = rule.match(facts)
        if self._brief and found.matched is False:
            return False
        self._trace.append(
            RuleTrace(rule.name, rule.index, found.matched, found.by, facts.recipient)
        )
        self._assume(*found.assumptions)
        if found.matched is None:
            self._assume(assumptions.UNKNOWN)
            self._undecided.update(dict.fromkeys(found.missing))
        if not found.matched:
            return False
        if branch.matched:
            self._assume(assumptions.GO_ON)
        branch.matched = True
        return True

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
        return [branch.fork(each) for each in replacements]

    def _effect(self, rule: Rule, action: Action, branch: _Branch) -> Effect:
        parameters = action.parameters
        if "ActionFailurePolicy" not in parameters:
            self._assume(assumptions.ON_FAILURE)
        if action.name == "Relay":
            if "MailFrom" not in parameters:
                self._assume(assumptions.MAIL_FROM)
            elif parameters["MailFrom"] == "REPLACE":
                self._assume(assumptions.REPLACE)
        return Effect(
            rule=rule.name,
            index=rule.index,
            action_index=action.index,
            action=action.name,
            recipient=branch.facts.recipient,
            target=action.target,
            mail_from=branch.facts.message.mail_from,
            headers=branch.facts.headers,
            parameters=parameters,
            on_failure=parameters.get("ActionFailurePolicy", "CONTINUE"),
        )

    def _final(self) -> str:
        if not self._branches:
            return "drop"
        final = final_of(self._effects)
        if final == "none":
            self._assume(assumptions.UNROUTED)
        return final


def _merged(branches: Iterable[_Branch]) -> list[_Branch]:
    """Each recipient with the same headers once."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], _Branch] = {}
    for branch in branches:
        first = found.setdefault((branch.facts.recipient, branch.facts.headers), branch)
        first.ran |= branch.ran
        first.matched |= branch.matched
    return list(found.values())


def final_of(effects: Iterable[Effect]) -> str:
    """The last delivering action in snake_case, else "none"."""
    delivering = [each.action for each in effects if each.action in DELIVERING]
    return snake(delivering[-1]) if delivering else "none"


def within(plans: Sequence[Plan], domains: Set[str]) -> tuple[tuple[Plan, ...], bool]:
    """The law of verified domains where rules replace recipients: an effect for an unverified
    recipient becomes a Bounce to the sender. And whether anything is left of what the plans would
    have done; if not, the message is refused. domains: lower case."""
    judged = tuple(_within(each, domains) for each in plans)
    kept = [
        after is before
        for new, old in zip(judged, plans, strict=True)
        for after, before in zip(new.effects, old.effects, strict=True)
    ]
    return judged, any(kept) or not kept


def _within(one: Plan, domains: Set[str]) -> Plan:
    effects = tuple(_verified(one.effects, domains))
    if effects == one.effects:
        return one
    final = one.final if one.final == "drop" else final_of(effects)
    return dataclasses.replace(one, effects=effects, final=final)


def _verified(effects: Iterable[Effect], domains: Set[str]) -> Iterator[Effect]:
    for effect in effects:
        if effect.action == "Bounce" or is_verified(effect.recipient, domains):
            yield effect
        else:
            yield dataclasses.replace(
                effect, action="Bounce", target=None, headers=(), parameters=_UNVERIFIED
            )
