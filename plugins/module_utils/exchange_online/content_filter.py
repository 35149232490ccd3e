# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosted content filter policies (anti-spam): whether an SPF hard fail alone makes a message spam.

A message meets one policy: a custom one, by a rule that is enabled, or the default one. All of them
count, so all that are in force are judged and, unless one is named, changed.
Source: Set-HostedContentFilterPolicy, Get-HostedContentFilterRule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.errors import Missing
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import values
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settle import Writer
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

GET, SET = "Get-HostedContentFilterPolicy", "Set-HostedContentFilterPolicy"
GET_RULES = "Get-HostedContentFilterRule"
OPTION = "mark_as_spam_spf_record_hard_fail"

Shown = dict[str, Any]


def shown(document: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> Shown:
    """A policy as it is compared and returned. rules: all of them. Pure."""
    name = values.text(document, "Name")
    own = [
        rule
        for rule in rules
        if values.text(rule, "HostedContentFilterPolicy").lower() == name.lower()
    ]
    enabled = [rule for rule in own if values.text(rule, "State").lower() == "enabled"]
    default = values.switch(document.get("IsDefault")) or False
    return {
        "name": name,
        "is_default": default,
        "in_force": default or bool(enabled),
        "rules": [values.text(rule, "Name") for rule in own],
        OPTION: values.switch(document.get("MarkAsSpamSpfRecordHardFail")),
    }


def chosen(policies: Sequence[Shown], name: str | None) -> list[Shown]:
    """The policy of a name, or all that are in force, in order. Pure. Raises Missing."""
    if name is None:
        return sorted((one for one in policies if one["in_force"]), key=_by_name)
    found = [one for one in policies if one["name"].lower() == name.lower()]
    if not found:
        raise Missing(f"name: there is no content filter policy {name}")
    return found


def get(exchange: ExchangeOnline) -> tuple[list[Shown], list[dict[str, Any]]]:
    """All policies, as they are compared and as the service prints them."""
    rules = exchange.invoke(GET_RULES)
    documents = exchange.invoke(GET)
    return [shown(each, rules) for each in documents], documents


def prepare(options: Mapping[str, Any], writer: Writer) -> Plan:
    """From options to a plan: one change over the policies that are meant."""
    name, mark = options["name"], options[OPTION]
    policies, documents = get(writer.exchange)
    before = _by_names(chosen(policies, name))

    def desired(current: Mapping[str, Shown]) -> dict[str, Shown]:
        return {each: {**held, OPTION: mark} for each, held in current.items()}

    def current() -> dict[str, Shown]:
        return _by_names(chosen(get(writer.exchange)[0], name))

    change = reconcile.change(before, desired(before))

    def read() -> Shown:
        writer.shown("content filter policies", current, desired)
        return _result(*get(writer.exchange), name)

    after = list((change.after or {}).values())
    return Plan(
        title="content filter policies",
        change=change,
        predicted={"policies": after, "documents": _documents(after, documents)},
        read=read,
        steps=tuple(_step(writer, each, mark) for each in change.members),
    )


def _step(writer: Writer, name: str, mark: bool) -> Callable[[], object]:
    value = "On" if mark else "Off"
    return lambda: writer.write(SET, Identity=name, MarkAsSpamSpfRecordHardFail=value)


def _result(policies: list[Shown], documents: list[dict[str, Any]], name: str | None) -> Shown:
    meant = chosen(policies, name)
    return {"policies": meant, "documents": _documents(meant, documents)}


def _documents(meant: list[Shown], documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_name = {values.text(each, "Name"): each for each in documents}
    return [by_name[each["name"]] for each in meant]


def _by_names(policies: Sequence[Shown]) -> dict[str, Shown]:
    return {each["name"]: each for each in policies}


def _by_name(policy: Shown) -> str:
    return str(policy["name"]).lower()


def info(options: Mapping[str, Any], exchange: ExchangeOnline) -> Shown:
    """For the `_info` twin: one policy, or all, those that are not in force too."""
    policies, documents = get(exchange)
    if options.get("name"):
        return _result(policies, documents, options["name"])
    return {"policies": policies, "documents": documents}
