"""Ingress points: where mail comes in, and the states that they pass through.

A state that passes (PROVISIONING, UPDATING, DEPROVISIONING) is stored with the time at which it
ends and what follows; `settle` moves on what is due, before every call. While one lasts, updates
and deletes are refused with ConflictException (ours). ARecord is there once the point was
ACTIVE. The control endpoint names points that end up FAILED, and VPC endpoints that do not exist:
their points turn ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST.
"""

import hashlib
from typing import Any

from emulators.aws import errors, vault
from emulators.aws.mailmanager import paging, trust_store
from emulators.aws.mailmanager.context import Call, Trouble
from emulators.aws.mailmanager.store import (
    INGRESS_POINT,
    RULE_SET,
    TRAFFIC_POLICY,
    Resource,
    Store,
)

_LIMITS = {"OPEN": 10, "AUTH": 50, "MTLS": 10}
_CONFIGURATIONS = {
    "OPEN": (),
    "AUTH": ("SmtpPassword", "SecretArn"),
    "MTLS": ("TlsAuthConfiguration",),
}
_PASSING = ("PROVISIONING", "UPDATING", "DEPROVISIONING")
_NO_ENDPOINT = "ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST"
_GONE = "gone"
# Documented: how long a replaced password that the service stores still works.
_PREVIOUS_PASSWORD = 14 * 86400.0


