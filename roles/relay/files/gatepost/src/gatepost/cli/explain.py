"""`gatepost explain`: what would become of a message, by the documents alone.

Promises: it decides by the same functions as the daemon, opens no socket, and reads only the files
that it is given. What is not supplied is unknown, never false: the rule that needs it has matched
null. Every choice of Gatepost's own that a decision hung on is listed. Exit status 0, or 2 when an
input is wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gatepost.cli.explanation import Explanation, as_json, as_text, explain
from gatepost.config import document, load
from gatepost.errors import ConfigError, GatepostError
from gatepost.policy import assumptions, documents, quotas
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import TrafficPolicy, compile_traffic_policy
from gatepost.policy.message import Message
from gatepost.policy.rules import RuleSet, compile_rule_set
from gatepost.policy.values import Session, Verdicts

# SEMANTICS of verdicts: how the results of RFC 7208 and RFC 8601 are called by the API.
_VERDICTS: Final[Mapping[str, str]] = {
    "pass": "PASS",
    "fail": "FAIL",
    "softfail": "GRAY",
    "neutral": "GRAY",
    "none": "GRAY",
    "gray": "GRAY",
    "temperror": "PROCESSING_FAILED",
    "permerror": "PROCESSING_FAILED",
    "processing_failed": "PROCESSING_FAILED",
}
_DMARC: Final = ("NONE", "QUARANTINE", "REJECT")
_ANALYSIS: Final = re.compile(r"(.+?):((?:addon\.)?[\sA-Za-z0-9_]+)=(.*)", re.DOTALL)
_ADDRESS: Final = re.compile(r"[^@\s<>]+(?:@[^@\s<>]+)*@[^@\s<>]+")
_ATTRIBUTES: Final = (
    "CN",
    "SAN_RFC822_NAME",
    "SAN_DNS_NAME",
    "SAN_DIRECTORY_NAME",
    "SAN_UNIFORM_RESOURCE_IDENTIFIER",
    "SAN_IP_ADDRESS",
    "SAN_REGISTERED_ID",
    "SERIAL_NUMBER",
)


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges the message. size_limit: octets. verified_domains: None where they do not
    govern."""

    rule_set: RuleSet
    policy: TrafficPolicy | None = None
    tls_policy: str = "OPTIONAL"
    verified_domains: frozenset[str] | None = None
    size_limit: int = quotas.MESSAGE_BYTES
    address_lists: Mapping[str, AddressList] = field(default_factory=dict)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "explain",
        help="say what would become of a message",
        description="Says what the documents do with a message, rule by rule, without sending it.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--config", metavar="FILE", help="the daemon's file")
    source.add_argument("--rule-set", metavar="FILE", help="a rule set, YAML or JSON")
    parser.add_argument("--ingress", metavar="NAME", help="the ingress point of --config")
    parser.add_argument("--traffic-policy", metavar="FILE", help="a traffic policy, YAML or JSON")
    parser.add_argument("--message", required=True, metavar="FILE.eml")
    parser.add_argument(
        "--mail-from", required=True, metavar="ADDRESS", help='"" is the null sender'
    )
    parser.add_argument("--rcpt", required=True, action="append", metavar="ADDRESS")
    parser.add_argument("--source-ip", required=True, metavar="IP")
    parser.add_argument("--helo", required=True, metavar="NAME")
    parser.add_argument("--tls", choices=("TLS1_2", "TLS1_3"), help="without it: plaintext")
    results = "pass, fail, softfail, neutral, none, temperror, permerror"
    parser.add_argument("--spf", metavar="RESULT", help=results)
    parser.add_argument("--dkim", metavar="RESULT", help=results)
    parser.add_argument(
        "--dmarc", metavar="POLICY", help="the sender domain's: none, quarantine, reject"
    )
    parser.add_argument(
        "--analysis",
        action="append",
        default=[],
        metavar="ARN:FIELD=VALUE",
        help="an add-on's result",
    )
    parser.add_argument(
        "--address-list",
        action="append",
        default=[],
        metavar="REFERENCE=FILE",
        help="one entry a line",
    )
    parser.add_argument(
        "--client-certificate", action="append", default=[], metavar="ATTRIBUTE=VALUE"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Raises GatepostError."""
    judges = _judges(arguments)
    session = _session(arguments)
    message = Message(_wire_form(Path(arguments.message)), _sender(arguments.mail_from))
    recipients = [_address("--rcpt", each) for each in arguments.rcpt]
    if len(recipients) > quotas.RECIPIENTS:
        raise GatepostError(
            f"--rcpt: a message may have {quotas.RECIPIENTS} recipients, not {len(recipients)}"
        )
    made: Explanation = explain(
        judges.rule_set,
        judges.policy,
        session,
        message,
        recipients,
        verdicts=_verdicts(arguments),
        address_lists=judges.address_lists,
        tls_policy=judges.tls_policy,
        verified_domains=judges.verified_domains,
        size_limit=judges.size_limit,
    )
    if _interpreted(arguments) & judges.rule_set.needs:
        made = dataclasses.replace(made, beforehand=(assumptions.RESULTS,))
    print(json.dumps(as_json(made), indent=2) if arguments.json else as_text(made))
    return 0


def _judges(arguments: argparse.Namespace) -> Judges:
    lists = _address_lists(arguments.address_list)
    if arguments.config is None:
        if arguments.ingress is not None:
            raise GatepostError("--ingress: names an ingress point of --config, which is not given")
        policy_file = arguments.traffic_policy
        return Judges(
            compile_rule_set(_document("RuleSet", Path(arguments.rule_set))),
            None
            if policy_file is None
            else compile_traffic_policy(_document("TrafficPolicy", Path(policy_file))),
            address_lists=lists,
        )
    if arguments.traffic_policy is not None:
        raise GatepostError("--traffic-policy: goes with --rule-set; --config has its own")
    return _judges_of_config(arguments.config, arguments.ingress, lists)


def _judges_of_config(file: str, ingress: str | None, lists: Mapping[str, AddressList]) -> Judges:
    config = load(file)
    names = [point.name for point in config.ingress_points]
    for point in config.ingress_points:
        if point.name == ingress:
            return Judges(
                config.rule_sets[point.rule_set],
                config.traffic_policies[point.traffic_policy],
                point.tls_policy,
                config.verified_domains if point.type == "OPEN" else None,
                config.limits.message_size,
                lists,
            )
    wanted = "is missing" if ingress is None else f"there is no ingress point {ingress!r}"
    raise GatepostError(f"--ingress: {wanted}; {file} has {', '.join(names)}")


def _document(kind: str, file: Path) -> dict[str, Any]:
    content = document.read(file)
    try:
        value = json.loads(content) if file.suffix == ".json" else document.parse(file, content)
        return documents.normalize(kind, value)
    except documents.DocumentError as error:
        raise ConfigError(str(file), error.path, error.reason) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(str(file), "", f"is not JSON: {error}") from error


def _wire_form(file: Path) -> bytes:
    """A message file as it would come by SMTP: CRLF, dot-stuffed."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(str(file), "", f"cannot be read: {error.strerror}") from error
    if not content:
        return b""
    lines = content.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)


