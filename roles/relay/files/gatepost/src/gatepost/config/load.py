"""`load`: the daemon's file, read whole or refused. The format is in docs/daemon.md.

Promises: the result holds only known keys with values of the right type, documents that obey the
API's shapes, and references that lead somewhere. Nothing but the file itself is read (`check` looks
at the host). Every error is a ConfigError that names file, path and reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from gatepost.config import addresses, document
from gatepost.config.documents import Documents, read_documents
from gatepost.config.fields import Section
from gatepost.config.listeners import read_ingress_points
from gatepost.config.sites import read_aws
from gatepost.config.values import (
    Address,
    Bounce,
    Config,
    Limits,
    Log,
    Resolver,
    Retry,
    SpoolSettings,
    Sts,
)

T = TypeVar("T")

VERSION: Final = 1
_MIB: Final = 1 << 20
_DAY: Final = 86400.0
# sockaddr_un.sun_path of Linux, without its final NUL.
_SOCKET_PATH_MAX: Final = 107
# The service's own ceilings (Mail Manager quotas), which SEMANTICS of admission rely on.
_MESSAGE_MAX: Final = 40 * _MIB
_RECIPIENTS_MAX: Final = 100


def load(path: str | Path, value: Any = None) -> Config:
    """value: what the file says (`document.parse`) where that is at hand already. Raises
    ConfigError."""
    file = Path(path).absolute()
    if value is None:
        value = document.parse(file, document.read(file))
    top = Section(file, "", value)
    top.whole("version", None, VERSION, VERSION)
    if not top.has("version"):
        top.fail("version", "is missing")
    hostname = parsed(top, "hostname", addresses.domain)
    spool, control = _spool(top)
    documents = read_documents(top)
    workers = top.whole("workers", 2, 1, 64)
    config = Config(
        file=file,
        hostname=hostname,
        spool=spool,
        control=control,
        ingress_points=read_ingress_points(top, documents),
        traffic_policies=documents.traffic_policies,
        rule_sets=documents.rule_sets,
        relays=documents.relays,
        places=documents.places,
        verified_domains=_verified_domains(top),
        verified_domains_given=top.has("verified_domains"),
        send_relay=documents.send_relay,
        address_lists=documents.address_lists,
        analyzers=documents.analyzers,
        archives=documents.archives,
        mailboxes=documents.mailboxes,
        aws=read_aws(top.section("aws")),
        retry=_retry(top.section("retry")),
        limits=_limits(top.section("limits"), workers),
        resolver=_resolver(top.section("resolver")),
        mta_sts=_mta_sts(top.section("mta_sts")),
        bounce=_bounce(top.section("bounce"), documents),
        log=_log(top.section("log")),
        workers=workers,
        metrics=_metrics(top.section("metrics")),
    )
    top.finish()
    return config


def parsed(section: Section, key: str, parse: Callable[[str], T]) -> T:
    """A required string, by a parser that raises ValueError."""
    text: str = section.text(key)
    try:
        return parse(text)
    except ValueError as error:
        section.fail(key, str(error))


def _spool(top: Section) -> tuple[SpoolSettings, Path]:
    section = top.section("spool")
    section.text("engine", "disk", choices=("disk",))
    settings = SpoolSettings(
        path=section.path_to("path"),
        low_space=section.octets("low_space", 256 * _MIB, 0, 1 << 50),
    )
    section.finish()
    control = top.section("control")
    socket: Path = control.path_to("socket", settings.path / "control.sock")
    if len(os.fsencode(socket)) > _SOCKET_PATH_MAX:
        control.fail(
            "socket", f"{socket} is longer than the {_SOCKET_PATH_MAX} octets of a socket's path"
        )
    control.finish()
    return settings, socket


def _verified_domains(top: Section) -> frozenset[str] | None:
    if not top.has("verified_domains") or top.take("verified_domains") == "any":
        return None
    found = set()
    for number, (_path, text) in enumerate(top.texts("verified_domains")):
        try:
            found.add(addresses.domain(text))
        except ValueError as error:
            top.fail(f"verified_domains[{number}]", str(error))
    return frozenset(found)


def _retry(section: Section) -> Retry:
    retry = Retry(
        first=section.seconds("first", 300.0, 1, _DAY),
        factor=section.number("factor", 2.0, 1, 10),
        ceiling=section.seconds("ceiling", 4000.0, 1, _DAY),
        jitter=section.number("jitter", 0.1, 0, 0.5),
        delay_notice=section.seconds("delay_notice", 14400.0, 1, 30 * _DAY),
        expire=section.seconds("expire", 5 * _DAY, 1, 30 * _DAY),
    )
    if retry.ceiling < retry.first:
        section.fail("ceiling", "must not be less than first")
    section.finish()
    return retry


def _limits(section: Section, workers: int) -> Limits:
    message_size = section.octets("message_size", _MESSAGE_MAX, 1024, _MESSAGE_MAX)
    limits = Limits(
        connections=section.whole("connections", 1000, 1, 100_000),
        connections_per_client=section.whole("connections_per_client", 100, 1, 100_000),
        connection_rate=section.whole("connection_rate", 0, 0, 1_000_000),
        auth_failures=section.whole("auth_failures", 20, 1, 1_000_000),
        message_size=message_size,
        recipients=section.whole("recipients", _RECIPIENTS_MAX, 1, _RECIPIENTS_MAX),
        memory=section.octets("memory", max(512 * _MIB, workers * message_size), _MIB, 1 << 40),
        hops=section.whole("hops", 100, 10, 1000),
        destination_deliveries=section.whole("destination_deliveries", 20, 1, 1000),
        deliveries=section.whole("deliveries", 200, 1, 10_000),
        verdicts=section.seconds("verdicts", 20.0, 1, 300),
        drain=section.seconds("drain", 30.0, 0, 600),
    )
    # Each worker has its share, and must be able to take a message.
    if limits.memory < workers * message_size:
        section.fail("memory", f"must not be less than message_size for each of {workers} workers")
    section.finish()
    return limits


def _resolver(section: Section) -> Resolver:
    servers = []
    for number, (_path, text) in enumerate(section.texts("nameservers", ())):
        try:
            servers.append(addresses.endpoint(text, literal=True))
        except ValueError as error:
            section.fail(f"nameservers[{number}]", str(error))
    resolver = Resolver(tuple(servers), section.seconds("lifetime", 10.0, 0.1, 60))
    section.finish()
    return resolver


def _mta_sts(section: Section) -> Sts:
    sts = Sts(enabled=section.flag("enabled", True), ca_file=section.path_to("ca", None))
    if sts.ca_file is not None and not sts.enabled:
        section.fail("ca", "is for MTA-STS, which is not enabled")
    section.finish()
    return sts


def _bounce(section: Section, documents: Documents) -> Bounce:
    bounce = Bounce(
        domain=parsed(section, "domain", addresses.domain) if section.has("domain") else None,
        secret_file=section.path_to("secret_file", None),
        relay=documents.relay_named(section, "relay") if section.has("relay") else None,
    )
    if bounce.domain is not None and bounce.secret_file is None:
        section.fail("secret_file", "is missing: the addresses of domain are made with its keys")
    if bounce.domain is None and bounce.secret_file is not None:
        section.fail("domain", "is missing: secret_file is for its addresses")
    section.finish()
    return bounce


def _log(section: Section) -> Log:
    log = Log(to=section.text("to", "stdout", choices=("stdout", "stderr")))
    section.finish()
    return log


def _metrics(section: Section) -> Address | None:
    if not section.has("listen"):
        section.finish()
        return None
    listen = parsed(section, "listen", lambda text: addresses.endpoint(text, literal=True))
    section.finish()
    return listen
