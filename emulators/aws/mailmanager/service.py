"""From an operation's name and a request's body to its answer, both as JSON values.

Every request is validated against botocore's model first. A ClientToken that comes again with the
same request gets the same answer and nothing happens; with another request it is a conflict (ours).
An operation raises only errors that its model declares: a quota that an update exceeds is therefore
a ValidationException, and an unknown reference is one too.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

from emulators.aws import errors, validation
from emulators.aws.errors import ServiceError
from emulators.aws.mailmanager import (
    ingress_points,
    relays,
    rule_sets,
    tags,
    traffic_policies,
)
from emulators.aws.mailmanager.context import Call, Timing
from emulators.aws.mailmanager.store import Store
from emulators.aws.scope import Scope
from emulators.clock import Clock

Operation = Callable[[Call, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "CreateRelay": relays.create,
    "GetRelay": relays.get,
    "UpdateRelay": relays.update,
    "DeleteRelay": relays.delete,
    "ListRelays": relays.list_,
    "CreateRuleSet": rule_sets.create,
    "GetRuleSet": rule_sets.get,
    "UpdateRuleSet": rule_sets.update,
    "DeleteRuleSet": rule_sets.delete,
    "ListRuleSets": rule_sets.list_,
    "CreateTrafficPolicy": traffic_policies.create,
    "GetTrafficPolicy": traffic_policies.get,
    "UpdateTrafficPolicy": traffic_policies.update,
    "DeleteTrafficPolicy": traffic_policies.delete,
    "ListTrafficPolicies": traffic_policies.list_,
    "CreateIngressPoint": ingress_points.create,
    "GetIngressPoint": ingress_points.get,
    "UpdateIngressPoint": ingress_points.update,
    "DeleteIngressPoint": ingress_points.delete,
    "ListIngressPoints": ingress_points.list_,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_,
}


class MailManager:
    """All accounts and regions. `stores` is what is saved between runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.timing = Timing()
        self.stores: dict[Scope, Store] = {}

    def reset(self) -> None:
        with self._lock:
            self.timing = Timing()
            self.stores.clear()

    def call(self, operation: str, body: bytes, scope: Scope) -> dict[str, Any]:
        """Run one operation. Raises ServiceError."""
        request = _parse(operation, body)
        with self._lock:
            store = self.stores.setdefault(scope, Store())
            now = self._clock.now()
            ingress_points.settle(store, now)
            call = Call(operation, scope, store, now, self.timing)
            try:
                return _once(call, request)
            except ServiceError as error:
                raise _declared(operation, error) from error

    def state(self) -> list[dict[str, Any]]:
        """Kind, id, name and status of everything, for the control endpoint."""
        with self._lock:
            now = self._clock.now()
            for store in self.stores.values():
                ingress_points.settle(store, now)
            return [
                {
                    "account": scope.account,
                    "region": scope.region,
                    "kind": resource.kind.title,
                    "id": resource.id,
                    "name": resource.name,
                }
                | ({"status": resource.fields["Status"]} if "Status" in resource.fields else {})
                for scope, store in self.stores.items()
                for resource in store.resources.values()
            ]


def _parse(operation: str, body: bytes) -> dict[str, Any]:
    model = validation.service_model("mailmanager")
    if operation not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"there is no operation {operation}", 404)
    if operation not in OPERATIONS:
        raise ServiceError("UnknownOperationException", f"{operation} is not emulated", 501)
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "the request is not JSON") from None
    found = validation.problems(model.operation_model(operation).input_shape, request)
    if found:
        raise errors.validation(validation.refusal(found))
    request = _without_nulls(request)
    tags.check(request.get("Tags", []))
    return request


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _once(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    token = request.pop("ClientToken", None)
    run = OPERATIONS[call.operation]
    if token is None:
        return run(call, request)
    # A digest: the request may hold a password, and tokens are kept for good.
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    used = call.store.tokens.get((call.operation, token))
    if used is not None:
        if used[0] != fingerprint:
            raise errors.conflict("ClientToken was used for another request")
        return used[1]
    answer = run(call, request)
    call.store.tokens[call.operation, token] = (fingerprint, answer)
    return answer


def _declared(operation: str, error: ServiceError) -> ServiceError:
    shapes = validation.service_model("mailmanager").operation_model(operation).error_shapes
    if error.code in {shape.name for shape in shapes}:
        return error
    return errors.validation(error.message)
