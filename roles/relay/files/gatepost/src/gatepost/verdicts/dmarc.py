"""DMARC (RFC 7489): the policy that the domain of From publishes.

The API's condition asks for the policy and for nothing else: whether the message passes is a matter
of SPF and DKIM conditions beside it. Records are read leniently or not at all, as section 6.6.3
says: no record, several, or one without a valid policy are no policy. What cannot be asked is
unknown, never "none".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from gatepost.dnspython import ascii_domain
from gatepost.resolver import Unreadable
from gatepost.verdicts.results import Result

_STRICTER: Final = ("none", "quarantine", "reject")
# Of one From field. Honest ones name one domain.
_DOMAINS_MAX: Final = 10

Texts = Callable[[str], Awaitable[Sequence[bytes]]]


async def policy(texts: Texts, authors: Iterable[str]) -> Result:
    """authors: the addresses in From. Of several domains the strictest policy counts (section
    6.6.1). Raises Unreadable where what was not found out could make it stricter."""
    given = {each.rpartition("@")[2].lower(): None for each in authors}
    if len(given) > _DOMAINS_MAX:  # to spell some hundred long ones takes seconds
        raise Unreadable(f"From names more than {_DOMAINS_MAX} domains")
    named = map(ascii_domain, given)
    domains = list(dict.fromkeys(domain for domain in named if domain is not None))
    if not domains:
        return Result("none", "", "From names no domain")
    asked = await asyncio.gather(
        *(_published(texts, domain) for domain in domains), return_exceptions=True
    )
    found = [each for each in asked if isinstance(each, Result)]
    strictest = max(
        found, key=lambda each: _STRICTER.index(each.word), default=Result("none", domains[0])
    )
    for each in asked:
        if isinstance(each, BaseException) and (
            strictest.word != _STRICTER[-1] or not isinstance(each, Unreadable)
        ):
            raise each
    return strictest


async def _published(texts: Texts, domain: str) -> Result:
    """Section 6.6.3: the domain's own record, else that of its organizational domain."""
    own = records(await texts(f"_dmarc.{domain}"))
    if own:
        return Result(requested(own, subdomain=False), domain)
    above = await asyncio.to_thread(organizational, domain)
    if above is None or above == domain:
        return Result("none", domain, "publishes no policy")
    inherited = records(await texts(f"_dmarc.{above}"))
    return Result(requested(inherited, subdomain=True), domain, f"by {above}")


def records(texts: Iterable[bytes]) -> list[bytes]:
    """The texts that are DMARC records: the version stands first."""
    return [each for each in texts if each.partition(b";")[0].replace(b" ", b"") == b"v=DMARC1"]


def requested(found: Sequence[bytes], *, subdomain: bool) -> str:
    """The policy that DMARC records ask for; "none" where they ask for nothing valid."""
    if len(found) != 1:
        return "none"
    tags: dict[str, str] = {}
    for part in found[0].decode("latin-1").split(";"):
        name, _equals, value = part.partition("=")
        tags.setdefault(name.strip().lower(), value.strip().lower())
    own = tags.get("p", "")
    for_subdomains = tags.get("sp", own)
    if own not in _STRICTER or for_subdomains not in _STRICTER:
        return "none"
    return for_subdomains if subdomain else own


def organizational(domain: str) -> str | None:
    """Section 3.2: the public suffix and one label; None where the domain is a public suffix.
    domain: A-labels."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
