"""Which gateway stands before the domain: the addresses that the provider is to trust. Pure.

aws     SES Mail Manager in a region: its range, from the page's table
hosts   relay hosts of your own: their addresses and names, as parameters
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ansible_collections.gatepost.mail.plugins.module_utils.providers import egress_range


@dataclass(frozen=True)
class Gateway:
    """ranges: CIDR, that the gateway delivers from. hosts: what the MX is to name, () while that is
    not known. place: how the ranges are spoken of."""

    plane: str
    ranges: tuple[str, ...]
    hosts: tuple[str, ...]
    place: str

    def __contains__(self, address: object) -> bool:
        if not address:
            return False
        return any(ip_address(str(address)) in ip_network(one) for one in self.ranges)


def of(plane: str, region: str, gateway_ips: str, gateway_hosts: str) -> Gateway:
    """From a runbook's parameters; gateway_ips and gateway_hosts are separated by commas.

    Raises ValueError, naming the parameter.
    """
    if plane == "aws":
        return Gateway(plane, (egress_range(region),), (), f"the range of {region}")
    if plane != "hosts":
        raise ValueError(f"plane: {plane!r} is neither aws nor hosts")
    ranges, hosts = listed(gateway_ips), listed(gateway_hosts)
    for name, value in (("gateway_ips", ranges), ("gateway_hosts", hosts)):
        if not value:
            raise ValueError(f"{name}: is needed where plane is hosts")
    try:
        canonical = tuple(str(ip_network(one)) for one in ranges)
    except ValueError as error:
        raise ValueError(f"gateway_ips: {error}") from None
    return Gateway(plane, canonical, hosts, "the addresses of the relay hosts")


def listed(text: str) -> tuple[str, ...]:
    """The parts of a parameter that is separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
