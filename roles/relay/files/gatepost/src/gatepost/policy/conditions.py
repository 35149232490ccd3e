"""Conditions, each compiled once into a function of the facts.

A condition holds, does not hold, or is unknown because an input was not supplied; it says which of
Gatepost's own choices it relied on and which inputs it missed. The values of a condition are ORed;
a NOT_ operator holds only if no value matches. Sources: botocore's model of Mail Manager and
docs/policy.md. Documents come normalized (`documents.normalize`), so nothing is validated here.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from gatepost.policy import assumptions
from gatepost.policy.addresslist import AddressList
from gatepost.policy.message import Message, Text, text
from gatepost.policy.values import Empty, Session, Verdicts

NO_MESSAGE: Final = Message(b"")
NO_VERDICTS: Final = Verdicts()


@dataclass(slots=True)
class Facts:
    """What conditions look at, for one recipient at one place in its program.

    named: the recipient as the envelope named it; recipient: as actions have left it. headers:
    (name, value) that actions have added, oldest first.
    """

    session: Session
    recipient: str
    named: str = ""
    message: Message = NO_MESSAGE
    headers: tuple[tuple[str, str], ...] = ()
    verdicts: Verdicts = NO_VERDICTS
    address_lists: Mapping[str, AddressList] = field(default_factory=lambda: Empty)


class Judgement(NamedTuple):
    """truth: None is unknown, and then missing names the inputs."""

    truth: bool | None
    assumptions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


TRUE: Final = Judgement(True)
FALSE: Final = Judgement(False)

Condition = Callable[[Facts], Judgement]


class Compiled(NamedTuple):
    """A condition and the inputs that it may need: "spf", "dkim", "dmarc",
    "analysis:ARN:FIELD", "address_list:REFERENCE"."""

    judge: Condition
    needs: frozenset[str] = frozenset()


def compile_condition(document: Mapping[str, Any]) -> Compiled:
    """document: a RuleCondition or a PolicyCondition, in API case."""
    ((name, expression),) = document.items()
    return _COMPILERS[name](expression)


# What a string expression reads: the texts themselves; the addresses within; what that relied on.
class _Read(NamedTuple):
    texts: Sequence[Text]
    addresses: Sequence[Text] = ()
    assumptions: tuple[str, ...] = ()


_Reader = Callable[[Facts], _Read | Judgement]


def _string(expression: Mapping[str, Any]) -> Compiled:
    reader, needs = _reader(expression["Evaluate"])
    return Compiled(_comparison(reader, expression["Operator"], expression["Values"]), needs)


def _comparison(reader: _Reader, name: str, values: Sequence[str]) -> Condition:
    matches = _matcher(name, tuple(value.casefold() for value in values))
    exactly = _matcher(name, tuple(values))
    met, unmet = (False, True) if name == "NOT_EQUALS" else (True, False)

    def judge(facts: Facts) -> Judgement:
        read = reader(facts)
        if isinstance(read, Judgement):
            return read
        used = read.assumptions
        considered = [each for each in read.texts if matches(each.folded)]
        if not considered:
            considered = [each for each in read.addresses if matches(each.folded)]
            if not considered:
                return Judgement(unmet, used)
            used += (assumptions.ADDRESS,)
        for each in considered:
            if exactly(each.raw):
                return Judgement(met, used)
        return Judgement(met, (*used, assumptions.CASE))

    return judge


def _matcher(name: str, values: tuple[str, ...]) -> Callable[[str], bool]:
    match name:
        case "EQUALS" | "NOT_EQUALS":
            return frozenset(values).__contains__
        case "STARTS_WITH":
            return lambda string: string.startswith(values)
        case "ENDS_WITH":
            return lambda string: string.endswith(values)
        case _:  # CONTAINS
            return lambda string: any(value in string for value in values)


def _reader(evaluate: Mapping[str, Any]) -> tuple[_Reader, frozenset[str]]:
    ((kind, what),) = evaluate.items()
    match kind:
        case "Attribute":
            return attribute(what), frozenset()
        case "MimeHeaderAttribute":
            return _header(what.lower()), frozenset()
        case "ClientCertificateAttribute":
            return _certificate(what), frozenset()
        case _:  # Analysis
            return _analysis_text(what), frozenset({_analysis_name(what)})


def attribute(name: str) -> Callable[[Facts], _Read]:
    """What reads a RuleStringEmailAttribute."""
    match name:
        case "RECIPIENT":
            return _recipient
        case "MAIL_FROM":
            return lambda facts: _Read((text(facts.message.mail_from),))
        case "HELO":
            return lambda facts: _Read((text(facts.session.helo),))
        case "SUBJECT":
            return lambda facts: _Read(facts.message.texts("subject"))
        case _:  # FROM, SENDER, TO, CC
            header = name.lower()
            return lambda facts: _Read(facts.message.texts(header), facts.message.addresses(header))


def _recipient(facts: Facts) -> _Read:
    replaced = facts.recipient != facts.named
    return _Read((text(facts.recipient),), (), (assumptions.SEQUENTIAL,) if replaced else ())


def _header(name: str) -> _Reader:
    def read(facts: Facts) -> _Read:
        added = tuple(text(value) for header, value in facts.headers if header.lower() == name)
        if not added:
            return _Read(facts.message.texts(name))
        return _Read((*facts.message.texts(name), *added), (), (assumptions.SEQUENTIAL,))

    return read


def _certificate(attribute: str) -> _Reader:
    unknown = Judgement(None, (), ("client_certificate",))

    def read(facts: Facts) -> _Read | Judgement:
        certificate = facts.session.client_certificate
        if certificate is None:
            return unknown
        return _Read(tuple(map(text, certificate.get(attribute, ()))))

    return read


def _analysis_name(analysis: Mapping[str, str]) -> str:
    return f"analysis:{analysis['Analyzer']}:{analysis['ResultField']}"


def _analysis(analysis: Mapping[str, str]) -> Callable[[Facts], str | bool | float | None]:
    key = analysis["Analyzer"], analysis["ResultField"]
    return lambda facts: facts.verdicts.analysis.get(key)


def _analysis_text(analysis: Mapping[str, str]) -> _Reader:
    find = _analysis(analysis)
    unknown = Judgement(None, (), (_analysis_name(analysis),))

    def read(facts: Facts) -> _Read | Judgement:
        value = find(facts)
        # That an analysis failed is a verdict, and nothing that a string can be compared with.
        if _shouted(value) in (None, "PROCESSING_FAILED"):
            return unknown
        return _Read((text(str(value).lower() if isinstance(value, bool) else str(value)),))

    return read


def _boolean(expression: Mapping[str, Any]) -> Compiled:
    expected = expression["Operator"] == "IS_TRUE"
    ((kind, what),) = expression["Evaluate"].items()
    match kind:
        case "Attribute":
            return Compiled(_expecting(expected, _FLAGS[what]))
        case "Analysis":
            return Compiled(
                _expecting(expected, _analysis_flag(what)), frozenset({_analysis_name(what)})
            )
        case _:  # IsInAddressList
            needs = frozenset(f"address_list:{each}" for each in what["AddressLists"])
            return Compiled(_expecting(expected, _membership(what)), needs)


def _expecting(expected: bool, condition: Condition) -> Condition:
    if expected:
        return condition

    def judge(facts: Facts) -> Judgement:
        found = condition(facts)
        return found if found.truth is None else found._replace(truth=not found.truth)

    return judge


_READ_RECEIPT: Final = {
    found: Judgement(found, (assumptions.READ_RECEIPT,)) for found in (True, False)
}
_WRAPPED: Final = Judgement(False, (assumptions.WRAPPED,))

_FLAGS: Final[Mapping[str, Condition]] = {
    "READ_RECEIPT_REQUESTED": lambda facts: _READ_RECEIPT[
        facts.message.has("disposition-notification-to")
    ],
    "TLS": lambda facts: FALSE if facts.session.tls_version is None else TRUE,
    "TLS_WRAPPED": lambda facts: _WRAPPED,  # noqa: ARG005
}


def _analysis_flag(analysis: Mapping[str, str]) -> Condition:
    find = _analysis(analysis)
    unknown = Judgement(None, (), (_analysis_name(analysis),))
    known = {"true": TRUE, "false": FALSE}
    return lambda facts: known.get(str(find(facts)).lower(), unknown)


def _membership(what: Mapping[str, Any]) -> Condition:
    name = what["Attribute"]
    (reference,) = what["AddressLists"]
    reader = attribute(name)
    unknown = Judgement(None, (), (f"address_list:{reference}",))
    in_header = name not in ("RECIPIENT", "MAIL_FROM")

    def judge(facts: Facts) -> Judgement:
        entries = facts.address_lists.get(reference)
        if entries is None:
            return unknown
        read = reader(facts)
        candidates = read.addresses if in_header else read.texts
        found = any(each.folded in entries for each in candidates)
        used = read.assumptions
        if found and in_header and len(candidates) > 1:
            used += (assumptions.ADDRESS,)
        return Judgement(found, used)

    return judge


ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "EQUALS": operator.eq,
    "NOT_EQUALS": operator.ne,
    "LESS_THAN": operator.lt,
    "GREATER_THAN": operator.gt,
    "LESS_THAN_OR_EQUAL": operator.le,
    "GREATER_THAN_OR_EQUAL": operator.ge,
}


def _number(expression: Mapping[str, Any]) -> Compiled:
    compare, value = ORDER[expression["Operator"]], expression["Value"]
    return Compiled(lambda facts: TRUE if compare(facts.message.measured(value), value) else FALSE)


def _ip(expression: Mapping[str, Any]) -> Compiled:
    """SOURCE_IP of rules, SENDER_IP and SENDER_IPV6 of traffic policies: an address of the other
    family is in no network."""
    networks = tuple(_network(value) for value in expression["Values"])
    met = expression["Operator"] == "CIDR_MATCHES"
    inside, outside = (TRUE, FALSE) if met else (FALSE, TRUE)
    unknown = Judgement(None, (), ("source_ip",))

    def judge(facts: Facts) -> Judgement:
        address = _address(facts.session.source_ip)
        if address is None:
            return unknown
        version, number = address
        for family, mask, prefix in networks:
            if family == version and number & mask == prefix:
                return inside
        return outside

    return Compiled(judge)


def _network(value: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(value, strict=False)
    return network.version, int(network.netmask), int(network.network_address)


@lru_cache(maxsize=4096)
def _address(value: str) -> tuple[int, int] | None:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return address.version, int(address)


def _tls(expression: Mapping[str, Any]) -> Compiled:
    """A plaintext session is of no version."""
    value = expression["Value"]
    # "TLS1_2" < "TLS1_3" as strings, too.
    compare: Callable[[str, str], bool] = (
        operator.ge if expression["Operator"] == "MINIMUM_TLS_VERSION" else operator.eq
    )

    def judge(facts: Facts) -> Judgement:
        version = facts.session.tls_version
        return TRUE if version is not None and compare(version, value) else FALSE

    return Compiled(judge)


def _verdict(expression: Mapping[str, Any]) -> Compiled:
    ((kind, what),) = expression["Evaluate"].items()
    if kind == "Attribute":
        need = what.lower()
        return _one_of(expression, need, lambda facts: getattr(facts.verdicts, need))
    find = _analysis(what)
    return _one_of(expression, _analysis_name(what), lambda facts: _shouted(find(facts)))


def _shouted(value: object) -> str | None:
    return None if value is None else str(value).upper()


def _dmarc(expression: Mapping[str, Any]) -> Compiled:
    return _one_of(expression, "dmarc", lambda facts: facts.verdicts.dmarc)


def _one_of(
    expression: Mapping[str, Any], need: str, find: Callable[[Facts], str | None]
) -> Compiled:
    values = frozenset(expression["Values"])
    met, unmet = (FALSE, TRUE) if expression["Operator"] == "NOT_EQUALS" else (TRUE, FALSE)
    unknown = Judgement(None, (), (need,))

    def judge(facts: Facts) -> Judgement:
        value = find(facts)
        if value is None:
            return unknown
        return met if value in values else unmet

    return Compiled(judge, frozenset({need}))


_COMPILERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Compiled]]] = {
    "StringExpression": _string,
    "BooleanExpression": _boolean,
    "NumberExpression": _number,
    "IpExpression": _ip,
    "Ipv6Expression": _ip,
    "TlsExpression": _tls,
    "VerdictExpression": _verdict,
    "DmarcExpression": _dmarc,
}
