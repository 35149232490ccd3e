"""The ingress points of the file: where the daemon listens, how clients prove themselves, and which
documents judge their mail."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gatepost.config import addresses
from gatepost.config.documents import Documents
from gatepost.config.fields import Section
from gatepost.config.values import Address, IngressPoint, Network, ServerTls

TYPES: Final = ("OPEN", "AUTH", "MTLS")
TLS_POLICIES: Final = ("REQUIRED", "OPTIONAL", "FIPS")


def read_ingress_points(top: Section, documents: Documents) -> tuple[IngressPoint, ...]:
    """Raises ConfigError."""
    points: list[IngressPoint] = []
    names: dict[str, str] = {}
    listeners: dict[Address, str] = {}
    for path, value in top.entries("ingress_points"):
        section = Section(top.file, path, value)
        point = _ingress_point(section, documents)
        for key, name in (("name", point.name), ("id", point.id)):
            if name and names.setdefault(name, path) != path:
                section.fail(key, f"{name!r} is taken by {names[name]}")
        for number, address in enumerate(point.listen):
            if address in listeners:
                section.fail(f"listen[{number}]", f"is taken by {listeners[address]}")
            listeners[address] = f"{path}.listen[{number}]"
        points.append(point)
    if not points:
        top.fail("ingress_points", "must name at least one listener")
    return tuple(points)


def _ingress_point(section: Section, documents: Documents) -> IngressPoint:
    name = section.text("name")
    kind = section.text("type", "OPEN", choices=TYPES)
    policy = section.text("tls_policy", "OPTIONAL" if kind == "OPEN" else "REQUIRED", TLS_POLICIES)
    point = IngressPoint(
        path=section.path,
        name=name,
        id=section.text("id", None),
        listen=_listen(section),
        type=kind,
        tls_policy=policy,
        tls=_tls(section, kind, policy),
        secret_file=_auth(section, kind),
        proxy_protocol_from=_networks(section, "proxy_protocol_from"),
        traffic_policy=documents.traffic_policy_named(section, "traffic_policy"),
        rule_set=documents.rule_set_named(section, "rule_set"),
    )
    section.finish()
    return point


def _listen(section: Section) -> tuple[Address, ...]:
    found = []
    for number, (_path, text) in enumerate(section.texts("listen")):
        try:
            found.append(addresses.endpoint(text, literal=True))
        except ValueError as error:
            section.fail(f"listen[{number}]", str(error))
    if not found:
        section.fail("listen", "must name at least one address")
    return tuple(found)


def _tls(section: Section, kind: str, policy: str) -> ServerTls | None:
    if not section.has("tls"):
        section.section("tls")
        if kind != "OPEN":
            section.fail("tls", f"is missing: type {kind} asks for a certificate and a key")
        if policy != "OPTIONAL":
            section.fail("tls", f"is missing: tls_policy {policy} asks for a certificate and a key")
        return None
    part = section.section("tls")
    tls = ServerTls(
        certificate=part.path_to("certificate"),
        key=part.path_to("key"),
        client_ca=part.path_to("client_ca", None),
    )
    if kind == "MTLS" and tls.client_ca is None:
        part.fail("client_ca", "is missing: type MTLS judges clients by it")
    if kind != "MTLS" and tls.client_ca is not None:
        part.fail("client_ca", f"is for type MTLS, not {kind}")
    if kind == "MTLS" and policy == "OPTIONAL":
        section.fail("tls_policy", "must be REQUIRED or FIPS for type MTLS")
    part.finish()
    return tls


def _auth(section: Section, kind: str) -> Path | None:
    if kind != "AUTH":
        if section.has("auth"):
            section.fail("auth", f"is for type AUTH, not {kind}")
        section.section("auth")
        return None
    part = section.section("auth")
    if part.has("secret_arn"):
        part.fail("secret_arn", "is not supported by this version; give secret_file")
    secret: Path = part.path_to("secret_file")
    part.finish()
    return secret


def _networks(section: Section, key: str) -> tuple[Network, ...]:
    found = []
    for number, (_path, text) in enumerate(section.texts(key, ())):
        try:
            found.append(addresses.network(text))
        except ValueError as error:
            section.fail(f"{key}[{number}]", str(error))
    return tuple(found)
