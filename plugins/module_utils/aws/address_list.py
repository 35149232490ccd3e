# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Address lists: the list itself, which has nothing but a name, and its members.

Members join those that are there; with `purge_members` the others leave. More than `IMPORT_ABOVE`
new ones come by an import job, because the API takes a call for each otherwise. New members come
before others leave, so that no member of both is ever missing, unless the list would overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils._quotas import ADDRESSES
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    address_members,
    addresses,
    documents,
    named,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.confirmation import read_back
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ADDRESS_LIST,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Current,
    Definition,
    Document,
    Resolved,
    State,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import SETTLING, until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, TimedOut
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Change, Plan

IMPORT_ABOVE = 25


def document(options: Mapping[str, Any]) -> Document:  # noqa: ARG001
    """A list holds nothing but its name; its members are no part of it in the API."""
    return {}


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    return Resolved(made, made)


def users(current: Document, api: MailManager) -> list[str]:
    """The rule sets and traffic policies that look into the list."""
    return documents.users(ADDRESS_LIST, current, api)


DEFINITION = Definition(
    kind=ADDRESS_LIST, document=document, resolved=resolved, users=users, fixed=("name",)
)


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = named.wanted(DEFINITION, options)
    entries = None
    if want.present and options.get("members") is not None:
        entries = addresses.entries("members", options["members"])
    api = MailManager(services["mailmanager"])
    current = named.find(DEFINITION, want, api)
    state = named.compare(DEFINITION, want, current, api, services)
    made = [named.identifier(DEFINITION, current)] if current else []
    if not want.present:
        return _deletion(state, made, api, services)
    inside = address_members.listed(api.service, made[0]) if made else []
    members = addresses.changes(inside, entries, options["purge_members"])
    if members.total > ADDRESSES:
        reason = f"would make {members.total} with those that are there; {ADDRESSES} are allowed"
        raise BadOption("members", reason)
    change = _with_members(state.change, members, len(inside))
    steps: list[Callable[[], object]] = []
    if state.change.creates:
        request = named.creation(DEFINITION, state)
        steps.append(lambda: made.append(api.create(ADDRESS_LIST, request)))
    steps += _steps(members, len(inside), made, api, options)
    steps += named.tagging(DEFINITION, state, api)

    def read() -> dict[str, Any]:
        found = read_back(DEFINITION, made[0], state.change, api, services)
        if options["wait"]:
            _counted(made[0], members.total, api)
        return shown(found, api, services)

    foreseen = named.predicted(DEFINITION, state)
    foreseen[ADDRESS_LIST.method]["member_count"] = members.total
    return Plan(
        title=named.title(DEFINITION, want, change),
        change=change,
        predicted=foreseen,
        read=read,
        steps=tuple(steps),
    )


def _deletion(state: State, made: list[str], api: MailManager, services: Services) -> Plan:
    named.refuse_if_used(DEFINITION, state.want, state.current, api)
    nothing = {ADDRESS_LIST.method: None, "document": None}

    def read() -> dict[str, Any]:
        read_back(DEFINITION, made[0], state.change, api, services)
        return nothing

    return Plan(
        title=named.title(DEFINITION, state.want, state.change),
        change=state.change,
        predicted=nothing,
        read=read,
        steps=tuple(partial(api.delete, ADDRESS_LIST, each) for each in made),
    )


def _counted(identifier: str, total: int, api: MailManager) -> None:
    """Wait until as many members are seen as there should be, unless others change them too."""
    with suppress(TimedOut):
        until(
            f"address list {identifier}: {total} members",
            lambda: len(address_members.listed(api.service, identifier)),
            lambda found: found == total,
            SETTLING,
        )


def _with_members(change: Change, members: addresses.Members, before: int) -> Change:
    shown_before, shown_after = addresses.difference(members, before)
    now = None if change.before is None else {**change.before, **shown_before}
    return Change(now, {**(change.after or {}), **shown_after}, change.members)


def _steps(
    members: addresses.Members,
    before: int,
    made: list[str],
    api: MailManager,
    options: Mapping[str, Any],
) -> list[Callable[[], object]]:
    """made: holds the list's id once it is there."""
    service = api.service
    come: list[Callable[[], object]] = []
    if len(members.add) > IMPORT_ABOVE:
        timeout = options["wait_timeout"] if options["wait"] else 0
        verify = address_members.verification(options)
        come.append(lambda: address_members.bring(service, made[0], members.add, timeout, verify))
    else:
        come += [partial(_register, service, made, each) for each in members.add]
    leave: list[Callable[[], object]] = [
        partial(address_members.deregister, service, made[0], each) for each in members.remove
    ]
    overflows = before + len(members.add) > ADDRESSES
    return leave + come if overflows else come + leave


def _register(service: Any, made: list[str], address: str) -> None:
    address_members.register(service, made[0], address)


def shown(
    current: Current | None, api: MailManager, services: Services, *, members: bool = False
) -> dict[str, Any]:
    """What a module returns of a list: its members counted, and told if asked for."""
    made = named.result(DEFINITION, current, api, services)
    if current is not None:
        inside = address_members.listed(api.service, named.identifier(DEFINITION, current))
        made[ADDRESS_LIST.method]["member_count"] = len(inside)
        if members:
            made[ADDRESS_LIST.method]["members"] = sorted(inside, key=str.casefold)
    return made


def listed(options: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """For the `_info` twin."""
    return named.listed(
        DEFINITION,
        options,
        services,
        lambda current, api: shown(current, api, services, members=options["members"]),
    )
