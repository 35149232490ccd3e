"""Admission: may this recipient be written to, and may this message be that large.

The laws: the TLS policy, then the verified domains, then the traffic policy: its DENY statements in
order, then its ALLOW statements, then DefaultAction. The conditions of a statement are ANDed. A
statement that is unknown makes the admission unknown, unless it could not change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from gatepost.policy import assumptions, quotas
from gatepost.policy.addresslist import AddressList
from gatepost.policy.conditions import (
    NO_VERDICTS,
    Compiled,
    Facts,
    Judgement,
    compile_condition,
)
from gatepost.policy.values import Admission, Empty, Session, Verdicts


@dataclass(frozen=True, slots=True)
class Statement:
    """index: its place in the document."""

    index: int
    allows: bool
    conditions: tuple[Compiled, ...]


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """A compiled traffic policy. statements: in the order of evaluation. needs: as in
    `conditions.Compiled`. max_message_size: octets; None leaves the service's own 40 MB."""

    document: Mapping[str, Any]
    name: str
    statements: tuple[Statement, ...]
    allows_by_default: bool
    max_message_size: int | None
    needs: frozenset[str]

    def admit_size(self, size: int) -> Admission:
        """size: octets of the message, without dot-stuffing."""
        limit = self.max_message_size or quotas.MESSAGE_BYTES
        return Admission(size <= min(limit, quotas.MESSAGE_BYTES), "size")


def compile_traffic_policy(document: Mapping[str, Any]) -> TrafficPolicy:
    """document: a TrafficPolicy, normalized."""
    statements = [
        Statement(
            index, each["Action"] == "ALLOW", tuple(map(compile_condition, each["Conditions"]))
        )
        for index, each in enumerate(document["PolicyStatements"])
    ]
    return TrafficPolicy(
        document=document,
        name=document["TrafficPolicyName"],
        # Stable: within DENY and within ALLOW the document's order stays.
        statements=tuple(sorted(statements, key=lambda each: each.allows)),
        allows_by_default=document["DefaultAction"] == "ALLOW",
        max_message_size=document.get("MaxMessageSizeBytes"),
        needs=frozenset().union(*(c.needs for each in statements for c in each.conditions)),
    )


def admit(
    policy: TrafficPolicy | None,
    session: Session,
    recipient: str,
    *,
    tls_policy: str = "OPTIONAL",
    verified_domains: Set[str] | None = None,
    verdicts: Verdicts = NO_VERDICTS,
    address_lists: Mapping[str, AddressList] = Empty,
) -> Admission:
    """policy: None admits all. tls_policy: of the ingress point, "REQUIRED" | "OPTIONAL" | "FIPS".
    verified_domains: lower case; None where they do not govern (AUTH, MTLS, `any`)."""
    if tls_policy != "OPTIONAL" and session.tls_version is None:
        return Admission(False, "tls_policy")
    used: tuple[str, ...] = ()
    if verified_domains is not None and domain_of(recipient) not in verified_domains:
        if not is_verified(recipient, verified_domains):
            return Admission(False, "verified_domains", (assumptions.VERIFIED,))
        used = (assumptions.SUBDOMAIN,)
    if policy is None:
        return Admission(True, "default", used)
    facts = Facts(
        session,
        recipient,
        recipient,
        verdicts=verdicts,
        address_lists=address_lists,
    )
    return _by_statements(policy, facts, used)


def _by_statements(policy: TrafficPolicy, facts: Facts, used: tuple[str, ...]) -> Admission:
    """Where statements are unknown, the admission is known only if all that they leave possible
    comes to the same."""
    possible: set[bool] = set()
    first_unknown = ""
    missing: dict[str, None] = {}
    allows, by = policy.allows_by_default, "default"
    for statement in policy.statements:
        found = _holds(statement, facts)
        if found.truth:
            allows, by = statement.allows, f"statement {statement.index}"
            used += found.assumptions
            break
        if found.truth is None:
            first_unknown = first_unknown or f"statement {statement.index}"
            possible.add(statement.allows)
            missing.update(dict.fromkeys(found.missing))
    if possible - {allows}:
        return Admission(None, first_unknown, used, tuple(missing))
    return Admission(allows, by, used)


def _holds(statement: Statement, facts: Facts) -> Judgement:
    """One certain false makes it false."""
    relied: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    for condition in statement.conditions:
        found = condition.judge(facts)
        if found.truth is False:
            return found
        relied += found.assumptions
        missing += found.missing
    if missing:
        return Judgement(None, (), missing)
    return Judgement(True, tuple(dict.fromkeys(relied)))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].casefold().rstrip(".")


def is_verified(address: str, domains: Set[str]) -> bool:
    """A domain is verified by itself or by one above it. domains: lower case."""
    domain = domain_of(address)
    while domain not in domains:
        _label, dot, domain = domain.partition(".")
        if not dot:
            return False
    return True
