# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mail Manager's API: its kinds of resource, read and written. Calls and renames, no more."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils._shapes import snake
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service
from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound


@dataclass(frozen=True)
class Kind:
    """shape: its name in the model; title: in sentences; plural: the member of its listing.

    named: the member that names it, where that is not the shape's own.
    """

    shape: str
    title: str
    plural: str
    named: str = ""

    @property
    def id(self) -> str:
        return f"{self.shape}Id"

    @property
    def name(self) -> str:
        return self.named or f"{self.shape}Name"

    @property
    def arn(self) -> str:
        return f"{self.shape}Arn"

    @property
    def method(self) -> str:
        return snake(self.shape)


RELAY = Kind("Relay", "relay", "Relays")
RULE_SET = Kind("RuleSet", "rule set", "RuleSets")
TRAFFIC_POLICY = Kind("TrafficPolicy", "traffic policy", "TrafficPolicies")
INGRESS_POINT = Kind("IngressPoint", "ingress point", "IngressPoints")
ARCHIVE = Kind("Archive", "archive", "Archives")
ADDRESS_LIST = Kind("AddressList", "address list", "AddressLists")
ADDON_SUBSCRIPTION = Kind(
    "AddonSubscription", "add-on subscription", "AddonSubscriptions", named="AddonName"
)
ADDON_INSTANCE = Kind("AddonInstance", "add-on instance", "AddonInstances", named="AddonName")

PENDING_DELETION = "PENDING_DELETION"


@dataclass(frozen=True)
class Named:
    """What a listing tells of a resource; a listing of relays or archives tells no ARN."""

    id: str
    name: str
    status: str = ""
    arn: str = ""


class MailManager:
    """The resources of one account and region. Each listing is read once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._listed: dict[Kind, list[Named]] = {}

    def listed(self, kind: Kind) -> list[Named]:
        if kind not in self._listed:
            found = self.service.all(f"list_{snake(kind.plural)}", kind.plural)
            self._listed[kind] = [
                Named(
                    each[kind.id],
                    each.get(kind.name, ""),
                    each.get("Status", each.get("ArchiveState", "")),
                    each.get(kind.arn, ""),
                )
                for each in found
            ]
        return self._listed[kind]

    def get(self, kind: Kind, identifier: str, **options: Any) -> dict[str, Any]:
        """As the API prints it, times in ISO 8601, always with its id. Raises NotFound."""
        found = self.service.call(f"get_{kind.method}", **{kind.id: identifier}, **options)
        # GetAddonSubscription and GetAddonInstance leave the id out.
        return {kind.id: identifier, **{name: printable(each) for name, each in found.items()}}

    def create(self, kind: Kind, document: Mapping[str, Any]) -> str:
        """Returns the id."""
        made = self.service.call_once(f"create_{kind.method}", **document)
        return str(made[kind.id])

    def update(self, kind: Kind, identifier: str, members: Mapping[str, Any]) -> None:
        self.service.call(f"update_{kind.method}", **{kind.id: identifier}, **members)

    def delete(self, kind: Kind, identifier: str) -> None:
        """Delete; what is gone already is fine."""
        with suppress(NotFound):
            self.service.call(f"delete_{kind.method}", **{kind.id: identifier})

    def tags(self, arn: str) -> dict[str, str]:
        found = self.service.call("list_tags_for_resource", ResourceArn=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self.service.call("tag_resource", ResourceArn=arn, Tags=tag_list(tags))

    def untag(self, arn: str, keys: list[str]) -> None:
        self.service.call("untag_resource", ResourceArn=arn, TagKeys=keys)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def printable(value: Any) -> Any:
    """With times as text, as JSON needs it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: printable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [printable(each) for each in value]
    return value
