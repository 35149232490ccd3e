"""Relays: where mail goes next, and with which credentials."""

from typing import Any

from emulators.aws import vault
from emulators.aws.mailmanager import paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import RELAY, Resource

_MEMBERS = ("ServerName", "ServerPort", "Authentication")


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    relay = call.new(RELAY, request["RelayName"], request)
    _check_authentication(call, relay, request)
    relay.fields = {name: request[name] for name in _MEMBERS}
    call.store.add(relay)
    return {"RelayId": relay.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    relay = call.store.get(RELAY, request["RelayId"])
    return {
        "RelayId": relay.id,
        "RelayArn": relay.arn,
        "RelayName": relay.name,
        **relay.fields,
        "CreatedTimestamp": relay.created,
        "LastModifiedTimestamp": relay.modified,
    }


def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    relay = call.store.get(RELAY, request["RelayId"])
    _check_authentication(call, relay, request)
    call.rename(relay, request.get("RelayName"))
    relay.fields |= {name: request[name] for name in _MEMBERS if name in request}
    relay.modified = call.now
    return {}


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    relay = call.store.get(RELAY, request["RelayId"])
    references.check_unused(call.store, relay)
    del call.store.resources[relay.id]
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return paging.page(call.operation, request, call.store.all(RELAY), "Relays", _summary)


def _summary(relay: Resource) -> dict[str, Any]:
    return {
        "RelayId": relay.id,
        "RelayName": relay.name,
        "LastModifiedTimestamp": relay.modified,
    }


def _check_authentication(call: Call, relay: Resource, request: dict[str, Any]) -> None:
    secret = request.get("Authentication", {}).get("SecretArn")
    if secret:
        vault.check_secret(
            call.scope,
            secret,
            members=("username", "password"),
            source_arn=relay.arn,
            secret_actions=("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
            key_actions=("kms:Decrypt", "kms:DescribeKey"),
        )
