"""MTA-STS (RFC 8461) for delivery by MX: which exchangers of a domain may be spoken to, and how.

Promises:
1. Under a policy that says enforce, mail goes to exchangers that it names, over TLS with a
   certificate that is valid for their names, or it waits. Under testing, an exchanger that it does
   not name is recorded, and nothing else is different.
2. A policy is fetched from its own host over verified TLS, without redirects, and stays in force
   for max_age: while DNS or its host fails, and over restarts.
3. A domain is asked at most every `RECHECK` seconds, by one delivery at a time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatepost.delivery.outcome import Unmet, Unsendable
from gatepost.delivery.resolve import MxResolver
from gatepost.delivery.sts_cache import Fetched, Kept
from gatepost.delivery.sts_policy import TEXT_BYTES, Policy, PolicyError, parse, record_id
from gatepost.delivery.values import NextHop, Tls
from gatepost.events import Record, nowhere

if TYPE_CHECKING:
    import httpx

RECHECK: Final = 300.0
FETCH_SECONDS: Final = 20.0
_DOMAINS: Final = 10_000  # in memory


@dataclass(frozen=True, slots=True)
class _Known:
    """found: None where the domain has no policy. until: when it is asked again."""

    found: Fetched | None
    until: float


class MtaSts:
    """directory: where policies are kept. ca_file: the authorities of policy hosts and exchangers,
    None for the system's. clock: seconds since the epoch."""

    def __init__(
        self,
        resolver: MxResolver,
        *,
        directory: Path | None = None,
        ca_file: str | None = None,
        port: int = 443,
        record: Record = nowhere,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._resolver = resolver
        self._kept = Kept(directory)
        self._ca_file = ca_file
        self._port = port
        self._record = record
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[Policy | None]] = {}
        self._context: ssl.SSLContext | None = None

    async def apply(self, domain: str, exchangers: Sequence[NextHop]) -> list[NextHop]:
        """Those of `exchangers` that the domain's policy allows, with the TLS that it demands.
        Raises Unmet when there is none."""
        policy = await self.policy(domain)
        if policy is None or policy.mode == "none":
            return list(exchangers)
        named = [hop for hop in exchangers if policy.names(hop.server_name)]
        if policy.mode == "enforce":
            if not named:
                text = f"no mail exchanger of {domain} is one that its MTA-STS policy names"
                raise Unmet("4.7.5", text)
            return [
                dataclasses.replace(hop, tls=Tls.VERIFY, ca_file=hop.ca_file or self._ca_file)
                for hop in named
            ]
        for host in sorted({hop.server_name for hop in exchangers if hop not in named}):
            self._note(domain, policy.mode, f"the policy does not name the exchanger {host}")
        return list(exchangers)

    async def policy(self, domain: str) -> Policy | None:
        """The policy that is in force for a domain."""
        if domain.startswith("["):
            return None
        from gatepost.dnspython import spelled

        domain = spelled(domain)
        known = self._known.get(domain)
        if known is not None and self._clock() < known.until:
            return _in_force(known.found, self._clock())
        task = self._asking.get(domain)
        if task is None:
            task = self._asking[domain] = asyncio.ensure_future(self._ask(domain))
            task.add_done_callback(lambda _task: self._asking.pop(domain, None))
        return await asyncio.shield(task)

    async def _ask(self, domain: str) -> Policy | None:
        known = self._known.pop(domain, None)
        now = self._clock()
        found = known.found if known else await asyncio.to_thread(self._kept.read, domain)
        if found is not None and not found.is_good(now):
            found = None
        announced = await self._announced(domain)
        if announced is not None and (found is None or found.id != announced or found.is_due(now)):
            found = await self._fetched(domain, announced, now) or found
        if len(self._known) >= _DOMAINS:
            del self._known[next(iter(self._known))]
        self._known[domain] = _Known(found, now + RECHECK)
        return _in_force(found, now)

    async def _announced(self, domain: str) -> str | None:
        """The id in DNS; None also while DNS does not say, so that what is known stays."""
        try:
            return record_id(await self._resolver.texts(f"_mta-sts.{domain}"))
        except Unmet:
            return None

    async def _fetched(self, domain: str, announced: str, now: float) -> Fetched | None:
        import httpx  # 1.2 MB, and few domains have a policy

        try:
            async with asyncio.timeout(FETCH_SECONDS):
                policy = parse(await self._get(f"mta-sts.{domain}"))
        except (PolicyError, Unmet, Unsendable) as error:
            self._note(domain, None, f"no policy could be fetched: {error}")
            return None
        except (OSError, httpx.HTTPError) as error:
            reason = f"{type(error).__name__} {error}".strip()
            self._note(domain, None, f"no policy could be fetched: {reason}")
            return None
        found = Fetched(announced, now, policy)
        try:
            await asyncio.to_thread(self._kept.write, domain, found)
        except OSError as error:
            self._note(domain, policy.mode, f"the policy cannot be kept: {error.strerror}")
        return found

    async def _get(self, host: str) -> bytes:
        """Section 3.3: verified for the host's name, 200 alone, no redirect, no HTTP cache; at the
        addresses that the resolver of mail knows."""
        import httpx

        addresses = await self._resolver.reachable(host)
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._ca_file)
        error: httpx.HTTPError = httpx.ConnectError("no address of the internet")
        async with httpx.AsyncClient(
            verify=self._context, trust_env=False, timeout=FETCH_SECONDS / 2
        ) as client:
            for address in addresses:
                literal = f"[{address}]" if ":" in address else address
                try:
                    return await _read(client, f"https://{literal}:{self._port}", host)
                except httpx.ConnectError as failed:
                    error = failed
        raise error

    def _note(self, domain: str, mode: str | None, reason: str) -> None:
        self._record("MtaSts", domain=domain, mode=mode, reason=reason)


async def _read(client: httpx.AsyncClient, origin: str, host: str) -> bytes:
    url = f"{origin}/.well-known/mta-sts.txt"
    headers = {"Host": host, "Accept-Encoding": "identity"}
    extensions = {"sni_hostname": host}  # and what the certificate must be valid for
    async with client.stream("GET", url, headers=headers, extensions=extensions) as answer:
        if answer.status_code != 200:
            raise PolicyError(f"its host answers {answer.status_code}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/plain":
            raise PolicyError("its media type is not text/plain")
        content = b""
        async for piece in answer.aiter_raw():
            content += piece
            if len(content) > TEXT_BYTES:
                break  # which `parse` refuses
    return content


def _in_force(found: Fetched | None, now: float) -> Policy | None:
    return found.policy if found is not None and found.is_good(now) else None
