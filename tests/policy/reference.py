"""A second, naive evaluator of traffic policies and rule sets, for comparison with the engine.

Promises: it reads documents (API case, plain dicts) as they stand and compiles nothing; each law is
written once, in the plainest way; of the engine it shares only the inputs, `policy.values` and
`policy.message`. Truth has three values: True, False, and None where an input was not supplied.
An address list is here a list of its entries. Assumptions are no part of what it yields.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gatepost.policy.message import Message
from gatepost.policy.values import Session, Verdicts

Document = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]

FINALS = {
    "Relay": "relay",
    "Send": "send",
    "Archive": "archive",
    "WriteToS3": "write_to_s3",
    "DeliverToMailbox": "deliver_to_mailbox",
    "DeliverToQBusiness": "deliver_to_q_business",
    "Bounce": "bounce",
}
TARGETS = {
    "Relay": "Relay",
    "Archive": "TargetArchive",
    "WriteToS3": "S3Bucket",
    "DeliverToMailbox": "MailboxArn",
    "DeliverToQBusiness": "ApplicationId",
    "PublishToSns": "TopicArn",
    "InvokeLambda": "FunctionArn",
}


class Admitted(NamedTuple):
    """admitted: None where an input decides that was not supplied; by is then the first statement
    that is unknown."""

    admitted: bool | None
    by: str


class Looked(NamedTuple):
    """One rule looked at for one recipient."""

    rule: str | None
    place: int
    matched: bool | None
    recipient: str


class Done(NamedTuple):
    """One external effect."""

    rule: str | None
    place: int
    action: str
    recipient: str
    target: str | None
    headers: Headers


class Planned(NamedTuple):
    """What becomes of one envelope recipient."""

    trace: tuple[Looked, ...]
    effects: tuple[Done, ...]
    final: str
    undecided: frozenset[str]


@dataclass
class Look:
    """What a condition may look at. missing collects the inputs that were asked for in vain."""

    session: Session
    message: Message
    verdicts: Verdicts
    address_lists: Mapping[str, Sequence[str]]
    recipient: str
    headers: Headers = ()
    missing: set[str] = field(default_factory=set)


# Three-valued logic.


def all_of(truths: Iterable[bool | None]) -> bool | None:
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def negation(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


# Conditions.


def holds(condition: Document, look: Look) -> bool | None:
    """Whether one condition of a rule or a statement holds."""
    [(kind, expression)] = condition.items()
    operator = expression["Operator"]
    if kind == "StringExpression":
        return string_holds(expression, look)
    if kind == "BooleanExpression":
        truth = flag(expression["Evaluate"], look)
        return truth if operator == "IS_TRUE" else negation(truth)
    if kind == "NumberExpression":
        return compare(look.message.size, operator, expression["Value"])
    if kind in ("IpExpression", "Ipv6Expression"):
        address = ipaddress.ip_address(look.session.source_ip)
        networks = [ipaddress.ip_network(each, strict=False) for each in expression["Values"]]
        inside = any(address in each for each in networks if each.version == address.version)
        return inside if operator == "CIDR_MATCHES" else not inside
    if kind == "TlsExpression":
        versions = {"TLS1_2": 2, "TLS1_3": 3}
        if look.session.tls_version is None:
            return False
        spoken, wanted = versions[look.session.tls_version], versions[expression["Value"]]
        return spoken == wanted if operator == "IS" else spoken >= wanted
    if kind == "DmarcExpression":
        found = look.verdicts.dmarc
        if found is None:
            look.missing.add("dmarc")
            return None
    else:
        found = verdict(expression["Evaluate"], look)
        if found is None:
            return None
    among = found in expression["Values"]
    return among if operator == "EQUALS" else not among


def string_holds(expression: Document, look: Look) -> bool | None:
    strings = strings_of(expression["Evaluate"], look)
    if strings is None:
        return None
    operator, values = expression["Operator"], expression["Values"]
    any_matches = any(
        string_matches(string.casefold(), operator, value.casefold())
        for string in strings
        for value in values
    )
    return not any_matches if operator == "NOT_EQUALS" else any_matches


def string_matches(string: str, operator: str, value: str) -> bool:
    if operator == "STARTS_WITH":
        return string.startswith(value)
    if operator == "ENDS_WITH":
        return string.endswith(value)
    if operator == "CONTAINS":
        return value in string
    return string == value


def strings_of(evaluate: Document, look: Look) -> list[str] | None:
    """All strings that an attribute stands for; none where a header is missing."""
    [(kind, what)] = evaluate.items()
    if kind == "Analysis":
        value = analysis(what, look)
        if str(value).upper() == "PROCESSING_FAILED":
            look.missing.add(f"analysis:{what['Analyzer']}:{what['ResultField']}")
        if value is None or str(value).upper() == "PROCESSING_FAILED":
            return None
        return [str(value).lower() if isinstance(value, bool) else str(value)]
    if kind == "ClientCertificateAttribute":
        if look.session.client_certificate is None:
            look.missing.add("client_certificate")
            return None
        return list(look.session.client_certificate.get(what, ()))
    if kind == "MimeHeaderAttribute":
        received = [each.raw for each in look.message.texts(what.lower())]
        return received + [value for name, value in look.headers if name.lower() == what.lower()]
    if what == "RECIPIENT":
        return [look.recipient]
    if what == "MAIL_FROM":
        return [look.message.mail_from]
    if what == "HELO":
        return [look.session.helo]
    texts = [each.raw for each in look.message.texts(what.lower())]
    return texts if what == "SUBJECT" else texts + addresses_of(what, look)


def addresses_of(attribute: str, look: Look) -> list[str]:
    if attribute == "RECIPIENT":
        return [look.recipient]
    if attribute == "MAIL_FROM":
        return [look.message.mail_from]
    return [each.raw for each in look.message.addresses(attribute.lower())]


def analysis(what: Document, look: Look) -> Any:
    value = look.verdicts.analysis.get((what["Analyzer"], what["ResultField"]))
    if value is None:
        look.missing.add(f"analysis:{what['Analyzer']}:{what['ResultField']}")
    return value


def flag(evaluate: Document, look: Look) -> bool | None:
    [(kind, what)] = evaluate.items()
    if kind == "IsInAddressList":
        [reference] = what["AddressLists"]
        if reference not in look.address_lists:
            look.missing.add(f"address_list:{reference}")
            return None
        entries = look.address_lists[reference]
        candidates = addresses_of(what["Attribute"], look)
        return any(listed(entry, address) for entry in entries for address in candidates)
    if kind == "Analysis":
        value = str(analysis(what, look)).lower()
        if value not in ("true", "false"):
            look.missing.add(f"analysis:{what['Analyzer']}:{what['ResultField']}")
            return None
        return value == "true"
    if what == "TLS":
        return look.session.tls_version is not None
    if what == "READ_RECEIPT_REQUESTED":
        return look.message.has("disposition-notification-to")
    return False  # TLS_WRAPPED


def listed(entry: str, address: str) -> bool:
    """Whether an address is what an entry of an address list means; `*` stays on its side of @."""
    if not all(address.rpartition("@")):
        return False
    if "@" not in entry:
        domain = address.rpartition("@")[2]
        return star(entry, domain) and len(domain) > len(entry) - 1
    ours, theirs = entry.rpartition("@"), address.rpartition("@")
    return star(ours[0], theirs[0]) and star(ours[2], theirs[2])


def star(pattern: str, string: str) -> bool:
    expression = ".*".join(re.escape(part) for part in pattern.casefold().split("*"))
    return re.fullmatch(expression, string.casefold(), re.DOTALL) is not None


def verdict(evaluate: Document, look: Look) -> str | None:
    [(kind, what)] = evaluate.items()
    if kind == "Analysis":
        value = analysis(what, look)
        return None if value is None else str(value).upper()
    found = look.verdicts.spf if what == "SPF" else look.verdicts.dkim
    if found is None:
        look.missing.add(what.lower())
    return found


def compare(size: int, operator: str, value: float) -> bool:
    return {
        "EQUALS": size == value,
        "NOT_EQUALS": size != value,
        "LESS_THAN": size < value,
        "GREATER_THAN": size > value,
        "LESS_THAN_OR_EQUAL": size <= value,
        "GREATER_THAN_OR_EQUAL": size >= value,
    }[operator]


# Admission.


def admit(
    policy: Document | None,
    session: Session,
    recipient: str,
    *,
    tls_policy: str = "OPTIONAL",
    verified_domains: Iterable[str] | None = None,
    verdicts: Verdicts | None = None,
    address_lists: Mapping[str, Sequence[str]] | None = None,
) -> Admitted:
    if tls_policy in ("REQUIRED", "FIPS") and session.tls_version is None:
        return Admitted(False, "tls_policy")
    if verified_domains is not None:
        domain = recipient.rpartition("@")[2].lower()
        if not any(domain == each or domain.endswith(f".{each}") for each in verified_domains):
            return Admitted(False, "verified_domains")
    if policy is None:
        return Admitted(True, "default")
    look = Look(session, Message(b""), verdicts or Verdicts(), dict(address_lists or {}), recipient)
    judged = [
        (number, each["Action"], all_of([holds(one, look) for one in each["Conditions"]]))
        for number, each in enumerate(policy["PolicyStatements"])
    ]
    in_order = [each for each in judged if each[1] == "DENY"]
    in_order += [each for each in judged if each[1] == "ALLOW"]
    # Try every way in which the unknown statements could turn out: if all ways agree, it is known.
    unknown = [number for number, _, truth in in_order if truth is None]
    outcomes = {
        first_that_holds(in_order, policy["DefaultAction"], truths)[0]
        for truths in assignments(unknown)
    }
    if len(outcomes) > 1:
        return Admitted(None, f"statement {unknown[0]}")
    nothing_more = dict.fromkeys(unknown, False)
    action, by = first_that_holds(in_order, policy["DefaultAction"], nothing_more)
    return Admitted(action == "ALLOW", by)


def assignments(unknown: Sequence[int]) -> list[dict[int, bool]]:
    found: list[dict[int, bool]] = [{}]
    for number in unknown:
        found = [{**each, number: truth} for each in found for truth in (False, True)]
    return found


def first_that_holds(
    in_order: Sequence[tuple[int, str, bool | None]], default: str, unknown: Mapping[int, bool]
) -> tuple[str, str]:
    for number, action, truth in in_order:
        if unknown.get(number, truth):
            return action, f"statement {number}"
    return default, "default"


# Plans.


def plan(
    rule_set: Document,
    session: Session,
    message: Message,
    recipient: str,
    verdicts: Verdicts | None = None,
    address_lists: Mapping[str, Sequence[str]] | None = None,
) -> Planned:
    verdicts, address_lists = verdicts or Verdicts(), dict(address_lists or {})
    trace: list[Looked] = []
    effects: list[Done] = []
    undecided: set[str] = set()
    # A program for each recipient that is left: the recipient and the headers that it was given.
    programs: list[tuple[str, Headers]] = [(recipient, ())]
    for index, rule in enumerate(rule_set["Rules"]):
        name = rule.get("Name")
        matched: list[tuple[str, Headers]] = []
        others: list[tuple[str, Headers]] = []
        for current, headers in programs:
            look = Look(session, message, verdicts, address_lists, current, headers)
            conditions = [holds(each, look) for each in rule.get("Conditions", [])]
            unless = [negation(holds(each, look)) for each in rule.get("Unless", [])]
            truth = all_of(conditions + unless)
            trace.append(Looked(name, index, truth, current))
            if truth is None:
                undecided |= look.missing
            (matched if truth else others).append((current, headers))
        for action in rule["Actions"]:
            [(kind, parameters)] = action.items()
            if kind == "Drop":
                matched = []
            elif kind == "AddHeader":
                header = (parameters["HeaderName"], parameters["HeaderValue"])
                matched = [(current, (*headers, header)) for current, headers in matched]
            elif kind == "ReplaceRecipient":
                if "ReplaceWith" in parameters:
                    matched = [
                        (each, headers)
                        for _, headers in matched
                        for each in parameters["ReplaceWith"]
                    ]
            else:
                target = parameters[TARGETS[kind]] if kind in TARGETS else None
                effects += [
                    Done(name, index, kind, current, target, headers)
                    for current, headers in matched
                ]
            matched = once_each(matched)
        programs = once_each(others + matched)
    delivered = [FINALS[each.action] for each in effects if each.action in FINALS]
    final = "drop" if not programs else delivered[-1] if delivered else "none"
    return Planned(tuple(trace), tuple(effects), final, frozenset(undecided))


def once_each(programs: list[tuple[str, Headers]]) -> list[tuple[str, Headers]]:
    found: list[tuple[str, Headers]] = []
    for each in programs:
        if each not in found:
            found.append(each)
    return found
