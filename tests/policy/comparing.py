"""The engine and the reference side by side: what both must yield, in one form.

Promises: documents go to both through `documents.normalize`; what is returned is the reference's
kind of value, the engine's first, so that an assertion on the pair shows where they part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatepost.policy import admission, documents, rules
from gatepost.policy import plan as engine
from gatepost.policy.addresslist import AddressList
from gatepost.policy.message import Message
from gatepost.policy.values import Session, Verdicts
from tests.policy import reference

Lists = Mapping[str, Sequence[str]]


def plans(
    rule_set: Mapping[str, Any],
    session: Session,
    message: Message,
    recipient: str,
    verdicts: Verdicts,
    address_lists: Lists,
) -> tuple[reference.Planned, reference.Planned]:
    document = documents.normalize("RuleSet", rule_set)
    compiled = rules.compile_rule_set(document)
    lists = {name: AddressList(entries) for name, entries in address_lists.items()}
    made = engine.plan(compiled, session, message, recipient, verdicts, lists)
    (briefly,) = engine.plans(compiled, session, message, [recipient], verdicts, lists)
    matched = tuple(each for each in made.trace if each.matched is not False)
    assert (briefly.trace, briefly.effects) == (matched, made.effects)
    assert (briefly.final, briefly.undecided) == (made.final, made.undecided)
    ours = reference.Planned(
        tuple(
            reference.Looked(each.rule, each.index, each.matched, each.recipient)
            for each in made.trace
        ),
        tuple(
            reference.Done(
                each.rule, each.index, each.action, each.recipient, each.target, each.headers
            )
            for each in made.effects
        ),
        made.final,
        frozenset(made.undecided),
    )
    return ours, reference.plan(document, session, message, recipient, verdicts, address_lists)


def admissions(
    policy: Mapping[str, Any] | None,
    session: Session,
    recipient: str,
    verdicts: Verdicts,
    address_lists: Lists,
    tls_policy: str = "OPTIONAL",
    verified_domains: frozenset[str] | None = None,
) -> tuple[reference.Admitted, reference.Admitted]:
    document = None if policy is None else documents.normalize("TrafficPolicy", policy)
    made = admission.admit(
        None if document is None else admission.compile_traffic_policy(document),
        session,
        recipient,
        tls_policy=tls_policy,
        verified_domains=verified_domains,
        verdicts=verdicts,
        address_lists={name: AddressList(entries) for name, entries in address_lists.items()},
    )
    theirs = reference.admit(
        document,
        session,
        recipient,
        tls_policy=tls_policy,
        verified_domains=verified_domains,
        verdicts=verdicts,
        address_lists=address_lists,
    )
    return reference.Admitted(made.admitted, made.by), theirs
