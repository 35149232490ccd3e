"""Reads from AWS what the runbook judges: one question, one Reading, never an exception.

Only the names of a secret's keys leave this module; its values are dropped where they are read.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .smtp_server import SignIn
from .values import Reading
from .wanted import Relays

_MISSING = ("ResourceNotFoundException", "NotFoundException", "NoSuchKey")
NOTHING = Reading(problem="not asked for")


@dataclass(frozen=True)
class AwsState:
    """What AWS holds of one onboarding. Values are API documents as boto3 returns them; None: there
    is no such thing. account: the account's number; secret: {"ARN", "KmsKeyId", "keys": […],
    "policy": {…}}; key: {"KeyManager", "aliases", "policy": {…}}."""

    account: Reading
    identity: Reading
    inbound_relay: Reading
    outbound_relay: Reading
    rule_set: Reading
    traffic_policy: Reading
    ingress_point: Reading
    secret: Reading = field(default=NOTHING)
    key: Reading = field(default=NOTHING)


def read(wanted: Relays, *, endpoint_url: str) -> AwsState:
    """The state behind these names, no question asked about a name that is "". endpoint_url: "" for
    the region's own. Credentials are those of the environment."""
    account = _Account(wanted.region, endpoint_url)
    outbound = account.relay(wanted.outbound)
    secret = account.secret(outbound) if wanted.outbound else NOTHING
    return AwsState(
        account=account.number(),
        identity=account.identity(wanted.domain),
        inbound_relay=account.relay(wanted.inbound),
        outbound_relay=outbound,
        rule_set=account.named("rule_set", "RuleSet", wanted.rule_set),
        traffic_policy=account.named(
            "traffic_policy",
            "TrafficPolicy",
            wanted.traffic_policy,
            listed="TrafficPolicies",
            operation="list_traffic_policies",
        ),
        ingress_point=account.named("ingress_point", "IngressPoint", wanted.ingress_point),
        secret=secret,
        key=account.key(secret) if wanted.outbound else NOTHING,
    )


def signing_in(wanted: Relays, state: AwsState, *, endpoint_url: str) -> SignIn | None:
    """How to sign in with the relay's secret; None where there is none to be read."""
    secret = state.secret.value
    if not secret or secret["keys"].problem or not secret["keys"].value:
        return None
    if not {"username", "password"} <= set(secret["keys"].value):
        return None
    account = _Account(wanted.region, endpoint_url)
    return lambda client: account.sign_in(secret["ARN"], client)


