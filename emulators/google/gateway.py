"""The inbound gateway setting of a Google Workspace tenant, as a value.

Promises: a setting that the console would refuse (a private range, a host address with bits set
outside its mask, an unknown member, a word where a boolean belongs) is refused here with the
member's name. Facts: Google's page "Set up an inbound mail gateway".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


class InvalidSetting(ValueError):
    """A member of the setting has a value that the console does not take."""


@dataclass(frozen=True)
class InboundGateway:
    """What the dialog "Inbound gateway" holds.

    gateway_ips: CIDR ranges in their canonical spelling. reject_others: "Reject all mail not from
    gateway IPs". A setting that is not enabled keeps its other members, as the dialog does.
    """

    enabled: bool = False
    gateway_ips: tuple[str, ...] = ()
    detect_external_ip: bool = False
    require_tls: bool = False
    reject_others: bool = False

    def lists(self, address: str) -> bool:
        """Whether mail from this address comes from a gateway: enabled, and in a listed range."""
        if not self.enabled:
            return False
        ip = ip_address(address)
        return any(ip in ip_network(cidr) for cidr in self.gateway_ips)

    def document(self) -> dict[str, object]:
        """The setting for JSON."""
        return {**asdict(self), "gateway_ips": list(self.gateway_ips)}


def parse_gateway(document: object) -> InboundGateway:
    """Make the setting from JSON; members left out take the dialog's defaults.

    Raises InvalidSetting, naming the member.
    """
    if not isinstance(document, Mapping):
        raise InvalidSetting(f"the inbound gateway must be an object, not {document!r}")
    known = {field.name for field in fields(InboundGateway)}
    unknown = sorted(set(document) - known)
    if unknown:
        raise InvalidSetting(f"unknown member {unknown[0]!r}; known are {', '.join(sorted(known))}")
    values = dict(document)
    for name, value in values.items():
        if name != "gateway_ips" and not isinstance(value, bool):
            raise InvalidSetting(f"{name} must be true or false, not {value!r}")
    values["gateway_ips"] = _ranges(values.get("gateway_ips", ()))
    setting = InboundGateway(**values)
    if setting.enabled and not setting.gateway_ips:
        raise InvalidSetting("gateway_ips: an enabled inbound gateway needs at least one range")
    return setting


def _ranges(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidSetting(f"gateway_ips must be a list of CIDR ranges, not {value!r}")
    ranges = []
    for index, item in enumerate(value):
        try:
            network: Network = ip_network(item)
        except (TypeError, ValueError) as error:
            raise InvalidSetting(f"gateway_ips[{index}]: {error}") from None
        if network.is_private or network.is_loopback or network.is_link_local:
            raise InvalidSetting(
                f"gateway_ips[{index}]: {item} is private; the setting takes public addresses alone"
            )
        ranges.append(str(network))
    return tuple(ranges)
