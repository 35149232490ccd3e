"""What documents name: the relays, archives, address lists and add-ons in rules and statements.

A rule set or traffic policy that names something missing is refused, and what one names cannot be
deleted (both ours).
"""

from collections.abc import Iterator
from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager.store import (
    ADDON_INSTANCE,
    ADDRESS_LIST,
    ARCHIVE,
    RELAY,
    RULE_SET,
    TRAFFIC_POLICY,
    Kind,
    Resource,
    Store,
)

# The member that names a resource, wherever it stands in a document.
_MEMBERS = {
    "Relay": RELAY,
    "TargetArchive": ARCHIVE,
    "AddressLists": ADDRESS_LIST,
    "Analyzer": ADDON_INSTANCE,
}
PENDING_DELETION = "PENDING_DELETION"


def check(store: Store, document: Any, at: str) -> None:
    """Raise ValidationException when the document names what does not exist."""
    for kind, reference in _named(document):
        found = store.find(kind, reference)
        if found is None or found.fields.get("ArchiveState") == PENDING_DELETION:
            raise errors.validation(f"{at}: there is no {kind.title} {reference}")


def check_unused(store: Store, resource: Resource) -> None:
    """Raise ConflictException when a rule set or traffic policy names the resource."""
    users = [
        f"{user.kind.title} {user.name}"
        for user in (*store.all(RULE_SET), *store.all(TRAFFIC_POLICY))
        if any(
            kind == resource.kind and reference in (resource.id, resource.arn)
            for kind, reference in _named(user.fields)
        )
    ]
    if users:
        raise errors.conflict(
            f"{resource.kind.title} {resource.name} is used by {', '.join(users)}"
        )


def _named(document: Any) -> Iterator[tuple[Kind, str]]:
    if isinstance(document, list):
        for item in document:
            yield from _named(item)
    elif isinstance(document, dict):
        for name, item in document.items():
            if name in _MEMBERS and isinstance(item, str):
                yield _MEMBERS[name], item
            elif name == "AddressLists":
                yield from ((ADDRESS_LIST, one) for one in item)
            else:
                yield from _named(item)
