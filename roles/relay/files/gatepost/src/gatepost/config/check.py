"""What `gatepostd --check` adds to `load`: may this version run the file, and can this host.

Looks at the host (certificates, secrets, the spool) and changes nothing. Raises ConfigError, which
names file, path and reason, for the first fault.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gatepost.config import address_lists, addresses, analyzers, exposed, targets
from gatepost.config.certificates import expiry, server_context
from gatepost.config.secrets import read_password, srs_keys
from gatepost.config.values import Config, IngressPoint
from gatepost.delivery.credentials import SecretFiles
from gatepost.errors import ConfigError, GatepostError
from gatepost.policy import documents
from gatepost.spool.check import problem


def check(config: Config) -> None:
    """Raises ConfigError."""
    for point in config.ingress_points:
        _law_of_open_listeners(config, point)
    _documents(config)
    analyzers.check(config)
    address_lists.read(config)
    for point in config.ingress_points:
        server_context(config.file, point)
        if point.secret_file is not None:
            read_password(config.file, f"{point.path}.auth.secret_file", point.secret_file)
    if config.bounce.secret_file is not None:
        srs_keys(config.file, "bounce.secret_file", config.bounce.secret_file)
    if config.mta_sts.ca_file is not None:
        _authorities(config, "mta_sts.ca", config.mta_sts.ca_file)
    _relays(config)
    targets.check_folders(config)
    reason = problem(config.spool.path)
    if reason is not None:
        raise ConfigError(str(config.file), "spool.path", reason)


def warnings(config: Config) -> tuple[str, ...]:
    """What works and is probably not meant; one line each."""
    return tuple(_warnings(config))


def _law_of_open_listeners(config: Config, point: IngressPoint) -> None:
    if point.type != "OPEN" or config.verified_domains_given:
        return
    for number, address in enumerate(point.listen):
        if not addresses.is_loopback(address):
            raise ConfigError(
                str(config.file),
                f"{point.path}.listen[{number}]",
                "an OPEN ingress point beyond loopback needs verified_domains"
                " (a list of domains, or the word any)",
            )


def _documents(config: Config) -> None:
    """Refuses what the documents ask for and this version does not do."""
    for name, policy in config.traffic_policies.items():
        _needs(config, config.places["traffic policy", name], policy.needs)
    for name, rule_set in config.rule_sets.items():
        place = config.places["rule set", name]
        _needs(config, place, rule_set.needs)
        for path, action, parameters in actions(rule_set.document):
            reason = _unrunnable(config, parameters)
            if reason is not None:
                raise ConfigError(str(config.file), f"{place}.{path}", reason)
            targets.check_action(config, f"{place}.{path}", action, parameters)


def _needs(config: Config, place: str, needs: Iterable[str]) -> None:
    for each in sorted(needs):
        kind, _colon, spelling = each.partition(":")
        if kind == "address_list" and address_lists.bound(config, spelling) is None:
            reason = f"needs the address list {spelling}: bind it under bindings.address_lists"
            raise ConfigError(str(config.file), place, reason)


def actions(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Path, name and parameters of every action of a rule set's document."""
    for number, rule in enumerate(document["Rules"]):
        for place, action in enumerate(rule["Actions"]):
            for name, parameters in action.items():
                yield f"Rules[{number}].Actions[{place}].{name}", name, parameters


def _unrunnable(config: Config, parameters: Any) -> str | None:
    if parameters.get("MailFrom") == "REPLACE" and config.bounce.domain is None:
        return "MailFrom REPLACE needs bounce.domain, under which senders are rewritten"
    return None


def _relays(config: Config) -> None:
    secrets = SecretFiles()
    for relay in config.relays.values():
        path = f"bindings.relays.{relay.name}"
        try:
            if relay.secret_file is not None:
                secrets.get(relay.secret_file)
        except GatepostError as error:
            raise ConfigError(str(config.file), f"{path}.secret_file", str(error)) from error
        if relay.ca_file is not None:
            _authorities(config, f"{path}.ca", relay.ca_file)


def _authorities(config: Config, path: str, file: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise ConfigError(str(config.file), path, f"{file}: holds no PEM certificates") from None
    except OSError as error:
        raise ConfigError(str(config.file), path, f"{file}: {error.strerror}") from error


def _warnings(config: Config) -> Iterator[str]:
    for name, rule_set in config.rule_sets.items():
        place = config.places["rule set", name]
        for path, sentence in documents.warnings(rule_set.document):
            yield f"{place}.{path}: {sentence}"
    for point in config.ingress_points:
        context = server_context(config.file, point)
        if context is not None and point.tls is not None and expiry(context, point.tls) is None:
            yield f"{point.path}.tls.certificate: is not valid today"
    yield from exposed.warnings(config)
