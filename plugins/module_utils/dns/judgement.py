# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the DNS of a domain means for a gateway, and what must change before its MX moves. Pure.

The changes come in the order in which they are to be made. A change that is `blocking` must be made
before the MX moves, or mail is lost or refused; the others are advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.dns.facts import (
    Facts,
    Mx,
    ServerMx,
)

LONG_TTL = 3600
SHORT_TTL = 300


@dataclass(frozen=True)
class Change:
    """do: what, as a sentence. why: as another. blocking: whether it must come before the MX."""

    topic: str
    do: str
    why: str
    blocking: bool


@dataclass(frozen=True)
class Report:
    """points_at_gateway: whether every authoritative server and the resolver name the gateway's
    hosts and no other. agree: whether the authoritative servers say the same. ready: whether the MX
    may move, as far as the DNS goes.
    """

    points_at_gateway: bool
    agree: bool
    changes: tuple[Change, ...]

    @property
    def ready(self) -> bool:
        return not any(one.blocking for one in self.changes)

    def document(self) -> dict[str, Any]:
        return {
            "points_at_gateway": self.points_at_gateway,
            "servers_agree": self.agree,
            "ready": self.ready,
            "changes": [asdict(one) for one in self.changes],
        }


def judge(facts: Facts, hosts: Sequence[str]) -> Report:
    """hosts: the gateway's, which the MX is to name; none: nothing is said about a move."""
    agree = _agree(facts.servers)
    there = bool(hosts) and all(names(one, hosts) for one in (*facts.servers, facts.resolver))
    changes = [
        *_servers(facts, agree),
        *_reporting(facts),
        *_hosts(facts, hosts),
        *_policy(facts, hosts),
    ]
    if hosts and not there:
        changes += [*_ttl(facts, hosts), _move(facts, hosts)]
    return Report(there, agree, tuple(changes))


def names(one: ServerMx, hosts: Sequence[str]) -> bool:
    """Whether a server's MX names exactly these hosts."""
    return not one.error and {mx.host for mx in one.mx} == {plain(host) for host in hosts}


def plain(host: str) -> str:
    return host.lower().removesuffix(".")


def _agree(servers: Sequence[ServerMx]) -> bool:
    return len({(one.mx, one.error != "") for one in servers}) == 1 and not servers[0].error


def _servers(facts: Facts, agree: bool) -> list[Change]:
    silent = [one for one in facts.servers if one.error]
    changes = [
        Change(
            "name servers",
            f"Mend name server {one.server} ({one.address}) of {facts.zone}",
            one.error,
            True,
        )
        for one in silent
    ]
    if not silent and not agree:
        told = "; ".join(f"{one.server} ({one.address}): {_told(one.mx)}" for one in facts.servers)
        wait = "Wait until all name servers of the zone say the same, or mend those that do not"
        changes.append(Change("name servers", wait, told, True))
    return changes


def _reporting(facts: Facts) -> list[Change]:
    if facts.tls_reporting is not None and not facts.tls_reporting.problems:
        return []
    name = f"_smtp._tls.{facts.domain}"
    do = f'Publish TXT {name} "v=TLSRPTv1; rua=mailto:…", with an address of yours'
    why = "senders then report what fails for them once the MX has moved"
    if facts.tls_reporting is not None:
        do, why = f"Mend TXT {name}", "; ".join(facts.tls_reporting.problems)
    return [Change("TLS reporting", do, why, False)]


def _hosts(facts: Facts, hosts: Sequence[str]) -> list[Change]:
    changes = []
    for host in hosts:
        found = facts.hosts[plain(host)]
        if not found.addresses:
            changes.append(
                Change(
                    "gateway host",
                    f"Publish an address of {host}",
                    "it has none, and mail for a host without an address cannot be delivered",
                    True,
                )
            )
        elif found.alias:
            changes.append(
                Change(
                    "gateway host",
                    f"Give {host} an address of its own in place of the alias",
                    "an MX must not name an alias (RFC 2181, section 10.3)",
                    False,
                )
            )
    return changes


def _policy(facts: Facts, hosts: Sequence[str]) -> list[Change]:
    """MTA-STS: the policy has to allow the new hosts before they are named."""
    if facts.mta_sts is None:
        return []
    topic, record = "MTA-STS", f"_mta-sts.{facts.domain}"
    if facts.policy is None:
        if not facts.policy_error:
            return []
        do = f"Mend the policy at https://mta-sts.{facts.domain}/.well-known/mta-sts.txt"
        why = f"{facts.policy_error}; senders that hold an older one go by it"
        return [Change(topic, do, why, True)]
    problems = (*facts.mta_sts.problems, *facts.policy.problems)
    changes = [Change(topic, "Mend the record or the policy", told, True) for told in problems]
    lacking = [plain(host) for host in hosts if not facts.policy.allows(host)]
    if lacking and facts.policy.mode != "none":
        enforced = facts.policy.mode == "enforce"
        lines = " and ".join(f'"mx: {host}"' for host in lacking)
        changes += [
            Change(
                topic,
                f"Add {lines} to the policy of mta-sts.{facts.domain}, and keep what is there",
                "senders that enforce it refuse a host that it does not name"
                if enforced
                else f"its mode is {facts.policy.mode}: senders would report failures",
                enforced,
            ),
            Change(
                topic,
                f"Then change id= of TXT {record}, and wait {facts.mta_sts_ttl or 0} seconds",
                "senders fetch the policy again only when its id has changed",
                enforced,
            ),
        ]
    return changes


def _ttl(facts: Facts, hosts: Sequence[str]) -> list[Change]:
    ttls = [one.ttl for one in facts.servers if one.ttl is not None]
    longest = max(ttls, default=0)
    if longest <= LONG_TTL or any(names(one, hosts) for one in facts.servers):
        return []
    do = f"Lower the TTL of MX {facts.domain} to {SHORT_TTL}, and wait {longest} seconds"
    why = f"it is {longest} seconds: so long would it take to go back"
    return [Change("TTL", do, why, False)]


def _move(facts: Facts, hosts: Sequence[str]) -> Change:
    wanted = ", ".join(plain(host) for host in hosts)
    now = _told(facts.servers[0].mx) if facts.servers and facts.servers[0].mx else "none"
    lag = facts.resolver.ttl or 0
    if all(names(one, hosts) for one in facts.servers):
        do = f"Wait up to {lag} seconds until resolvers forget the old MX of {facts.domain}"
        return Change("MX", do, f"the resolver still says {_told(facts.resolver.mx)}", False)
    why = f"it is {now}"
    return Change("MX", f"Then point the MX of {facts.domain} at {wanted}", why, False)


def _told(mx: Sequence[Mx]) -> str:
    return ", ".join(f"{one.preference} {one.host}" for one in mx) or "no MX"