class _Account:
    def __init__(self, region: str, endpoint_url: str) -> None:
        session = boto3.Session(region_name=region)
        # The general rate of the SES API is one request a second.
        config = Config(
            retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=10, read_timeout=30
        )
        self._clients = {
            name: session.client(name, endpoint_url=endpoint_url or None, config=config)
            for name in ("mailmanager", "sesv2", "secretsmanager", "kms", "sts")
        }

    def number(self) -> Reading:
        answer = self._ask("sts", "get_caller_identity")
        return answer if answer.problem else Reading(answer.value["Account"], "", answer.source)

    def identity(self, domain: str) -> Reading:
        if not domain:
            return NOTHING
        return self._ask("sesv2", "get_email_identity", EmailIdentity=domain)

    def relay(self, name: str) -> Reading:
        return self.named("relay", "Relay", name)

    def named(
        self, kind: str, member: str, name: str, *, listed: str = "", operation: str = ""
    ) -> Reading:
        """A Mail Manager resource by its name: its document, None when no resource has it."""
        if not name:
            return NOTHING
        operation = operation or f"list_{kind}s"
        source = f"mailmanager:{_camel(operation)}"

        def find() -> list[str]:
            pages = self._clients["mailmanager"].get_paginator(operation).paginate()
            return [
                each[f"{member}Id"]
                for page in pages
                for each in page[listed or f"{member}s"]
                if each.get(f"{member}Name") == name
            ]

        found = _called(find, source)
        if found.problem:
            return found
        if len(found.value) > 1:
            return Reading(problem=f"{source}: {name} is the name of {', '.join(found.value)}")
        if not found.value:
            return Reading(None, "", f"{source} lists no {name}")
        return self._ask("mailmanager", f"get_{kind}", **{f"{member}Id": found.value[0]})

    def secret(self, relay: Reading) -> Reading:
        if relay.problem or relay.value is None:
            return Reading(problem=relay.problem or "the relay does not exist")
        arn = relay.value.get("Authentication", {}).get("SecretArn")
        if arn is None:
            return Reading(None, "", "the relay names no secret")
        described = self._ask("secretsmanager", "describe_secret", SecretId=arn)
        policy = self._ask("secretsmanager", "get_resource_policy", SecretId=arn)
        if described.problem or policy.problem or described.value is None:
            return described if described.problem or not policy.problem else policy
        return Reading(
            {
                "ARN": arn,
                "Name": described.value.get("Name"),
                "RotationEnabled": bool(described.value.get("RotationEnabled")),
                "KmsKeyId": described.value.get("KmsKeyId"),
                "keys": self._secret_keys(arn),
                "policy": json.loads((policy.value or {}).get("ResourcePolicy") or "null"),
            },
            "",
            f"{described.source}, GetResourcePolicy",
        )

    def _secret_keys(self, arn: str) -> Reading:
        source = "secretsmanager:GetSecretValue"

        def names() -> list[str] | None:
            text = (
                self._clients["secretsmanager"].get_secret_value(SecretId=arn).get("SecretString")
            )
            try:
                content = json.loads(text or "")
            except ValueError:
                # The decoder's error quotes what it read.
                return None
            return sorted(content) if isinstance(content, dict) else None

        return _called(names, f"{source} (the names of its keys alone)")

    def key(self, secret: Reading) -> Reading:
        if secret.problem or secret.value is None:
            return Reading(problem=secret.problem or "there is no secret")
        key_id = secret.value["KmsKeyId"]
        if key_id is None:
            return Reading(None, "", f"{secret.source}: no KmsKeyId, hence the AWS managed key")
        described = self._ask("kms", "describe_key", KeyId=key_id)
        if described.problem or described.value is None:
            return described
        metadata = described.value["KeyMetadata"]
        policy = self._ask("kms", "get_key_policy", KeyId=metadata["KeyId"], PolicyName="default")
        if policy.problem or policy.value is None:
            return policy
        source = f"kms:ListAliases {metadata['KeyId']}"
        aliases = _called(lambda: self._aliases(metadata["KeyId"]), source)
        return Reading(
            {
                "Arn": metadata["Arn"],
                "aliases": aliases,
                "KeyManager": metadata["KeyManager"],
                "Enabled": metadata["Enabled"],
                "policy": json.loads(policy.value["Policy"]),
            },
            "",
            "kms:DescribeKey, GetKeyPolicy",
        )

    def _aliases(self, key: str) -> list[str]:
        pages = self._clients["kms"].get_paginator("list_aliases").paginate(KeyId=key)
        return [
            one["AliasName"].removeprefix("alias/") for page in pages for one in page["Aliases"]
        ]

    def sign_in(self, arn: str, client: smtplib.SMTP) -> None:
        """Use the secret's values; they go nowhere else."""
        found = self._clients["secretsmanager"].get_secret_value(SecretId=arn)
        values = json.loads(found["SecretString"])
        client.login(values["username"], values["password"])

    def _ask(self, service: str, operation: str, **parameters: str) -> Reading:
        source = f"{service}:{_camel(operation)} {' '.join(parameters.values())}".strip()
        return _called(lambda: getattr(self._clients[service], operation)(**parameters), source)


def _called(question: Callable[[], Any], source: str) -> Reading:
    try:
        return Reading(question(), "", source)
    except ClientError as error:
        details: Mapping[str, Any] = error.response.get("Error", {})
        if details.get("Code") in _MISSING:
            return Reading(None, "", f"{source}: {details.get('Code')}")
        return Reading(problem=f"{source}: {details.get('Code')}: {details.get('Message')}")
    except BotoCoreError as error:
        return Reading(problem=f"{source}: {error}")


def _camel(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))
