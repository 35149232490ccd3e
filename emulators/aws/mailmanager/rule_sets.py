"""Rule sets: what happens to accepted mail. What they name must exist (ours).

That is relays, archives, address lists and add-on instances; roles, buckets and other resources
of other services are not looked up, only the service itself could use them.
"""

from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager import paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import INGRESS_POINT, RULE_SET, Resource

# Documented: Relay or Send actions in one rule set.
_DELIVERIES = 10


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    rule_set = call.new(RULE_SET, request["RuleSetName"], request)
    _check(call, request["Rules"])
    rule_set.fields = {"Rules": request["Rules"]}
    call.store.add(rule_set)
    return {"RuleSetId": rule_set.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    rule_set = call.store.get(RULE_SET, request["RuleSetId"])
    return {
        "RuleSetId": rule_set.id,
        "RuleSetArn": rule_set.arn,
        "RuleSetName": rule_set.name,
        "CreatedDate": rule_set.created,
        "LastModificationDate": rule_set.modified,
        "Rules": rule_set.fields["Rules"],
    }


def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    rule_set = call.store.get(RULE_SET, request["RuleSetId"])
    if "Rules" in request:
        _check(call, request["Rules"])
    call.rename(rule_set, request.get("RuleSetName"))
    if "Rules" in request:
        rule_set.fields = {"Rules": request["Rules"]}
    rule_set.modified = call.now
    return {}


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    # The operation declares no ResourceNotFoundException: a rule set that is gone is deleted.
    rule_set = call.store.find(RULE_SET, request["RuleSetId"])
    if rule_set is not None:
        check_unused(call, rule_set, "RuleSetId")
        del call.store.resources[rule_set.id]
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return paging.page(call.operation, request, call.store.all(RULE_SET), "RuleSets", _summary)


def check_unused(call: Call, resource: Resource, member: str) -> None:
    """Raise ConflictException when an ingress point names the resource in this member."""
    users = [
        point.name for point in call.store.all(INGRESS_POINT) if point.fields[member] == resource.id
    ]
    if users:
        raise errors.conflict(
            f"{resource.kind.title} {resource.name} is used by ingress point {', '.join(users)}"
        )


def _summary(rule_set: Resource) -> dict[str, Any]:
    return {
        "RuleSetId": rule_set.id,
        "RuleSetName": rule_set.name,
        "LastModificationDate": rule_set.modified,
    }


def _check(call: Call, rules: list[dict[str, Any]]) -> None:
    deliveries = [
        action
        for rule in rules
        for action in rule["Actions"]
        if "Relay" in action or "Send" in action
    ]
    if len(deliveries) > _DELIVERIES:
        raise errors.quota(f"a rule set holds at most {_DELIVERIES} Relay or Send actions")
    references.check(call.store, rules, "Rules")
