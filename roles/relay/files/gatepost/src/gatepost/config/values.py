"""The daemon's file as values: what `load` returns. Frozen; names are resolved, paths absolute,
durations in seconds, sizes in octets, and nothing here has been looked up on the host.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from gatepost.actions.values import Archive, AwsSettings, Mailbox
from gatepost.delivery.values import Tls
from gatepost.policy.admission import TrafficPolicy
from gatepost.policy.rules import RuleSet

Network = IPv4Network | IPv6Network
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a listener shows its clients. client_ca: whose client certificates are accepted."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class IngressPoint:
    """A listener and the documents that judge what it takes.

    path: where it stands in the file. type: "OPEN" | "AUTH" | "MTLS". tls_policy: "REQUIRED" |
    "OPTIONAL" | "FIPS". username: what AUTH asks for: the id, else the name. traffic_policy,
    rule_set: keys of Config's mappings.
    """

    path: str
    name: str
    id: str | None
    listen: tuple[Address, ...]
    type: str
    tls_policy: str
    tls: ServerTls | None
    secret_file: Path | None
    proxy_protocol_from: tuple[Network, ...]
    traffic_policy: str
    rule_set: str

    @property
    def username(self) -> str:
        return self.id or self.name


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay's document and its binding. authenticated: the document names a secret. ca_file: None
    is the system's. address: dialled instead of server_name and server_port."""

    path: str
    name: str
    server_name: str
    server_port: int
    authenticated: bool
    tls: Tls
    secret_file: Path | None = None
    ca_file: Path | None = None
    address: Address | None = None
    source_address: str | None = None


@dataclass(frozen=True, slots=True)
class Analyzer:
    """What an add-on's analysis is bound to. path: of the binding. kind: "rspamd" | "http".
    secret_file: of the password that it asks for. ca_file: None is the system's. fields: what
    rspamd calls the fields that documents name, where it calls them otherwise."""

    path: str
    kind: str
    url: str
    secret_file: Path | None = None
    ca_file: Path | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """low_space: octets that must stay free on the file system; below, mail is answered 452."""

    path: Path
    low_space: int


@dataclass(frozen=True, slots=True)
class Limits:
    """They hold for the daemon as a whole. connections: of clients, together;
    connections_per_client: of one address; connection_rate: new ones of one address in a minute or
    two, 0 for any; auth_failures: refused passwords of one address in ten to twenty minutes.
    message_size, memory: octets of one message, of all that are being received and of all that are
    being delivered. hops: Received fields, at which a message is in a loop (RFC 5321 section 6.3).
    destination_deliveries, deliveries: attempts at once, to one destination and in all. verdicts:
    seconds that finding out about one message may take. drain: seconds that sessions and
    deliveries in flight get at a stop."""

    connections: int
    connections_per_client: int
    connection_rate: int
    auth_failures: int
    message_size: int
    recipients: int
    memory: int
    hops: int
    destination_deliveries: int
    deliveries: int
    verdicts: float
    drain: float

    def share(self, workers: int) -> Limits:
        """Of one of so many workers: an equal part, rounded up, of what all of them have."""
        names = (
            "connections",
            "connections_per_client",
            "connection_rate",
            "auth_failures",
            "memory",
            "destination_deliveries",
            "deliveries",
        )
        parts = {name: -(-getattr(self, name) // workers) for name in names}
        return dataclasses.replace(self, **parts)


@dataclass(frozen=True, slots=True)
class Retry:
    """first, ceiling: seconds before the second attempt and at most between two. factor: growth
    between attempts. jitter: share of a wait that is random. delay_notice, expire: seconds after
    receipt when the sender hears of the delay, and when a message is given up."""

    first: float
    factor: float
    ceiling: float
    jitter: float
    delay_notice: float
    expire: float


@dataclass(frozen=True, slots=True)
class Resolver:
    """nameservers: empty for the system's. lifetime: seconds for one question in all."""

    nameservers: tuple[Address, ...]
    lifetime: float


@dataclass(frozen=True, slots=True)
class Sts:
    """MTA-STS for delivery by MX. ca_file: the authorities of policy hosts and of exchangers under
    an enforced policy; None is the system's."""

    enabled: bool
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Bounce:
    """domain: of the addresses that MailFrom REPLACE makes, and secret_file: of the keys that make
    them; both or none, and none refuses such rules. relay: the name of the relay that carries DSNs
    and returns; None sends them to the MX of the sender's domain."""

    domain: str | None
    secret_file: Path | None
    relay: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """to: "stdout" | "stderr"."""

    to: str


@dataclass(frozen=True, slots=True)
class Config:
    """places: of documents in the file, by kind ("traffic policy", "rule set") and name. rule_sets:
    they call relays by name. verified_domains: lower case; None is `any`; verified_domains_given:
    the file is not silent about them. send_relay: the name of the relay that Send uses; None is MX
    delivery. address_lists: the file of each, by its binding's key. archives: by name. mailboxes:
    by queue ("mailbox:NAME", "application:ID")."""

    file: Path
    hostname: str
    spool: SpoolSettings
    control: Path
    ingress_points: tuple[IngressPoint, ...]
    traffic_policies: Mapping[str, TrafficPolicy]
    rule_sets: Mapping[str, RuleSet]
    relays: Mapping[str, Relay]
    places: Mapping[tuple[str, str], str]
    verified_domains: frozenset[str] | None
    verified_domains_given: bool
    send_relay: str | None
    address_lists: Mapping[str, Path]
    analyzers: Mapping[str, Analyzer]
    archives: Mapping[str, Archive]
    mailboxes: Mapping[str, Mailbox]
    aws: AwsSettings
    retry: Retry
    limits: Limits
    resolver: Resolver
    mta_sts: Sts
    bounce: Bounce
    log: Log
    workers: int
    metrics: Address | None