def settle(store: Store, now: float, trouble: Trouble) -> None:
    """Move every ingress point on whose passing state is over."""
    for point in list(store.all(INGRESS_POINT)):
        if point.fields["Status"] not in _PASSING:
            _follow_endpoint(point, trouble)
            continue
        if now < point.fields["until"]:
            continue
        if point.fields["then"] == _GONE:
            del store.resources[point.id]
        elif point.name in trouble.failing:
            point.fields["Status"] = "FAILED"
        else:
            point.fields["Status"] = point.fields["then"]
            region = point.arn.split(":")[3]
            mark = hashlib.sha256(point.arn.encode()).hexdigest()[:12]
            point.fields["ARecord"] = f"{point.id}.{mark}.mail-manager-smtp.{region}.amazonaws.com"


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    kind = request["Type"]
    if sum(one.fields["Type"] == kind for one in call.store.all(INGRESS_POINT)) >= _LIMITS[kind]:
        raise errors.quota(f"an account holds at most {_LIMITS[kind]} {kind} ingress points")
    network = request.get("NetworkConfiguration") or {
        "PublicNetworkConfiguration": {"IpType": "IPV4"}
    }
    point = call.new(INGRESS_POINT, request["IngressPointName"], request)
    _check_references(call, request)
    endpoint = network.get("PrivateNetworkConfiguration", {}).get("VpcEndpointId")
    if endpoint in call.trouble.missing_vpc_endpoints:
        raise errors.validation(f"NetworkConfiguration: there is no VPC endpoint {endpoint}")
    point.fields = {
        "Type": kind,
        "RuleSetId": request["RuleSetId"],
        "TrafficPolicyId": request["TrafficPolicyId"],
        "NetworkConfiguration": network,
        "TlsPolicy": _first_tls_policy(call, kind, network, request.get("TlsPolicy")),
        "authentication": _authentication(call, point, kind, request),
    }
    _pass_through(point, "PROVISIONING", call.now + call.timing.provisioning, "ACTIVE")
    call.store.add(point)
    return {"IngressPointId": point.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    point = call.store.get(INGRESS_POINT, request["IngressPointId"])
    fields = point.fields
    answer = {
        "IngressPointId": point.id,
        "IngressPointName": point.name,
        "IngressPointArn": point.arn,
        "Status": fields["Status"],
        "Type": fields["Type"],
        "RuleSetId": fields["RuleSetId"],
        "TrafficPolicyId": fields["TrafficPolicyId"],
        "NetworkConfiguration": fields["NetworkConfiguration"],
        "TlsPolicy": fields["TlsPolicy"],
        "CreatedTimestamp": point.created,
        "LastUpdatedTimestamp": point.modified,
    }
    if "ARecord" in fields:
        answer["ARecord"] = fields["ARecord"]
    if fields["authentication"]:
        include = request.get("IncludeTrustStoreContents") == "INCLUDE"
        answer["IngressPointAuthConfiguration"] = _shown(
            fields["authentication"], call.now, include
        )
    return answer


def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    point = call.store.get(INGRESS_POINT, request["IngressPointId"])
    fields = point.fields
    _check_settled(point)
    _check_references(call, request)
    if "TlsPolicy" in request:
        _check_new_tls_policy(fields, request["TlsPolicy"])
    if "IngressPointConfiguration" in request:
        authentication = _authentication(call, point, fields["Type"], request)
    else:
        authentication = fields["authentication"]
    call.rename(point, request.get("IngressPointName"))
    fields["authentication"] = authentication
    for name in ("RuleSetId", "TrafficPolicyId", "TlsPolicy"):
        if name in request:
            fields[name] = request[name]
    point.modified = call.now
    # What failed has another try; what is closed stays so.
    now_on = fields["Status"] if fields["Status"] in ("ACTIVE", "CLOSED") else "ACTIVE"
    then = request.get("StatusToUpdate", now_on)
    _pass_through(point, "UPDATING", call.now + call.timing.updating, then)
    return {}


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    point = call.store.get(INGRESS_POINT, request["IngressPointId"])
    _check_settled(point)
    _pass_through(point, "DEPROVISIONING", call.now + call.timing.deprovisioning, _GONE)
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    points = call.store.all(INGRESS_POINT)
    return paging.page(call.operation, request, points, "IngressPoints", _summary)


def _follow_endpoint(point: Resource, trouble: Trouble) -> None:
    private = point.fields["NetworkConfiguration"].get("PrivateNetworkConfiguration", {})
    missing = private.get("VpcEndpointId") in trouble.missing_vpc_endpoints
    if missing and point.fields["Status"] != _NO_ENDPOINT:
        point.fields |= {"Status": _NO_ENDPOINT, "then": point.fields["Status"]}
    elif not missing and point.fields["Status"] == _NO_ENDPOINT:
        point.fields["Status"] = point.fields["then"]


def _summary(point: Resource) -> dict[str, Any]:
    summary = {
        "IngressPointId": point.id,
        "IngressPointName": point.name,
        "Status": point.fields["Status"],
        "Type": point.fields["Type"],
    }
    if "ARecord" in point.fields:
        summary["ARecord"] = point.fields["ARecord"]
    return summary


def _pass_through(point: Resource, status: str, until: float, then: str) -> None:
    point.fields |= {"Status": status, "until": until, "then": then}


def _check_settled(point: Resource) -> None:
    if point.fields["Status"] in _PASSING:
        raise errors.conflict(f"ingress point {point.name} is {point.fields['Status']}")


def _check_references(call: Call, request: dict[str, Any]) -> None:
    for member, kind in (("RuleSetId", RULE_SET), ("TrafficPolicyId", TRAFFIC_POLICY)):
        identifier = request.get(member)
        if identifier is None:
            continue
        found = call.store.find(kind, identifier)
        if found is None or found.id != identifier:
            raise errors.validation(f"{member}: there is no {kind.title} {identifier}")


def _north_american(region: str) -> bool:
    return region.startswith(("us-", "ca-"))


def _first_tls_policy(call: Call, kind: str, network: dict[str, Any], wanted: str | None) -> str:
    fips = _north_american(call.scope.region)
    policy = wanted or ("FIPS" if fips else "REQUIRED")
    if policy == "FIPS" and not fips:
        raise errors.validation("TlsPolicy: FIPS is valid in the US and Canada only")
    _check_optional(kind, network, policy)
    return policy


def _check_new_tls_policy(fields: dict[str, Any], policy: str) -> None:
    if policy == "FIPS" or fields["TlsPolicy"] == "FIPS":
        raise errors.validation("TlsPolicy: changes between REQUIRED and OPTIONAL only")
    _check_optional(fields["Type"], fields["NetworkConfiguration"], policy)


def _check_optional(kind: str, network: dict[str, Any], policy: str) -> None:
    private = "PrivateNetworkConfiguration" in network
    if policy == "OPTIONAL" and not (kind == "OPEN" or (kind == "AUTH" and private)):
        raise errors.validation("TlsPolicy: OPTIONAL is for OPEN and private AUTH ingress points")


def _authentication(
    call: Call, point: Resource, kind: str, request: dict[str, Any]
) -> dict[str, Any]:
    """What a client must show, as stored; checked as the service would."""
    configuration = request.get("IngressPointConfiguration") or {}
    allowed = _CONFIGURATIONS[kind]
    if bool(configuration) != bool(allowed) or any(one not in allowed for one in configuration):
        takes = f"one of {', '.join(allowed)}" if allowed else "none"
        raise errors.validation(f"IngressPointConfiguration: type {kind} takes {takes}")
    if "SmtpPassword" in configuration:
        return _password(call, point, configuration["SmtpPassword"])
    if "SecretArn" in configuration:
        vault.check_secret(
            call.scope,
            configuration["SecretArn"],
            members=("password",),
            source_arn=point.arn,
            secret_actions=("secretsmanager:GetSecretValue",),
            key_actions=("kms:Decrypt",),
        )
    if "TlsAuthConfiguration" in configuration:
        trust_store.check(call, point, configuration["TlsAuthConfiguration"])
    return dict(configuration)


def _password(call: Call, point: Resource, password: str) -> dict[str, Any]:
    before = point.fields.get("authentication", {})
    if "SmtpPassword" not in before:
        return {"SmtpPassword": password, "version": 1}
    return {
        "SmtpPassword": password,
        "version": before["version"] + 1,
        "previous": {"SmtpPassword": before["SmtpPassword"], "version": before["version"]},
        "expiry": call.now + _PREVIOUS_PASSWORD,
    }


def _shown(authentication: dict[str, Any], now: float, include: bool) -> dict[str, Any]:
    """As a read returns it: no password ever, the trust store only when it is asked for."""
    if "SecretArn" in authentication:
        return {"SecretArn": authentication["SecretArn"]}
    if "TlsAuthConfiguration" in authentication:
        return {"TlsAuthConfiguration": authentication["TlsAuthConfiguration"] if include else {}}
    versions: dict[str, Any] = {"SmtpPasswordVersion": str(authentication["version"])}
    if now < authentication.get("expiry", 0.0):
        versions["PreviousSmtpPasswordVersion"] = str(authentication["previous"]["version"])
        versions["PreviousSmtpPasswordExpiryTimestamp"] = authentication["expiry"]
    return {"IngressPointPasswordConfiguration": versions}