def _session(arguments: argparse.Namespace) -> Session:
    try:
        address = ipaddress.ip_address(arguments.source_ip)
    except ValueError:
        raise GatepostError(f"--source-ip: {arguments.source_ip!r} is not an IP address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Session(
        source_ip=str(address),
        helo=arguments.helo,
        tls_version=arguments.tls,
        client_certificate=_certificate(arguments.client_certificate, arguments.tls is not None),
    )


def _certificate(given: Sequence[str], tls: bool) -> Mapping[str, tuple[str, ...]] | None:
    """Without TLS a client shows no certificate; with it, what is not supplied is unknown."""
    if not given:
        return None if tls else {}
    if not tls:
        raise GatepostError("--client-certificate: needs --tls")
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        attribute, equals, value = each.partition("=")
        if not equals or attribute not in _ATTRIBUTES:
            raise GatepostError(
                f"--client-certificate: {each!r} is not ATTRIBUTE=VALUE with one of"
                f" {', '.join(_ATTRIBUTES)}"
            )
        found[attribute] = (*found.get(attribute, ()), value)
    return found


def _verdicts(arguments: argparse.Namespace) -> Verdicts:
    analysis: dict[tuple[str, str], str | bool | float] = {}
    for each in arguments.analysis:
        found = _ANALYSIS.fullmatch(each)
        if not found:
            raise GatepostError(f"--analysis: {each!r} is not ARN:FIELD=VALUE")
        analysis[found[1], found[2]] = found[3]
    return Verdicts(
        spf=_choice("--spf", arguments.spf, _VERDICTS),
        dkim=_choice("--dkim", arguments.dkim, _VERDICTS),
        dmarc=_choice("--dmarc", arguments.dmarc, {each.lower(): each for each in _DMARC}),
        analysis=analysis,
    )


def _interpreted(arguments: argparse.Namespace) -> set[str]:
    """The verdicts that were given as a result which the API has no word of its own for."""
    return {
        name
        for name in ("spf", "dkim")
        if (given := getattr(arguments, name)) is not None
        and given.upper() not in _VERDICTS.values()
    }


def _choice(option: str, given: str | None, known: Mapping[str, str]) -> str | None:
    if given is None:
        return None
    found = known.get(given.lower())
    if found is None:
        raise GatepostError(f"{option}: must be one of {', '.join(known)}, not {given!r}")
    return found


def _address_lists(given: Iterable[str]) -> dict[str, AddressList]:
    lists = {}
    for each in given:
        reference, equals, name = each.rpartition("=")
        if not equals or not reference:
            raise GatepostError(f"--address-list: {each!r} is not REFERENCE=FILE")
        entries = [line for line in document.read(Path(name)).splitlines() if line.strip()]
        try:
            lists[reference] = AddressList(entries)
        except ValueError as error:
            raise ConfigError(name, "", str(error)) from error
    return lists


def _sender(given: str) -> str:
    return "" if given in ("", "<>") else _address("--mail-from", given)


def _address(option: str, given: str) -> str:
    if not _ADDRESS.fullmatch(given):
        raise GatepostError(f"{option}: {given!r} is not a mail address")
    return given
