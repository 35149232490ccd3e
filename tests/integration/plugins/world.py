"""What there is in the emulated AWS, asked with boto3 and told without what differs by chance.

Two worlds that came about in different ways are equal if the same resources are in the same states:
ids become the names of what they mean, times and version ids go, secrets become what they hold.
"""

import functools
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import boto3

KINDS = {
    "Archive": "Archives",
    "AddressList": "AddressLists",
    "AddonSubscription": "AddonSubscriptions",
    "AddonInstance": "AddonInstances",
    "Relay": "Relays",
    "RuleSet": "RuleSets",
    "TrafficPolicy": "TrafficPolicies",
    "IngressPoint": "IngressPoints",
}
"""Kinds of Mail Manager by the member that lists them, those before that others refer to."""
_VOLATILE = ("Timestamp", "Date", "ResponseMetadata", "ARecord")
_DELETION = "DeletionDate"

Census = dict[str, Any]


def _client(service: str) -> Any:
    return _kept_client(service, os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_DEFAULT_REGION"])


@functools.cache
def _kept_client(service: str, endpoint: str, region: str) -> Any:
    return boto3.client(service, endpoint_url=endpoint, region_name=region)


def census() -> Census:
    """Everything, by `kind name`; several of one name are a list longer than one."""
    found: dict[str, list[Any]] = {}
    names: dict[str, str] = {}
    for title, document in (*_keys(names), *_secrets(names), *_mail_manager(names)):
        found.setdefault(title, []).append(document)
    for title, document in (*_identities(), *_records()):
        found.setdefault(title, []).append(document)
    return {title: _renamed(documents, names) for title, documents in sorted(found.items())}


def _mail_manager(names: dict[str, str]) -> list[tuple[str, Any]]:
    client = _client("mailmanager")
    found = []
    for kind, member in KINDS.items():
        for listed in _all(getattr(client, f"list_{_snake(member)}"), member):
            identifier = listed[f"{kind}Id"]
            get = getattr(client, f"get_{_snake(kind)}")
            extra = {"IncludeTrustStoreContents": "INCLUDE"} if kind == "IngressPoint" else {}
            document = get(**{f"{kind}Id": identifier}, **extra)
            arn = document[f"{kind}Arn"]
            name = document.get(f"{kind}Name") or document.get("AddonName") or kind
            names |= {identifier: f"<{kind} {name}>"}
            tags = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
            if kind == "AddressList":
                document["Members"] = _members(client, identifier)
            found.append((f"{kind} {name}", {**_lasting(document), "Tags": _tags(tags)}))
    return found


def _members(client: Any, identifier: str) -> list[str]:
    def page(**token: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = client.list_members_of_address_list(
            AddressListId=identifier, **token
        )
        return answer

    return sorted(each["Address"] for each in _all(page, "Addresses"))


def _keys(names: dict[str, str]) -> list[tuple[str, Any]]:
    client = _client("kms")
    aliases: dict[str, list[str]] = {}
    for each in client.list_aliases()["Aliases"]:
        if "TargetKeyId" in each and not each["AliasName"].startswith("alias/aws/"):
            aliases.setdefault(each["TargetKeyId"], []).append(each["AliasName"])
    found = []
    for listed in client.list_keys()["Keys"]:
        key = listed["KeyId"]
        facts = client.describe_key(KeyId=key)["KeyMetadata"]
        if facts["KeyManager"] != "CUSTOMER":
            continue
        title = f"key {', '.join(sorted(aliases.get(key, ['without alias'])))}"
        names[key] = f"<{title}>"
        document = {
            "state": facts["KeyState"],
            "description": facts["Description"],
            "tags": {
                each["TagKey"]: each["TagValue"]
                for each in client.list_resource_tags(KeyId=key)["Tags"]
            },
        }
        if facts["KeyState"] != "PendingDeletion":
            policy = client.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
            document["policy"] = json.loads(policy)
        found.append((title, document))
    return found


def _secrets(names: dict[str, str]) -> list[tuple[str, Any]]:
    client = _client("secretsmanager")
    found = []
    for listed in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        facts = client.describe_secret(SecretId=listed["ARN"])
        title = f"secret {facts['Name']}"
        names[facts["ARN"].rpartition("-")[2]] = f"<{title}>"
        document = {
            "description": facts.get("Description", ""),
            "key": facts.get("KmsKeyId"),
            "tags": _tags(facts.get("Tags", [])),
            "deleted": _DELETION in facts or "DeletedDate" in facts,
            "rotation": facts.get("RotationRules") if facts.get("RotationEnabled") else None,
        }
        if not document["deleted"]:
            document["policy"] = client.get_resource_policy(SecretId=listed["ARN"]).get(
                "ResourcePolicy"
            )
            document["values"] = {
                label: client.get_secret_value(SecretId=listed["ARN"], VersionStage=label)[
                    "SecretString"
                ]
                for labels in facts["VersionIdsToStages"].values()
                for label in labels
            }
        found.append((title, document))
    return found


def _identities() -> list[tuple[str, Any]]:
    client = _client("sesv2")
    return [
        (
            f"identity {each['IdentityName']}",
            _lasting(client.get_email_identity(EmailIdentity=each["IdentityName"])),
        )
        for each in client.list_email_identities()["EmailIdentities"]
    ]


def _records() -> list[tuple[str, Any]]:
    client = _client("route53")
    return [
        (f"record {each['Type']} {each['Name']}", each)
        for zone in client.list_hosted_zones()["HostedZones"]
        for each in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if each["Type"] not in ("NS", "SOA")
    ]


def _all(call: Callable[..., Mapping[str, Any]], member: str) -> list[Any]:
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = call(**token)
        found += page[member]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


def _lasting(document: Any) -> Any:
    if isinstance(document, dict):
        return {
            name: _lasting(each) for name, each in document.items() if not name.endswith(_VOLATILE)
        }
    return [_lasting(each) for each in document] if isinstance(document, list) else document


def _renamed(document: Any, names: Mapping[str, str]) -> Any:
    text = json.dumps(document, sort_keys=True, default=str)
    for identifier, name in names.items():
        text = text.replace(identifier, name)
    return json.loads(text)
