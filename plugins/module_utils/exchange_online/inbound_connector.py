# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inbound connectors, and enhanced filtering, which is a part of them.

Reconciled member by member; `TestMode` of enhanced filtering is never written. A new connector is
made first and gets its enhanced filtering once it can be read, as on the page of the SES guide.
Source: New-, Set-InboundConnector; Microsoft, "Enhanced filtering for connectors".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    Ambiguous,
    BadOption,
    Missing,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import values
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settle import Writer
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

GET, NEW = "Get-InboundConnector", "New-InboundConnector"
SET, REMOVE = "Set-InboundConnector", "Remove-InboundConnector"
# By option, what the service calls it.
PLAIN = {
    "name": "Name",
    "enabled": "Enabled",
    "connector_type": "ConnectorType",
    "comment": "Comment",
    "sender_domains": "SenderDomains",
    "sender_ip_addresses": "SenderIPAddresses",
    "require_tls": "RequireTls",
    "restrict_domains_to_ip_addresses": "RestrictDomainsToIPAddresses",
}
_LISTS = ("sender_domains", "sender_ip_addresses")
FILTERING = {"skip_last_ip": "EFSkipLastIP", "skip_ips": "EFSkipIPs", "users": "EFUsers"}
# What a new connector gets where an option was not given: the service's own defaults, said aloud,
# save that a connector without TLS has to be asked for.
NEW_DEFAULTS = {"connector_type": "Partner", "enabled": True, "require_tls": True}

Shown = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """members: the options that were given, canonical; lists before they are merged."""

    name: str | None
    id: str | None
    present: bool
    members: Mapping[str, Any]
    purge: Mapping[str, bool]

    @property
    def title(self) -> str:
        return f"inbound connector {self.name or self.id}"


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    members: Shown = {name: options[name] for name in PLAIN if options.get(name) is not None}
    if "sender_domains" in members:
        members["sender_domains"] = values.wanted_spaces(
            "sender_domains", members["sender_domains"]
        )
        if not members["sender_domains"]:
            raise BadOption("sender_domains", "a connector needs at least one; * means all")
    if "sender_ip_addresses" in members:
        members["sender_ip_addresses"] = values.wanted_addresses(
            "sender_ip_addresses", members["sender_ip_addresses"], ranges=False
        )
    if options.get("enhanced_filtering") is not None:
        members["enhanced_filtering"] = _filtering(options["enhanced_filtering"])
    purge = {name: bool(options[f"purge_{name}"]) for name in _LISTS}
    for name in _LISTS:
        if purge[name] and name not in members:
            raise BadOption(f"purge_{name}", f"needs {name}")
    return Wanted(
        name=options.get("name"),
        id=options.get("id"),
        present=options["state"] == "present",
        members=members,
        purge=purge,
    )


def _filtering(option: Mapping[str, Any]) -> Shown:
    made: Shown = {name: value for name, value in option.items() if value is not None}
    if "skip_ips" in made:
        made["skip_ips"] = values.wanted_addresses(
            "enhanced_filtering.skip_ips", made["skip_ips"], ranges=True
        )
    if made.get("skip_last_ip"):
        if made.get("skip_ips"):
            raise BadOption(
                "enhanced_filtering.skip_ips", "has no effect while skip_last_ip is true"
            )
        made["skip_ips"] = []
    if "users" in made:
        made["users"] = sorted(str(one).lower() for one in made["users"])
    return made


def shown(document: Mapping[str, Any]) -> Shown:
    """A connector as it is compared and returned. Pure."""
    return {
        "id": values.text(document, "Guid"),
        "name": values.text(document, "Name"),
        "enabled": values.switch(document.get("Enabled")) or False,
        "connector_type": values.text(document, "ConnectorType"),
        "comment": values.text(document, "Comment"),
        "sender_domains": list(values.spaces(document.get("SenderDomains"))),
        "sender_ip_addresses": list(values.addresses(document.get("SenderIPAddresses"))),
        "require_tls": values.switch(document.get("RequireTls")) or False,
        "restrict_domains_to_ip_addresses": values.switch(
            document.get("RestrictDomainsToIPAddresses")
        )
        or False,
        "enhanced_filtering": {
            "skip_last_ip": values.switch(document.get("EFSkipLastIP")) or False,
            "skip_ips": list(values.addresses(document.get("EFSkipIPs"))),
            "users": sorted(one.lower() for one in values.listed(document.get("EFUsers"))),
        },
    }


def desired(want: Wanted, current: Mapping[str, Any] | None) -> Shown | None:
    """The members that should stand. Pure. Raises BadOption where a new one lacks something."""
    if not want.present:
        return None
    if current is None:
        return _created(want)
    members = dict(want.members)
    for name in _LISTS:
        if name in members:
            members[name] = values.merged(current[name], members[name], purge=want.purge[name])
    if "enhanced_filtering" in members:
        members["enhanced_filtering"] = {
            **current["enhanced_filtering"],
            **members["enhanced_filtering"],
        }
    return members


