# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The path that Mail Manager's resources share, from options to what must change.

What a kind has of its own is a `Definition`: how its options become a document, which references
it holds, what is fixed at creation and who uses it. Everything desired is validated before the
first call; every reference is resolved before anything is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils._shapes import snake
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    Kind,
    MailManager,
    Named,
    tag_list,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import resolve
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    InUse,
    Missing,
    NotFound,
    Unchangeable,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Change

Document = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What the options say. document: the members that are set, in API case, without the name."""

    document: Document
    name: str | None
    id: str | None
    present: bool
    tags: dict[str, str] | None
    purge_tags: bool
    force: bool
    options: Mapping[str, Any]


class Current(NamedTuple):
    """What is: the API's own document, in full, and the tags."""

    document: Document
    tags: dict[str, str]


class Resolved(NamedTuple):
    """A document made ready: as it is compared and shown, with names, and as it is sent, with ids.

    missing: what it names and is not there.
    """

    shown: Document
    sent: Document
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """Current and desired state side by side, everything resolved and compared."""

    want: Wanted
    current: Current | None
    change: Change
    desired: Resolved
    tags: dict[str, str]


def unjudged(_state: State, _services: Services) -> tuple[str, ...]:
    """Of a kind that takes what its shape allows."""
    return ()


@dataclass(frozen=True)
class Definition:
    """What one kind has of its own.

    required: members that a creation needs, with their options. fixed: those set at creation alone,
    `name` too where the API cannot rename. keys: members that are shown under another name than
    their own. read: how a get is asked. judged: what is worth a warning; raises GatepostError for
    what must not be done.
    """

    kind: Kind
    document: Callable[[Mapping[str, Any]], Document]
    resolved: Callable[[Document, MailManager, Services], Resolved]
    users: Callable[[Document, MailManager], list[str]]
    required: Mapping[str, str] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)
    judged: Callable[[State, Services], tuple[str, ...]] = unjudged


