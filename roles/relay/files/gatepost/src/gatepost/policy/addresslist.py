"""Address lists: whether an address is a member, in time that does not depend on their length.

An entry is an address, or a pattern with one `*`: before or after the @ ("*@example.com",
"sales-*@example.com", "ann@*.example.com"), or a bare "*.example.com", which means every address
at a subdomain. Case does not matter. Source: the Amazon SES developer guide, "Address lists"; that
`*` may stand for nothing is ours.
"""

from __future__ import annotations

from collections.abc import Iterable


class AddressList:
    """Raises ValueError for an entry that is none of these."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._domains: set[str] = set()
        # The fixed half of an address, then prefix, then suffixes of the half with the star.
        self._by_domain: dict[str, dict[str, set[str]]] = {}
        self._by_local: dict[str, dict[str, set[str]]] = {}
        for entry in entries:
            self._add(entry, entry.strip().casefold())

    def _add(self, entry: str, folded: str) -> None:
        local, at, domain = folded.rpartition("@")
        stars = folded.count("*")
        if stars > 1:
            raise ValueError(f"{entry!r} has more than one *")
        if not at and folded.startswith("*.") and len(folded) > 2:
            self._domains.add(folded[1:])
        elif not (at and local and domain):
            raise ValueError(f"{entry!r} is neither an address nor a pattern such as *.example.com")
        elif not stars:
            self._exact.add(folded)
        elif "*" in local:
            prefix, _star, suffix = local.partition("*")
            self._by_domain.setdefault(domain, {}).setdefault(prefix, set()).add(suffix)
        else:
            prefix, _star, suffix = domain.partition("*")
            self._by_local.setdefault(local, {}).setdefault(prefix, set()).add(suffix)

    def __contains__(self, address: object) -> bool:
        """address: folded by str.casefold, or as it stands."""
        if not isinstance(address, str):
            return False
        folded = address.casefold()
        local, at, domain = folded.rpartition("@")
        # What is no address, a bare domain say, is no member, whatever a pattern would allow.
        return bool(at and local and domain) and (
            folded in self._exact
            or _fits(self._by_domain.get(domain), local)
            or _fits(self._by_local.get(local), domain)
            or (bool(self._domains) and self._is_below(domain))
        )

    def _is_below(self, domain: str) -> bool:
        place = domain.find(".")
        while place >= 0:
            if place > 0 and domain[place:] in self._domains:
                return True
            place = domain.find(".", place + 1)
        return False


def _fits(patterns: dict[str, set[str]] | None, half: str) -> bool:
    """Whether some prefix and suffix, not overlapping, make up a half of an address."""
    if not patterns:
        return False
    for end in range(len(half) + 1):
        suffixes = patterns.get(half[:end])
        if suffixes and any(half[start:] in suffixes for start in range(end, len(half) + 1)):
            return True
    return False
