"""The values that policy takes and returns. Frozen, comparable, free of I/O.

What the SMTP layer knows becomes a `Session`, an `Envelope` and a `policy.message.Message`;
admission returns an `Admission`, planning a `Plan`. `gatepost explain` prints them and the daemon
stores and runs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gatepost.quick import quick

Empty: Mapping[Any, Any] = MappingProxyType({})


@quick
@dataclass(frozen=True, slots=True)
class Session:
    """What is known of the client's connection.

    source_ip: textual IPv4 or IPv6, IPv4-mapped IPv6 already unwrapped. tls_version: the API's
    spelling, "TLS1_2" or "TLS1_3"; None on plaintext. client_certificate: values by
    RuleClientCertificateAttribute ("CN", "SAN_DNS_NAME", …), each a tuple of strings; empty when
    the client showed none; None when that is not known.
    authenticated: the identity proved by AUTH, else None.
    """

    source_ip: str
    helo: str = ""
    tls_version: str | None = None
    client_certificate: Mapping[str, tuple[str, ...]] | None = field(default_factory=lambda: Empty)
    authenticated: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the verdict stage found; None, or an absent key, means not supplied (an unknown is
    never false).

    spf, dkim: "PASS" | "FAIL" | "GRAY" | "PROCESSING_FAILED". dmarc: the sender domain's policy,
    "NONE" | "QUARANTINE" | "REJECT". analysis: by (analyzer ARN, result field).
    """

    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    analysis: Mapping[tuple[str, str], str | bool | float] = field(default_factory=lambda: Empty)


@quick
@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a recipient is admitted, and what decided.

    by: "statement 2" | "default" | "tls_policy" | "size" | "verified_domains". An admission that
    needs an input which was not supplied has admitted None; undecided names it.
    """

    admitted: bool | None
    by: str
    assumptions: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule looked at for one recipient. index: from 0 in the document. by: "condition 0",
    "unless 1" or None."""

    rule: str | None
    index: int
    matched: bool | None
    by: str | None
    recipient: str


@quick
@dataclass(frozen=True, slots=True)
class Effect:
    """One step of a recipient's program: an external effect with everything it needs, decided
    before the 250.

    rule, index: the rule's name and place. action_index: the action's place in the rule. action:
    its API name. target: the relay, bucket, topic … that the action names, as the document spells
    it; None where it has none. headers: (name, value) added so far, oldest first. parameters: the
    action's own document, API case. on_failure: "CONTINUE" | "DROP", for configuration failures
    found when the step runs.
    """

    rule: str | None
    index: int
    action_index: int
    action: str
    recipient: str
    target: str | None
    mail_from: str
    headers: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=lambda: Empty)
    on_failure: str = "CONTINUE"


@quick
@dataclass(frozen=True, slots=True)
class Plan:
    """The program of one envelope recipient.

    final: "drop", else the last delivering action in snake_case, else "none". undecided: the
    inputs that some condition needed and that were not supplied, for example ("spf",); a daemon
    must not act on a plan that has any.
    """

    recipient: str
    trace: tuple[RuleTrace, ...]
    effects: tuple[Effect, ...]
    final: str
    assumptions: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
