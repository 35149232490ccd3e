# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Canonical values: what Exchange Online stores in many spellings, in one. Pure.

`smtp:x;1` is `x`; null, [] and "" are no entries; one string is a list of one; the order of
addresses means nothing; 192.0.2.0-192.0.2.255 is 192.0.2.0/24 and 192.0.2.1/32 is 192.0.2.1.
What the service holds is never refused here: an entry that cannot be understood stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, ip_network, summarize_address_range
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.providers import canonical_domain

# Hosted connection filter policy: "IPAllowList", maximum number of entries.
MOST_ADDRESSES = 1273
SHORTEST_PREFIX = 24
_SPACE = re.compile(r"(?:smtp:)?(?P<name>[^;]*)(?:;(?P<cost>\d+))?", re.I)


def listed(value: Any) -> list[str]:
    """A multi-valued property as a list."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value]


def addresses(values: Any) -> dict[str, str]:
    """Canonical spellings of what the service holds, in order, each with its own spelling."""
    found = {address(one): one for one in listed(values)}
    return {one: found[one] for one in sorted(found, key=_order)}


def address(text: str) -> str:
    """The canonical spelling of an address, a range or a CIDR range, as held by the service."""
    try:
        first, last = _span(text, strict=False)
    except ValueError:
        return text.strip().lower()
    return _spelled(first, last)


def wanted_addresses(option: str, values: Sequence[str] | None, *, ranges: bool) -> list[str]:
    """Canonical addresses of an option, in order, each once. ranges: whether a-b may be given.

    Raises BadOption for what the service does not take.
    """
    found = set()
    for index, text in enumerate(values or ()):
        where = f"{option}[{index}]"
        if ":" in text:
            raise BadOption(where, f"{text} is IPv6; Exchange Online takes IPv4 here alone")
        if "-" in text and not ranges:
            raise BadOption(where, f"{text} is a range; write it as CIDR ranges")
        try:
            first, last = _span(text, strict=True)
        except ValueError as error:
            raise BadOption(where, str(error)) from None
        _judge(where, text, first, last)
        found.add(_spelled(first, last))
    return sorted(found, key=_order)


def within_limit(option: str, values: Sequence[str]) -> None:
    """Raises BadOption when a list would have more entries than the service takes."""
    if len(values) > MOST_ADDRESSES:
        raise BadOption(
            option,
            f"the list would have {len(values)} entries; Exchange Online takes {MOST_ADDRESSES}. "
            "Nothing was changed",
        )


def merged(
    current: Iterable[str], wanted: Iterable[str], *, purge: bool = False, absent: bool = False
) -> list[str]:
    """The entries that should stand: the wanted ones, and those of others unless purge.

    absent: the wanted ones are to go.
    """
    given = set(wanted)
    if absent:
        return sorted(set(current) - given, key=_order)
    return sorted(given if purge else given | set(current), key=_order)


def space(text: str) -> str:
    """The canonical spelling of a sender domain: `smtp:*;1` is `*`."""
    found = _SPACE.fullmatch(text.strip())
    if found is None or ":" in found["name"]:
        return text.strip()
    name, cost = found["name"].lower(), found["cost"] or "1"
    return name if cost == "1" else f"{name};{cost}"


def spaces(values: Any) -> dict[str, str]:
    """Canonical sender domains of what the service holds, in order, each with its spelling."""
    found = {space(one): one for one in listed(values)}
    return {one: found[one] for one in sorted(found)}


def wanted_spaces(option: str, values: Sequence[str]) -> list[str]:
    """Canonical sender domains of an option. Raises BadOption."""
    found = set()
    for index, text in enumerate(values):
        name = space(text)
        plain = name.partition(";")[0].removeprefix("*.")
        if plain != "*":
            try:
                canonical_domain(plain)
            except ValueError as error:
                raise BadOption(f"{option}[{index}]", str(error)) from None
        found.add(name)
    return sorted(found)


def switch(value: Any) -> bool | None:
    """A boolean, or the strings On and Off; None where the service says nothing."""
    if isinstance(value, bool):
        return value
    return {"on": True, "true": True, "off": False, "false": False}.get(str(value).lower())


def text(document: Mapping[str, Any], name: str) -> str:
    """A string property; null and absent are empty."""
    value = document.get(name)
    return "" if value is None else str(value)


def _span(text: str, *, strict: bool) -> tuple[int, int]:
    first, dash, last = (part.strip() for part in text.partition("-"))
    if dash:
        low, high = int(IPv4Address(first)), int(IPv4Address(last))
        if low > high:
            raise ValueError(f"{text} ends before it begins")
        return low, high
    network = ip_network(first, strict=strict)
    if not isinstance(network, IPv4Network):
        raise ValueError(f"{text} is IPv6")
    return int(network.network_address), int(network.broadcast_address)


def _judge(where: str, text: str, first: int, last: int) -> None:
    if IPv4Address(first).is_private or IPv4Address(first).is_loopback:
        raise BadOption(where, f"{text} is private; Exchange Online sees public addresses alone")
    if "-" not in text and last - first >= 2 ** (32 - SHORTEST_PREFIX):
        parts = 2 ** (SHORTEST_PREFIX - ip_network(text).prefixlen)
        raise BadOption(
            where,
            f"{text} is larger than Exchange Online takes (/{SHORTEST_PREFIX} to /32); write it "
            f"as its {parts} ranges of /{SHORTEST_PREFIX}",
        )


def _spelled(first: int, last: int) -> str:
    if first == last:
        return str(IPv4Address(first))
    networks = list(summarize_address_range(IPv4Address(first), IPv4Address(last)))
    if len(networks) == 1:
        return str(networks[0])
    return f"{IPv4Address(first)}-{IPv4Address(last)}"


def _order(spelled: str) -> tuple[int, int, str]:
    try:
        first, last = _span(spelled, strict=False)
    except ValueError:
        return (2**33, 0, spelled)
    return (first, last, "")