def _created(want: Wanted) -> Shown:
    if want.name is None:
        raise Missing(f"id: there is no inbound connector {want.id}")
    for name in _LISTS:
        if name not in want.members:
            raise BadOption(name, "is needed to create an inbound connector")
    filtering = {"skip_last_ip": False, "skip_ips": [], "users": []}
    return {
        "id": None,
        "comment": "",
        "restrict_domains_to_ip_addresses": False,
        **NEW_DEFAULTS,
        **want.members,
        "enhanced_filtering": {**filtering, **want.members.get("enhanced_filtering", {})},
    }


def parameters(members: Mapping[str, Any]) -> dict[str, Any]:
    """Members as the cmdlets take them, without enhanced filtering. Pure."""
    return {api: members[name] for name, api in PLAIN.items() if name in members}


def filtering(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs of enhanced filtering, as the cmdlet takes it. Pure."""
    return {api: after[name] for name, api in FILTERING.items() if before[name] != after[name]}


def find(exchange: ExchangeOnline, name: str | None, id_: str | None) -> dict[str, Any] | None:
    """The connector of an id, else of a name. All are read: a name that is no identity, or an
    identity that is another's name, cannot mislead. Raises Ambiguous."""
    key, member = (id_, "Guid") if id_ else (name or "", "Name")
    everything = exchange.invoke(GET)
    found = [one for one in everything if values.text(one, member).lower() == str(key).lower()]
    if len(found) > 1:
        raise Ambiguous("inbound connector", str(key), [values.text(one, "Guid") for one in found])
    return found[0] if found else None


def prepare(options: Mapping[str, Any], writer: Writer) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    document = find(writer.exchange, want.name, want.id)
    current = shown(document) if document else None
    if current is None and want.present and want.id:
        raise Missing(f"id: there is no inbound connector {want.id}")
    change = reconcile.change(current, desired(want, current))
    after = dict(change.after) if change.after else None
    return Plan(
        title=want.title,
        change=change,
        predicted={"connector": after, "document": document},
        read=lambda: _settled(want, writer),
        steps=tuple(_steps(want, change, writer)),
        warnings=_warnings(after),
    )


def _steps(want: Wanted, change: reconcile.Change, writer: Writer) -> list[Callable[[], object]]:
    if not change.changed:
        return []
    if change.before is None:
        return _creation(want, change.members, writer)
    guid = change.before["id"]
    if change.after is None:
        # The service asks a person to confirm a removal; nobody is there to answer.
        return [lambda: writer.write(REMOVE, Identity=guid, Confirm=False)]
    written = parameters(change.members)
    if change.differs("enhanced_filtering"):
        written |= filtering(
            change.before["enhanced_filtering"], change.after["enhanced_filtering"]
        )
    return [lambda: writer.write(SET, Identity=guid, **written)]


def _creation(
    want: Wanted, members: Mapping[str, Any], writer: Writer
) -> list[Callable[[], object]]:
    none = {"skip_last_ip": False, "skip_ips": [], "users": []}
    skipping = filtering(none, members["enhanced_filtering"])
    made = {name: value for name, value in parameters(members).items() if value != ""}
    steps: list[Callable[[], object]] = [lambda: writer.write(NEW, **made)]
    if skipping:
        steps.append(lambda: writer.write(SET, Identity=_guid(want, writer), **skipping))
    return steps


def _guid(want: Wanted, writer: Writer) -> str:
    """The id of what was just made, once it can be read."""
    found = until(
        f"{want.title}: made",
        lambda: find(writer.exchange, want.name, None),
        lambda document: document is not None,
        writer.timeout,
    )
    return values.text(found or {}, "Guid")


def _settled(want: Wanted, writer: Writer) -> Shown:
    def read() -> Shown | None:
        found = find(writer.exchange, want.name, None if want.name else want.id)
        return shown(found) if found else None

    def wish(current: Shown | None) -> Shown | None:
        # Until it can be read, something is left to do.
        return {} if current is None and want.present else desired(want, current)

    writer.shown(want.title, read, wish)
    document = find(writer.exchange, want.name, None if want.name else want.id)
    return {"connector": shown(document) if document else None, "document": document}


def _warnings(after: Mapping[str, Any] | None) -> tuple[str, ...]:
    if after is None or not after["restrict_domains_to_ip_addresses"]:
        return ()
    if "*" not in after["sender_domains"]:
        return ()
    return (
        f"inbound connector {after['name']}: mail that does not come from "
        f"{', '.join(after['sender_ip_addresses'])} is rejected; the MX must point at the gateway",
    )


def info(options: Mapping[str, Any], exchange: ExchangeOnline) -> Shown:
    """For the `_info` twin: one connector, or all."""
    if options.get("name") or options.get("id"):
        found = find(exchange, options.get("name"), options.get("id"))
        documents = [found] if found else []
    else:
        documents = exchange.invoke(GET)
    return {"connectors": [shown(each) for each in documents], "documents": documents}
