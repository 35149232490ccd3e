"""Analyzers: the bindings of what documents call by an add-on's ARN, and whether conditions on them
can be answered."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult

from gatepost.config import addresses
from gatepost.config.fields import Section
from gatepost.config.secrets import read_password
from gatepost.config.sites import bound
from gatepost.config.values import Analyzer, Config
from gatepost.errors import ConfigError
from gatepost.policy import documents
from gatepost.verdicts.values import HTTP, RSPAMD, Target

_CHECK: Final = "/checkv2"
# What an analysis by rspamd can be asked; its symbols are in capital letters.
_RSPAMD_FIELD: Final = re.compile(r"verdict|action|spam|[A-Z][A-Z0-9_]*")
# Of a header field (RFC 9110 section 5.5).
_FIELD_VALUE: Final = re.compile(rb"[!-~\x80-\xff](?:[ -~\x80-\xff]*[!-~\x80-\xff])?")


def read_analyzers(bindings: Section) -> dict[str, Analyzer]:
    """By the binding's key: an ARN as documents spell it, or the id at its end. Raises
    ConfigError."""
    section = bindings.section("analyzers")
    return {name: _analyzer(section.section(name)) for name in section.names()}


def _analyzer(binding: Section) -> Analyzer:
    kind: str = binding.text("type", choices=(RSPAMD, HTTP))
    parts = _url(binding)
    if kind == RSPAMD and parts.path in ("", "/"):
        parts = parts._replace(path=_CHECK)
    analyzer = Analyzer(
        path=binding.path,
        kind=kind,
        url=parts.geturl(),
        secret_file=binding.path_to("secret_file", None),
        ca_file=binding.path_to("ca", None),
        fields=_fields(binding, kind),
    )
    if analyzer.ca_file is not None and parts.scheme != "https":
        binding.fail("ca", "is for a url that begins with https://")
    if analyzer.secret_file is not None and parts.scheme != "https" and not _is_here(parts):
        binding.fail("secret_file", "is sent over https alone, or to a loopback address")
    binding.finish()
    return analyzer


def _url(binding: Section) -> SplitResult:
    text: str = binding.text("url")
    try:
        parts = addresses.web(text)
    except ValueError:
        binding.fail("url", "must be a URL such as http://127.0.0.1:11333")
    if parts.username is not None or parts.password is not None:
        binding.fail("url", "must hold no credentials; give secret_file")
    if parts.query or parts.fragment:
        binding.fail("url", "must have neither a query nor a fragment")
    return parts


def _is_here(parts: SplitResult) -> bool:
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _fields(binding: Section, kind: str) -> Mapping[str, str]:
    if not binding.has("fields"):
        binding.take("fields", None)
        return {}
    if kind != RSPAMD:
        binding.fail("fields", "is for type rspamd: an analyzer of type http knows its fields")
    section = binding.section("fields")
    found = {}
    for name in section.names():
        field: str = section.text(name)
        if not _RSPAMD_FIELD.fullmatch(field):
            section.fail(name, "must be verdict, action, spam, or a symbol in capital letters")
        found[name] = field
    return found


def targets(config: Config) -> dict[str, Target]:
    """Every bound analyzer that a document names, by the spelling there. Reads secrets and
    authorities. Raises ConfigError."""
    by_key: dict[str, Target] = {}
    found: dict[str, Target] = {}
    for _path, spelling, _at_rcpt in _named(config):
        key = bound(config.analyzers, spelling)
        if key is not None:
            if key not in by_key:
                by_key[key] = _target(config, config.analyzers[key])
            found[spelling] = by_key[key]
    return found


def _target(config: Config, analyzer: Analyzer) -> Target:
    reread = None
    if analyzer.secret_file is not None:
        reread = partial(_password, config, analyzer.path, analyzer.secret_file)
    tls = None
    if analyzer.url.startswith("https:"):
        try:
            tls = ssl.create_default_context(cafile=analyzer.ca_file)
        except ssl.SSLError:
            reason = f"{analyzer.ca_file}: holds no PEM certificates"
            raise ConfigError(str(config.file), f"{analyzer.path}.ca", reason) from None
        except OSError as error:
            reason = f"{analyzer.ca_file}: {error.strerror}"
            raise ConfigError(str(config.file), f"{analyzer.path}.ca", reason) from error
    password = reread() if reread is not None else None
    return Target(analyzer.kind, analyzer.url, password, tls, analyzer.fields, reread)


def _password(config: Config, path: str, file: Path) -> bytes:
    """Raises ConfigError."""
    place = f"{path}.secret_file"
    password = read_password(config.file, place, file)
    if _FIELD_VALUE.fullmatch(password) is None:
        reason = f"{file}: password has a character that HTTP cannot carry"
        raise ConfigError(str(config.file), place, reason)
    return password


def check(config: Config) -> None:
    """Whether each condition on an analysis can be answered. Raises ConfigError."""
    for path, spelling, at_rcpt in _named(config):
        key = bound(config.analyzers, spelling)
        if key is None:
            reason = f"{spelling} is not bound: name it under bindings.analyzers"
            raise ConfigError(str(config.file), path, reason)
        if at_rcpt and config.analyzers[key].kind == RSPAMD:
            reason = f"{spelling} is bound to rspamd, which judges messages; at RCPT there is none"
            raise ConfigError(str(config.file), path, reason)
    for name, rule_set in config.rule_sets.items():
        _check_fields(config, config.places["rule set", name], rule_set.needs)
    targets(config)


def _check_fields(config: Config, place: str, needs: Iterable[str]) -> None:
    for need in sorted(needs):
        kind, _colon, rest = need.partition(":")
        spelling, _colon, field = rest.rpartition(":")
        key = bound(config.analyzers, spelling) if kind == "analysis" else None
        if key is None or config.analyzers[key].kind != RSPAMD:
            continue
        if not _RSPAMD_FIELD.fullmatch(config.analyzers[key].fields.get(field, field)):
            reason = (
                f"asks for the field {field} of {spelling}, which rspamd does not have:"
                f" say under {config.analyzers[key].path}.fields what it is there"
            )
            raise ConfigError(str(config.file), place, reason)


def _named(config: Config) -> Iterator[tuple[str, str, bool]]:
    """Path and spelling of each analyzer in the documents, and whether it is asked at RCPT."""
    policies = ((each.name, each.document) for each in config.traffic_policies.values())
    rule_sets = ((each.name, each.document) for each in config.rule_sets.values())
    for kind, known in (("traffic policy", policies), ("rule set", rule_sets)):
        for name, document in known:
            for reference in documents.references(document):
                if reference.what == "analyzer":
                    path = f"{config.places[kind, name]}.{reference.path}"
                    yield path, reference.spelling, known is policies
