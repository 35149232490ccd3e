"""The DNS as a part of the emulators.

    GET    /dns/zones      every zone, those of Route 53 too
    POST   /dns/zone       {"name", "records": [RECORD…]}: make or replace one
    DELETE /dns/zone       {"name"}
    POST   /dns/records    RECORD or a list of them; no values: take the record set out
    POST   /dns/servers    {"server": "ns2", "frozen": true}: it keeps what it has now
    POST   /dns/resolver   {"cache": true}: it keeps answers for their TTL
    POST   /dns/mta_sts    {"domain", "policy": TEXT | null, "status", "content_type"}

A RECORD is {"name", "type", "ttl", "values": [TEXT…]}.

emulators.json gets `dns`, the resolver as host:port; every authoritative server answers at the
address that its name leads to, on the same port; and `mta_sts`, the host:port of every MTA-STS
policy. In `env`: GATEPOST_DNS_RESOLVER, GATEPOST_DNS_PORT, GATEPOST_MTA_STS_PORT and
GATEPOST_MTA_STS_CA.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.component import Context, Handler
from emulators.dns import initial, mta_sts, route53, zones
from emulators.dns.answering import Resolver, authoritative
from emulators.dns.mta_sts import Policy, PolicyApp
from emulators.dns.server import Listening, Server
from emulators.dns.world import World
from emulators.ingress.component import IngressComponent
from emulators.web import Web


def create(context: Context) -> DnsComponent:
    return DnsComponent(context)


class DnsComponent:
    """Where `aws` runs, its hosted zones are answered, too; where `ingress` does, A records of
    ingress points."""

    name = "dns"

    def __init__(self, context: Context) -> None:
        aws = context.components.get("aws")
        hosted = route53.zones if aws is not None else tuple
        ingress = context.components.get("ingress")
        hosts = ingress.address if isinstance(ingress, IngressComponent) else lambda _name: None
        self.world = World(hosted, hosts)
        self._resolver = Resolver(self.world, context.clock.now)
        servers = {initial.LOOPBACK: Server("resolver", self._resolver, context.faults)}
        for name, address in initial.SERVERS.items():
            short = name.partition(".")[0]
            servers[address] = Server(short, authoritative(self.world, short), context.faults)
        self._names = [one.name for one in servers.values() if one.name != "resolver"]
        self._listening = Listening(servers)
        self._policies = PolicyApp()
        self._ca = context.ca.certificate
        self._web = Web(self._policies, name="mta_sts", tls=mta_sts.context(context.ca))
        self._started = False

    def start(self) -> dict[str, Any]:
        port = self._listening.start()
        url = self._web.start()
        self._started = True
        resolver, policy_port = f"{initial.LOOPBACK}:{port}", url.rpartition(":")[2]
        return {
            "dns": resolver,
            "mta_sts": f"{initial.LOOPBACK}:{policy_port}",
            "env": {
                "GATEPOST_DNS_RESOLVER": resolver,
                "GATEPOST_DNS_PORT": str(port),
                "GATEPOST_MTA_STS_PORT": policy_port,
                "GATEPOST_MTA_STS_CA": str(self._ca),
            },
        }

    def stop(self) -> None:
        self._listening.stop()
        if self._started:
            self._web.stop()

    def reset(self) -> None:
        self.world.reset()
        self._resolver.reset()
        self._policies.policies.clear()

    def state(self) -> Any:
        return {
            "zones": [zone.document() for zone in self.world.zones().values()],
            "frozen": self.world.frozen(),
            "cache": self._resolver.cache,
            "mta_sts": {name: vars(one) for name, one in self._policies.policies.items()},
        }

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /dns/zones": lambda _body: self.state()["zones"],
            "POST /dns/zone": self._put_zone,
            "DELETE /dns/zone": self._remove_zone,
            "POST /dns/records": self._change_records,
            "POST /dns/servers": self._freeze,
            "POST /dns/resolver": self._configure_resolver,
            "POST /dns/mta_sts": self._set_policy,
        }

    def _put_zone(self, body: Any) -> Any:
        members = _members(body, ("name",), ("records",))
        records = [_record(one) for one in _list(members.get("records", []))]
        zone = zones.new_zone(str(members["name"]).rstrip("."), list(initial.SERVERS), records)
        self.world.put(zone)
        return zone.document()

    def _remove_zone(self, body: Any) -> Any:
        self.world.remove(zones.owner(_members(body, ("name",))["name"]))
        return {}

    def _change_records(self, body: Any) -> Any:
        changed = []
        for one in body if isinstance(body, list) else [body]:
            members = _members(one, ("name", "type"), ("ttl", "values"))
            name, kind = zones.owner(members["name"]), zones.kind_of(members["type"])
            put = [_record(members)] if _list(members.get("values", [])) else []
            removed = [] if put else [(name, kind)]
            zone = self.world.change(name, put, removed)
            changed.append(zone.name.to_text(omit_final_dot=True))
        return {"changed": changed}

    def _freeze(self, body: Any) -> Any:
        members = _members(body, ("server", "frozen"))
        if members["server"] not in self._names:
            raise ValueError(f"server: one of {', '.join(self._names)}")
        self.world.freeze(members["server"], _flag("frozen", members["frozen"]))
        return {"frozen": self.world.frozen()}

    def _configure_resolver(self, body: Any) -> Any:
        self._resolver.cache = _flag("cache", _members(body, ("cache",))["cache"])
        return {"cache": self._resolver.cache}

    def _set_policy(self, body: Any) -> Any:
        members = _members(body, ("domain", "policy"), ("status", "content_type"))
        domain, policy = str(members["domain"]).lower(), members["policy"]
        if policy is None:
            self._policies.policies.pop(domain, None)
            return {}
        status = members.get("status", 200)
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise ValueError("status: must be 200 to 599")
        kind = str(members.get("content_type", "text/plain"))
        self._policies.policies[domain] = Policy(str(policy), status, kind)
        return {}


def _record(document: Any) -> Any:
    members = _members(document, ("name", "type", "values"), ("ttl",))
    values = _list(members["values"])
    return zones.record_set(
        members["name"], members["type"], members.get("ttl", zones.DEFAULT_TTL), values
    )


def _members(body: Any, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(body, dict) or not set(needed) <= set(body) <= set(needed + more):
        optional = f", and may have {', '.join(more)}" if more else ""
        raise ValueError(f"an object with {', '.join(needed)}{optional} is needed")
    return dict(body)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list is needed")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: must be true or false")
    return value
