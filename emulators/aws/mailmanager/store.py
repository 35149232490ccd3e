"""The resources of one account and region, as plain data that can be pickled."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from emulators.aws import errors

# Lowercase letters and digits, as in the identifiers that the service hands out.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Kind:
    """A resource type: what its ids start with, its part in an ARN, and the quota of an account.

    `arn` empty: a job, which has no ARN and shares its name with others.
    """

    title: str
    prefix: str
    arn: str
    limit: int | None


RELAY = Kind("relay", "r-", "mailmanager-smtp-relay", 40)
RULE_SET = Kind("rule set", "rs-", "mailmanager-rule-set", 40)
TRAFFIC_POLICY = Kind("traffic policy", "tp-", "mailmanager-traffic-policy", 100)
INGRESS_POINT = Kind("ingress point", "inp-", "mailmanager-ingress-point", None)
ARCHIVE = Kind("archive", "a-", "mailmanager-archive", None)
ADDRESS_LIST = Kind("address list", "al-", "mailmanager-address-list", 100)
ADDON_SUBSCRIPTION = Kind("add-on subscription", "as-", "addon-subscription", None)
ADDON_INSTANCE = Kind("add-on instance", "ai-", "addon-instance", None)
IMPORT_JOB = Kind("import job", "ij-", "", None)
SEARCH = Kind("archive search", "s-", "", None)
EXPORT = Kind("archive export", "e-", "", None)


@dataclass
class Resource:
    """One resource. `fields` holds what its kind's own file put there; times are epoch seconds."""

    kind: Kind
    id: str
    arn: str
    name: str
    sequence: int
    created: float
    modified: float
    fields: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Message:
    """One archived message. `envelope` and `metadata` are in the shapes of GetArchiveMessage."""

    id: str
    archive: str
    received: float
    content: bytes
    envelope: dict[str, Any]
    metadata: dict[str, Any]


@dataclass
class Store:
    resources: dict[str, Resource] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """(operation, ClientToken) to a digest of the request that used it, and its answer"""
    sequence: int = 0
    messages: dict[str, Message] = field(default_factory=dict)
    """what the archives hold, by message id"""
    link_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """signs the links to uploads and downloads of this account and region"""

    def all(self, kind: Kind) -> Iterator[Resource]:
        """Resources of a kind in the order of their creation."""
        return (one for one in self.resources.values() if one.kind == kind)

    def find(self, kind: Kind, id_or_arn: str) -> Resource | None:
        found = self.resources.get(id_or_arn.rpartition("/")[2])
        if found is None or found.kind != kind or id_or_arn not in (found.id, found.arn):
            return None
        return found

    def get(self, kind: Kind, identifier: str) -> Resource:
        """By id. Raises ResourceNotFoundException."""
        found = self.resources.get(identifier)
        if found is None or found.kind != kind:
            raise errors.not_found(f"there is no {kind.title} {identifier}")
        return found

    def by_arn(self, arn: str) -> Resource:
        """Raises ResourceNotFoundException."""
        found = self.resources.get(arn.rpartition("/")[2])
        if found is None or found.arn != arn:
            raise errors.not_found(f"there is no resource {arn}")
        return found

    def check_name(self, kind: Kind, name: str, of: Resource | None = None) -> None:
        """Raise ConflictException when another resource of the kind has the name."""
        if any(one.name == name and one is not of for one in self.all(kind)):
            raise errors.conflict(f"a {kind.title} named {name} exists already")

    def check_quota(self, kind: Kind) -> None:
        if kind.limit is not None and len(list(self.all(kind))) >= kind.limit:
            raise errors.quota(f"an account holds at most {kind.limit} {kind.title}s")

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def add(self, resource: Resource) -> None:
        self.resources[resource.id] = resource


def new_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(26))
