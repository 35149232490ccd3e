"""Traffic policies: whose mail is let in at all."""

from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager import paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.rule_sets import check_unused
from emulators.aws.mailmanager.store import TRAFFIC_POLICY, Resource

_MEMBERS = ("PolicyStatements", "DefaultAction", "MaxMessageSizeBytes")
# Documented quotas, which the model does not state.
_STATEMENTS = 20
_CONDITIONS = 10


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policy = call.new(TRAFFIC_POLICY, request["TrafficPolicyName"], request)
    _check(call, request)
    policy.fields = {name: request[name] for name in _MEMBERS if name in request}
    call.store.add(policy)
    return {"TrafficPolicyId": policy.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policy = call.store.get(TRAFFIC_POLICY, request["TrafficPolicyId"])
    return {
        "TrafficPolicyId": policy.id,
        "TrafficPolicyArn": policy.arn,
        "TrafficPolicyName": policy.name,
        **policy.fields,
        "CreatedTimestamp": policy.created,
        "LastUpdatedTimestamp": policy.modified,
    }


def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policy = call.store.get(TRAFFIC_POLICY, request["TrafficPolicyId"])
    _check(call, request)
    call.rename(policy, request.get("TrafficPolicyName"))
    policy.fields |= {name: request[name] for name in _MEMBERS if name in request}
    policy.modified = call.now
    return {}


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policy = call.store.get(TRAFFIC_POLICY, request["TrafficPolicyId"])
    check_unused(call, policy, "TrafficPolicyId")
    del call.store.resources[policy.id]
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policies = call.store.all(TRAFFIC_POLICY)
    return paging.page(call.operation, request, policies, "TrafficPolicies", _summary)


def _summary(policy: Resource) -> dict[str, Any]:
    return {
        "TrafficPolicyId": policy.id,
        "TrafficPolicyName": policy.name,
        "DefaultAction": policy.fields["DefaultAction"],
    }


def _check(call: Call, request: dict[str, Any]) -> None:
    statements = request.get("PolicyStatements", [])
    if len(statements) > _STATEMENTS:
        raise errors.quota(f"a traffic policy holds at most {_STATEMENTS} statements")
    if any(len(statement["Conditions"]) > _CONDITIONS for statement in statements):
        raise errors.quota(f"a statement holds at most {_CONDITIONS} conditions")
    references.check(call.store, statements, "PolicyStatements")
