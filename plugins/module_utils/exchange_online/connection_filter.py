# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosted connection filter policy: addresses whose mail is let in, or kept out, unfiltered.

Other teams have their entries in the same lists. So nothing is ever written but the entries to add
and to remove: whoever writes meanwhile loses nothing.
Source: Set-HostedConnectionFilterPolicy; Microsoft, "Configure connection filtering".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, Missing
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import values
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.protocol import merge
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settle import (
    Writer,
    one,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

GET, SET = "Get-HostedConnectionFilterPolicy", "Set-HostedConnectionFilterPolicy"
LISTS = {"ip_allow_list": "IPAllowList", "ip_block_list": "IPBlockList"}

Shown = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """lists: by option, canonical entries, None where it was not given."""

    name: str
    absent: bool
    lists: Mapping[str, list[str] | None]
    purge: Mapping[str, bool]
    enable_safe_list: bool | None


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    absent = options["state"] == "absent"
    purge = {name: bool(options[f"purge_{name}"]) for name in LISTS}
    lists: dict[str, list[str] | None] = {}
    for name in LISTS:
        given = options[name]
        if purge[name] and (absent or given is None):
            raise BadOption(f"purge_{name}", f"needs {name} and state=present")
        lists[name] = None if given is None else values.wanted_addresses(name, given, ranges=True)
    if absent and options["enable_safe_list"] is not None:
        raise BadOption("enable_safe_list", "is for state=present alone")
    return Wanted(options["name"], absent, lists, purge, options["enable_safe_list"])


def shown(document: Mapping[str, Any]) -> Shown:
    """A policy as it is compared and returned. Pure."""
    return {
        "name": values.text(document, "Name"),
        "is_default": values.switch(document.get("IsDefault")) or False,
        **{name: list(values.addresses(document.get(api))) for name, api in LISTS.items()},
        "enable_safe_list": values.switch(document.get("EnableSafeList")) or False,
    }


def desired(want: Wanted, current: Mapping[str, Any]) -> Shown:
    """The members that should stand, beside what others have put there. Pure."""
    members: Shown = {
        name: values.merged(current[name], entries, purge=want.purge[name], absent=want.absent)
        for name, entries in want.lists.items()
        if entries is not None
    }
    if want.enable_safe_list is not None:
        members["enable_safe_list"] = want.enable_safe_list
    return members


def parameters(document: Mapping[str, Any], change: reconcile.Change) -> dict[str, Any]:
    """What to write: entries to add and, in the service's own spelling, to remove. Pure."""
    made: dict[str, Any] = {}
    for name, api in LISTS.items():
        if change.differs(name):
            held = values.addresses(document.get(api))
            after = change.members[name]
            made[api] = merge(
                [entry for entry in after if entry not in held],
                [spelling for entry, spelling in held.items() if entry not in after],
            )
    if change.differs("enable_safe_list"):
        made["EnableSafeList"] = change.members["enable_safe_list"]
    return made


def get(exchange: ExchangeOnline, name: str) -> dict[str, Any]:
    """The policy as the service prints it. Raises Missing."""

    def named(document: dict[str, Any]) -> bool:
        return values.text(document, "Name").lower() == name.lower()

    found = one(exchange, GET, name, named)
    if found is None:
        raise Missing(f"name: there is no connection filter policy {name}")
    return found


def prepare(options: Mapping[str, Any], writer: Writer) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    exchange = writer.exchange
    document = get(exchange, want.name)
    current = shown(document)
    members = desired(want, current)
    for name in want.lists:
        if len(members.get(name, ())) > len(current[name]):
            values.within_limit(name, members[name])
    change = reconcile.change(current, members)
    written = parameters(document, change)

    def read() -> Shown:
        writer.shown(
            f"connection filter policy {want.name}",
            lambda: shown(get(exchange, want.name)),
            lambda found: desired(want, found),
        )
        return result(get(exchange, want.name))

    return Plan(
        title=f"connection filter policy {want.name}",
        change=change,
        predicted={"policy": change.after, "document": document},
        read=read,
        steps=(lambda: writer.write(SET, Identity=want.name, **written),) if written else (),
    )


def result(document: Mapping[str, Any]) -> Shown:
    return {"policy": shown(document), "document": document}


def info(options: Mapping[str, Any], exchange: ExchangeOnline) -> Shown:
    """For the `_info` twin: one policy, or all."""
    name = options.get("name")
    found = [get(exchange, name)] if name else exchange.invoke(GET)
    return {"policies": [shown(each) for each in found], "documents": found}
