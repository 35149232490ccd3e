"""An explanation: the decisions about a message, for programs and for people. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gatepost.cli.tables import clean, table
from gatepost.policy import quotas
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import TrafficPolicy, admit
from gatepost.policy.message import Message
from gatepost.policy.plan import plan, within
from gatepost.policy.rules import RuleSet
from gatepost.policy.values import Admission, Plan, Session, Verdicts


@dataclass(frozen=True, slots=True)
class Decision:
    """About one envelope recipient. plan: empty when the recipient is refused."""

    admission: Admission
    plan: Plan


@dataclass(frozen=True, slots=True)
class Explanation:
    """beforehand: what the reading of the inputs itself assumed."""

    decisions: tuple[Decision, ...]
    beforehand: tuple[str, ...] = ()

    @property
    def assumptions(self) -> tuple[str, ...]:
        of_decisions = (
            each
            for decision in self.decisions
            for each in (*decision.admission.assumptions, *decision.plan.assumptions)
        )
        return tuple(dict.fromkeys((*self.beforehand, *of_decisions)))


def explain(
    rule_set: RuleSet,
    policy: TrafficPolicy | None,
    session: Session,
    message: Message,
    recipients: Sequence[str],
    *,
    verdicts: Verdicts,
    address_lists: Mapping[str, AddressList],
    tls_policy: str = "OPTIONAL",
    verified_domains: Set[str] | None = None,
    size_limit: int = quotas.MESSAGE_BYTES,
) -> Explanation:
    """As the daemon receives: admission at RCPT, size and plans after DATA. verified_domains: None
    where they do not govern."""
    decisions = []
    for recipient in recipients:
        admission = admit(
            policy,
            session,
            recipient,
            tls_policy=tls_policy,
            # Where rules replace recipients the law holds for the replacements, at DATA.
            verified_domains=None if rule_set.replaces else verified_domains,
            verdicts=verdicts,
            address_lists=address_lists,
        )
        if admission.admitted is not False and not _fits(policy, message.size, size_limit):
            admission = Admission(False, "size")
        made = Plan(recipient, (), (), "none")
        if admission.admitted is not False:
            made = plan(rule_set, session, message, recipient, verdicts, address_lists)
        decisions.append(Decision(admission, made))
    if rule_set.replaces and verified_domains is not None:
        decisions = _judged(decisions, verified_domains)
    return Explanation(tuple(decisions))


def _fits(policy: TrafficPolicy | None, size: int, limit: int) -> bool:
    return size <= limit and (policy is None or bool(policy.admit_size(size).admitted))


def _judged(decisions: Sequence[Decision], domains: Set[str]) -> list[Decision]:
    plans, kept = within([each.plan for each in decisions], domains)
    if kept:
        return [
            Decision(each.admission, judged) for each, judged in zip(decisions, plans, strict=True)
        ]
    return [
        each
        if each.admission.admitted is False
        else Decision(
            Admission(False, "verified_domains"), Plan(each.plan.recipient, (), (), "none")
        )
        for each in decisions
    ]


def as_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "assumptions": list(explanation.assumptions),
        "recipients": [recipient_as_json(each) for each in explanation.decisions],
    }


def recipient_as_json(decision: Decision) -> dict[str, Any]:
    return {
        "recipient": decision.plan.recipient,
        "admitted": decision.admission.admitted,
        "admitted_by": decision.admission.by,
        "trace": [dataclasses.asdict(each) for each in decision.plan.trace],
        "effects": [
            {
                "rule": each.rule,
                "index": each.index,
                "action_index": each.action_index,
                "action": each.action,
                "recipient": each.recipient,
                "target": each.target,
                "mail_from": each.mail_from,
                "headers": [list(header) for header in each.headers],
                "on_failure": each.on_failure,
            }
            for each in decision.plan.effects
        ],
        "final": decision.plan.final,
        "undecided": list(undecided(decision)),
    }


def undecided(decision: Decision) -> tuple[str, ...]:
    """The inputs that the decision lacks."""
    return tuple(dict.fromkeys((*decision.admission.undecided, *decision.plan.undecided)))


_ADMITTED = {True: "admitted by", False: "refused by", None: "undecided at"}
_MATCHED = {True: "matches", False: "no", None: "unknown"}


def as_text(explanation: Explanation) -> str:
    lines = [line for each in explanation.decisions for line in (*lines_of(each), "")]
    if explanation.assumptions:
        lines += ["Gatepost's own choices that decided (docs/policy.md):"]
        lines += [f"  - {each}" for each in explanation.assumptions]
    return "\n".join(lines).rstrip()


def lines_of(decision: Decision) -> Iterator[str]:
    admission, made = decision.admission, decision.plan
    yield clean(made.recipient)
    yield f"  {_ADMITTED[admission.admitted]} {admission.by}"
    if admission.admitted is False:
        return
    if made.trace:
        forked = any(each.recipient != made.recipient for each in made.trace)
        head = ("rule", "name", "result", "by", *(("recipient",) if forked else ()))
        rows = [
            (
                str(each.index),
                each.rule or "-",
                _MATCHED[each.matched],
                each.by or "",
                *((each.recipient,) if forked else ()),
            )
            for each in made.trace
        ]
        yield from (f"  {line}" for line in table(head, rows, frozenset({0})).splitlines())
    for effect in made.effects:
        target = f" {effect.target}" if effect.target else ""
        sender = f"<{effect.mail_from}>"
        yield clean(f"  -> {effect.action}{target}: {sender} to <{effect.recipient}>")
        yield from (clean(f"     + {name}: {value}") for name, value in effect.headers)
    yield f"  ends with: {made.final}"
    if lacks := undecided(decision):
        yield clean(f"  UNDECIDED, not supplied: {', '.join(lacks)}")
