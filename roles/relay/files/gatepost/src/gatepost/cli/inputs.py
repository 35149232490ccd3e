"""The command line's part of a question about a message, and the files that it names.

Promises: only the files that are given are read. Raises GatepostError naming the option, or
ConfigError naming file, path and reason.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from gatepost.cli import situation
from gatepost.cli.situation import Given, Judges
from gatepost.config import address_lists, document, load
from gatepost.errors import ConfigError, GatepostError
from gatepost.policy import documents
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import TrafficPolicy, compile_traffic_policy
from gatepost.policy.rules import RuleSet, compile_rule_set

T = TypeVar("T")

_ANALYSIS: Final = re.compile(r"(.+?):((?:addon\.)?[\sA-Za-z0-9_]+)=(.*)", re.DOTALL)


def add_judges(parser: argparse.ArgumentParser, *, rule_set: Sequence[str]) -> None:
    """The options that name what judges. rule_set: how the option of the rule set is spelled."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--config", metavar="FILE", help="the daemon's file")
    source.add_argument(*rule_set, dest="rule_set", metavar="FILE", help="a rule set, YAML or JSON")
    parser.add_argument("--ingress", metavar="NAME", help="the ingress point of --config")
    parser.add_argument("--traffic-policy", metavar="FILE", help="a traffic policy, YAML or JSON")


def add_given(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The options that tell of a message's coming."""
    parser.add_argument(
        "--mail-from", required=required, metavar="ADDRESS", help='"" is the null sender'
    )
    parser.add_argument("--rcpt", required=required, action="append", metavar="ADDRESS")
    parser.add_argument("--source-ip", required=required, metavar="IP")
    parser.add_argument("--helo", required=required, metavar="NAME")
    parser.add_argument("--tls", choices=situation.TLS, help="without it: plaintext")
    results = "pass, fail, softfail, neutral, none, temperror, permerror"
    parser.add_argument("--spf", metavar="RESULT", help=results)
    parser.add_argument("--dkim", metavar="RESULT", help=results)
    parser.add_argument(
        "--dmarc", metavar="POLICY", help="the sender domain's: none, quarantine, reject"
    )
    many: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--analysis", metavar="ARN:FIELD=VALUE", help="an add-on's result", **many)
    parser.add_argument("--address-list", metavar="REFERENCE=FILE", help="one entry a line", **many)
    parser.add_argument("--client-certificate", metavar="ATTRIBUTE=VALUE", **many)


def judges(arguments: argparse.Namespace) -> Judges:
    if arguments.config is not None:
        if arguments.traffic_policy is not None:
            raise GatepostError("--traffic-policy: goes with --rule-set; --config has its own")
        return judges_of_config(arguments.config, arguments.ingress)
    if arguments.ingress is not None:
        raise GatepostError("--ingress: names an ingress point of --config, which is not given")
    return Judges(rule_set(arguments.rule_set), traffic_policy(arguments.traffic_policy))


def judges_of_config(file: str, ingress: str | None) -> Judges:
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
                address_lists.read(config),
            )
    wanted = "is missing" if ingress is None else f"there is no ingress point {ingress!r}"
    raise GatepostError(f"--ingress: {wanted}; {file} has {', '.join(names)}")


def rule_set(file: str) -> RuleSet:
    return compile_rule_set(_document("RuleSet", Path(file)))


def traffic_policy(file: str | None) -> TrafficPolicy | None:
    return None if file is None else compile_traffic_policy(_document("TrafficPolicy", Path(file)))


def _document(kind: str, file: Path) -> dict[str, Any]:
    content = document.read(file)
    try:
        value = json.loads(content) if file.suffix == ".json" else document.parse(file, content)
        return documents.normalize(kind, value)
    except documents.DocumentError as error:
        raise ConfigError(str(file), error.path, error.reason) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(str(file), "", f"is not JSON: {error}") from error


def message(file: Path) -> bytes:
    """A message file in wire form."""
    try:
        return situation.wire_form(file.read_bytes())
    except OSError as error:
        raise ConfigError(str(file), "", f"cannot be read: {error.strerror}") from error


def given(arguments: argparse.Namespace) -> Given:
    """What the options of `add_given` tell."""
    if arguments.client_certificate and arguments.tls is None:
        raise GatepostError("--client-certificate: needs --tls")
    rcpt = arguments.rcpt and tuple(
        _read("--rcpt", situation.address, each) for each in arguments.rcpt
    )
    return Given(
        mail_from=_read("--mail-from", situation.sender, arguments.mail_from),
        recipients=rcpt or None,
        source_ip=_read("--source-ip", situation.source_ip, arguments.source_ip),
        helo=arguments.helo,
        tls=arguments.tls,
        client_certificate=_certificate(arguments.client_certificate),
        spf=_read("--spf", situation.verdict, arguments.spf),
        dkim=_read("--dkim", situation.verdict, arguments.dkim),
        dmarc=_read("--dmarc", situation.dmarc, arguments.dmarc),
        analysis=dict(map(_analysis, arguments.analysis)) or None,
        address_lists=_address_lists(arguments.address_list) or None,
    )


def _read(option: str, reader: Callable[[str], T], text: str | None) -> T | None:
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError as error:
        raise GatepostError(f"{option}: {error}") from error


def _certificate(given: Sequence[str]) -> Mapping[str, tuple[str, ...]] | None:
    found: dict[str, list[str]] = {}
    for each in given:
        attribute, equals, value = each.partition("=")
        if not equals:
            raise GatepostError(f"--client-certificate: {each!r} is not ATTRIBUTE=VALUE")
        found.setdefault(attribute, []).append(value)
    try:
        return situation.certificate(found) or None
    except ValueError as error:
        raise GatepostError(f"--client-certificate: {error}") from error


def _analysis(given: str) -> tuple[tuple[str, str], str]:
    found = _ANALYSIS.fullmatch(given)
    if not found:
        raise GatepostError(f"--analysis: {given!r} is not ARN:FIELD=VALUE")
    return (found[1], found[2]), found[3]


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
