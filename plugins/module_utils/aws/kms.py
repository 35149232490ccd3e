# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KMS's API, as far as it is needed, and whose account this is. Calls and renames, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service, Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Scope
from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound

POLICY = "default"


@dataclass(frozen=True)
class Key:
    """state: Enabled, Disabled, PendingDeletion …; manager: CUSTOMER or AWS."""

    id: str
    arn: str
    description: str
    state: str
    manager: str


class Caller(NamedTuple):
    """Who makes the calls, as STS names them, and whose account that is, where."""

    arn: str
    scope: Scope


def caller(services: Services) -> Caller:
    arn = str(services["sts"].call("get_caller_identity")["Arn"])
    partition, account = arn.split(":")[1], arn.split(":")[4]
    return Caller(arn, Scope(partition, account, services["kms"].region))


def scope(services: Services) -> Scope:
    """Partition and account as STS names them, and the region of the calls."""
    return caller(services).scope


def describe(service: Service, identifier: str) -> Key | None:
    """By id, ARN, alias name or alias ARN."""
    try:
        found = service.call("describe_key", KeyId=identifier)["KeyMetadata"]
    except NotFound:
        return None
    return Key(
        id=found["KeyId"],
        arn=found["Arn"],
        description=found.get("Description", ""),
        state=found["KeyState"],
        manager=found.get("KeyManager", "CUSTOMER"),
    )


def policy(service: Service, key: str) -> str:
    return str(service.call("get_key_policy", KeyId=key, PolicyName=POLICY)["Policy"])


def tags(service: Service, key: str) -> dict[str, str]:
    found = service.all("list_resource_tags", "Tags", ("Marker", "NextMarker"), KeyId=key)
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


def aliases(service: Service, **key: str) -> dict[str, str]:
    """Alias to key id, of all keys or of one (KeyId); an alias without a key is left out."""
    found = service.all("list_aliases", "Aliases", ("Marker", "NextMarker"), **key)
    return {each["AliasName"]: each["TargetKeyId"] for each in found if "TargetKeyId" in each}


def ids(service: Service) -> list[str]:
    """Of all keys in the region."""
    found = service.all("list_keys", "Keys", ("Marker", "NextMarker"))
    return [str(each["KeyId"]) for each in found]


def create(service: Service, description: str, text: str, marks: Mapping[str, str]) -> str:
    """Returns the id. text: the policy."""
    made = service.call_unrepeatable(
        "create_key", Description=description, Policy=text, Tags=_tag_list(marks)
    )
    return str(made["KeyMetadata"]["KeyId"])


def create_alias(service: Service, alias: str, key: str) -> None:
    service.call("create_alias", AliasName=alias, TargetKeyId=key)


def describe_as(service: Service, key: str, description: str) -> None:
    service.call("update_key_description", KeyId=key, Description=description)


def put_policy(service: Service, key: str, text: str) -> None:
    service.call("put_key_policy", KeyId=key, PolicyName=POLICY, Policy=text)


def tag(service: Service, key: str, marks: Mapping[str, str]) -> None:
    service.call("tag_resource", KeyId=key, Tags=_tag_list(marks))


def untag(service: Service, key: str, keys: list[str]) -> None:
    service.call("untag_resource", KeyId=key, TagKeys=keys)


def cancel_deletion(service: Service, key: str) -> None:
    service.call("cancel_key_deletion", KeyId=key)


def enable(service: Service, key: str) -> None:
    service.call("enable_key", KeyId=key)


def schedule_deletion(service: Service, key: str, days: int) -> None:
    service.call("schedule_key_deletion", KeyId=key, PendingWindowInDays=days)


def _tag_list(marks: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in marks.items()]
