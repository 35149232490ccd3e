# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets Manager's API, as far as it is needed. Calls and renames, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import tag_list
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError, NotFound

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")


@dataclass(frozen=True)
class Secret:
    """A secret without its value.

    key: as it was given to the service, "" for the account's own. versions: staging label to the id
    of the version that bears it. rotates: whether a function changes the value on a schedule.
    """

    arn: str
    name: str
    description: str
    key: str
    tags: dict[str, str]
    deleted: bool
    versions: dict[str, str] = field(default_factory=dict)
    rotates: bool = False
    function: str = ""
    rules: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def describe(service: Service, identifier: str) -> Secret | None:
    """By name or ARN; a secret that is scheduled for deletion too."""
    try:
        found = service.call("describe_secret", SecretId=identifier)
    except NotFound:
        return None
    return Secret(
        arn=found["ARN"],
        name=found["Name"],
        description=found.get("Description", ""),
        key=found.get("KmsKeyId", ""),
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        deleted=found.get("DeletedDate") is not None,
        versions={
            label: version
            for version, labels in found.get("VersionIdsToStages", {}).items()
            for label in labels
        },
        rotates=bool(found.get("RotationEnabled")),
        function=found.get("RotationLambdaARN", ""),
        rules=found.get("RotationRules", {}),
        details=found,
    )


def arn_of(service: Service, name: str) -> str | None:
    """The ARN of a secret that can be used. Raises GatepostError for one that is to be deleted."""
    found = describe(service, name)
    if found is not None and found.deleted:
        raise GatepostError(f"secret {name} is scheduled for deletion; restore it first")
    return found.arn if found else None


def listed(service: Service) -> list[str]:
    """The ARNs of all secrets that are not to be deleted."""
    return [str(each["ARN"]) for each in service.all("list_secrets", "SecretList")]


def value(service: Service, arn: str, label: str = CURRENT) -> str | None:
    """The text of the version with this label; None if there is no version, or no text in it."""
    try:
        found = service.call("get_secret_value", SecretId=arn, VersionStage=label)
    except NotFound:
        return None
    text = found.get("SecretString")
    return str(text) if text is not None else None


def policy(service: Service, arn: str) -> str | None:
    """The resource policy as JSON text."""
    found = service.call("get_resource_policy", SecretId=arn).get("ResourcePolicy")
    return str(found) if found else None


def create(service: Service, secret: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Returns the ARN."""
    request = {**secret, **({"Tags": tag_list(tags)} if tags else {})}
    return str(service.call_once("create_secret", "ClientRequestToken", **request)["ARN"])


def update(service: Service, arn: str, members: Mapping[str, Any]) -> None:
    service.call_once("update_secret", "ClientRequestToken", SecretId=arn, **members)


def random_password(service: Service, length: int) -> str:
    """Letters and digits, which every server takes."""
    found = service.call("get_random_password", PasswordLength=length, ExcludePunctuation=True)
    return str(found["RandomPassword"])


def put_value(service: Service, arn: str, text: str, label: str) -> None:
    """A new version. With AWSCURRENT, the service gives AWSPREVIOUS to the one before."""
    service.call_once(
        "put_secret_value",
        "ClientRequestToken",
        SecretId=arn,
        SecretString=text,
        VersionStages=[label],
    )


def move_current(service: Service, arn: str, old: str, new: str) -> None:
    """The service gives AWSPREVIOUS to the old version."""
    service.call(
        "update_secret_version_stage",
        SecretId=arn,
        VersionStage=CURRENT,
        RemoveFromVersionId=old,
        MoveToVersionId=new,
    )


def take_label(service: Service, arn: str, label: str, version: str) -> None:
    service.call(
        "update_secret_version_stage",
        SecretId=arn,
        VersionStage=label,
        RemoveFromVersionId=version,
    )


def rotate(service: Service, arn: str, **settings: Any) -> None:
    """Set how the secret rotates, start a rotation, or both, as the settings say."""
    service.call_once("rotate_secret", "ClientRequestToken", SecretId=arn, **settings)


def cancel_rotation(service: Service, arn: str) -> None:
    service.call("cancel_rotate_secret", SecretId=arn)


def put_policy(service: Service, arn: str, text: str) -> None:
    service.call("put_resource_policy", SecretId=arn, ResourcePolicy=text, BlockPublicPolicy=True)


def restore(service: Service, arn: str) -> None:
    service.call("restore_secret", SecretId=arn)


def delete(service: Service, arn: str, days: int) -> None:
    service.call("delete_secret", SecretId=arn, RecoveryWindowInDays=days)


def tag(service: Service, arn: str, tags: Mapping[str, str]) -> None:
    service.call("tag_resource", SecretId=arn, Tags=tag_list(tags))


def untag(service: Service, arn: str, keys: list[str]) -> None:
    service.call("untag_resource", SecretId=arn, TagKeys=keys)