def wanted(definition: Definition, options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    name, identifier = options.get("name"), options.get("id")
    present = options["state"] == "present"
    if name is None and identifier is None:
        raise BadOption("name", "is needed, or id")
    if "" in (name, identifier):
        raise BadOption("id" if identifier == "" else "name", "is empty")
    kind = definition.kind
    if name is not None:
        given.shaped(given.member(f"Get{kind.shape}Response", kind.name), "name", name)
    if identifier is not None:
        given.shaped(given.member(f"Get{kind.shape}Request", kind.id), "id", identifier)
    tags = given.tags(options.get("tags"))
    if tags is not None:
        given.shaped("TagList", "tags", tag_list(tags))
    document = definition.document(options) if present else {}
    return Wanted(
        document,
        name,
        identifier,
        present,
        tags,
        options["purge_tags"],
        options["force"],
        options,
    )


def find(definition: Definition, want: Wanted, api: MailManager) -> Current | None:
    """Read what the name or the id means. Raises Ambiguous, Missing, ServiceError."""
    kind = definition.kind
    if want.id is None:
        found = resolve(kind, str(want.name), [n for n in api.listed(kind) if n.name == want.name])
        return read(definition, found.id, api) if found else None
    current = read(definition, want.id, api)
    if current is None and want.present:
        raise Missing(f"id: there is no {kind.title} {want.id}; without id it would be created")
    if current is None or not want.present or want.name in (None, current.document[kind.name]):
        return current
    others = [each.id for each in api.listed(kind) if each.name == want.name and each.id != want.id]
    if others:
        raise GatepostError(
            f"name: {want.name} is the name of {kind.title} {', '.join(others)} already"
        )
    return current


def read(definition: Definition, identifier: str, api: MailManager) -> Current | None:
    """A resource by its id, None only if the service says that it does not exist."""
    kind = definition.kind
    try:
        document = api.get(kind, identifier, **definition.read)
        return Current(document, api.tags(document[kind.arn]))
    except NotFound:
        return None


def compare(
    definition: Definition,
    want: Wanted,
    current: Current | None,
    api: MailManager,
    services: Services,
) -> State:
    """Resolve and compare. Raises BadOption, Unchangeable."""
    if current is None and want.present:
        for member, option in definition.required.items():
            if member not in want.document:
                raise BadOption(option, f"is needed to create {definition.kind.title} {want.name}")
    now = current.tags if current else {}
    tags = now if want.tags is None else reconcile.tags(now, want.tags, want.purge_tags)
    before = shown(definition, current, api, services)
    if not want.present:
        return State(want, current, reconcile.change(before, None), Resolved({}, {}), {})
    desired = definition.resolved(want.document, api, services)
    name = want.name if want.name is not None else (before or {})["name"]
    values = {"name": name, **_snake(definition, desired.shown), "tags": tags}
    changed = reconcile.change(before, values)
    for member in definition.fixed:
        if before is not None and changed.differs(snake(member)):
            what = f"{definition.kind.title} {before['name']}"
            key = snake(member)
            raise Unchangeable(what, key, before.get(key, "not set"), values[key])
    return State(want, current, changed, desired, tags)


def identifier(definition: Definition, current: Current) -> str:
    return str(current.document[definition.kind.id])


def title(definition: Definition, want: Wanted, change: Change) -> str:
    members = change.after or change.before or {}
    return f"{definition.kind.title} {members.get('name', want.name or want.id)}"


def refuse_if_used(
    definition: Definition, want: Wanted, current: Current | None, api: MailManager
) -> None:
    """Raises InUse, unless it is forced."""
    if current is None or want.force:
        return
    users = definition.users(current.document, api)
    if users:
        raise InUse(f"{definition.kind.title} {current.document[definition.kind.name]}", users)


def creation(definition: Definition, state: State) -> Document:
    """The request that creates."""
    kind = definition.kind
    made: Document = dict(state.desired.sent)
    # An add-on instance is named by its subscription.
    if given.takes(f"Create{kind.shape}Request", kind.name):
        made[kind.name] = state.want.name
    if state.tags:
        made["Tags"] = tag_list(state.tags)
    return made


def update(definition: Definition, state: State) -> Document:
    """The members of the request that updates; empty if nothing but tags differs."""
    differing = state.change.members
    members = {
        name: value
        for name, value in state.desired.sent.items()
        if definition.keys.get(name, snake(name)) in differing
    }
    if "name" in differing:
        members[definition.kind.name] = differing["name"]
    return members


def tagging(definition: Definition, state: State, api: MailManager) -> list[Callable[[], object]]:
    """The steps that bring the tags to what they should be."""
    if state.current is None or not state.change.differs("tags"):
        return []
    arn = state.current.document[definition.kind.arn]
    put, removed = reconcile.tag_steps(state.current.tags, state.tags)
    steps: list[Callable[[], object]] = []
    if removed:
        steps.append(lambda: api.untag(arn, removed))
    if put:
        steps.append(lambda: api.tag(arn, put))
    return steps


def result(
    definition: Definition, current: Current | None, api: MailManager, services: Services
) -> dict[str, Any]:
    """What a module returns of a resource: in snake_case with names, and as the API prints it."""
    key = definition.kind.method
    if current is None:
        return {key: None, "document": None}
    members = shown(definition, current, api, services) or {}
    return {key: {**_facts(definition, current.document), **members}, "document": current.document}


def predicted(definition: Definition, state: State) -> dict[str, Any]:
    """The result, if nothing is applied: what is known beforehand."""
    kind = definition.kind
    if state.change.after is None:
        return {kind.method: None, "document": None}
    kept = state.current.document if state.current else {}
    document = {**kept, kind.name: state.change.after["name"], **state.desired.sent}
    known = {name: document[name] for name in kept}
    facts = _facts(definition, known) if kept else {"id": None, "arn": None}
    return {kind.method: {**facts, **state.change.after}, "document": document}


def _facts(definition: Definition, document: Document) -> dict[str, Any]:
    """A document in snake_case, its id, ARN and name without the kind's own prefix."""
    kind = definition.kind
    known = given.snaked(f"Get{kind.shape}Response", document)
    plain = {snake(kind.id): "id", snake(kind.arn): "arn", snake(kind.name): "name"}
    return {plain.get(name, name): value for name, value in known.items()}


def _snake(definition: Definition, document: Document) -> dict[str, Any]:
    return given.snaked(f"Get{definition.kind.shape}Response", document)


def shown(
    definition: Definition, current: Current | None, api: MailManager, services: Services
) -> dict[str, Any] | None:
    """A current state as it is compared: canonical, with names for references, and its tags."""
    if current is None:
        return None
    kind = definition.kind
    members = {
        name: value
        for name, value in current.document.items()
        if name not in (kind.id, kind.arn, kind.name) and not _is_time(name)
    }
    canonical = _snake(definition, definition.resolved(members, api, services).shown)
    return {"name": current.document[kind.name], **canonical, "tags": current.tags}


def _is_time(name: str) -> bool:
    return name.endswith(("Timestamp", "Date"))


def listed(
    definition: Definition,
    options: Mapping[str, Any],
    services: Services,
    tell: Callable[[Current, MailManager], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """For the `_info` twins: all of a kind, or those of a name, or the one of an id.

    tell: makes the result of one, where the kind has more to tell than its document.
    """
    api = MailManager(services["mailmanager"])
    chosen: list[Named] = [
        each
        for each in api.listed(definition.kind)
        if options.get("name") in (None, each.name) and options.get("id") in (None, each.id)
    ]
    key = definition.kind.method
    found = [read(definition, each.id, api) for each in chosen]
    results = [
        tell(each, api) if tell else result(definition, each, api, services)
        for each in found
        if each is not None
    ]
    return {
        snake(definition.kind.plural): [each[key] for each in results],
        "documents": [each["document"] for each in results],
    }
