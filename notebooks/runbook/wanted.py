"""What the page's "Creating an SMTP relay" is to have made, by name. Values alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relays:
    """What the page's procedure is to make. inbound, outbound: "" where no such relay is wanted.
    secret, key_alias: the names of what the outbound one stands on, "" where any will do."""

    region: str
    domain: str = ""
    inbound: str = ""
    inbound_host: str = ""
    outbound: str = ""
    outbound_host: str = ""
    outbound_port: int = 587
    rule_set: str = ""
    traffic_policy: str = ""
    ingress_point: str = ""
    secret: str = ""
    key_alias: str = ""
