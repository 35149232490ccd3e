"""From an operation's name and a request's body to its answer, both as JSON values.

Every request is validated against botocore's model first. A ClientToken that comes again with the
same request gets the same answer and nothing happens; with another request it is a conflict (ours).
An operation raises only errors that its model declares: a quota that an update exceeds is therefore
a ValidationException, and an unknown reference is one too.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

from emulators.aws import errors, validation
from emulators.aws.consistency import Consistency, History
from emulators.aws.errors import ServiceError
from emulators.aws.mailmanager import address_imports, archive_jobs, links, tags
from emulators.aws.mailmanager.context import Call, Timing, Trouble
from emulators.aws.mailmanager.operations import OPERATIONS, settle
from emulators.aws.mailmanager.references import PENDING_DELETION
from emulators.aws.mailmanager.store import ARCHIVE, Message, Resource, Store, new_id
from emulators.aws.scope import Scope
from emulators.clock import Clock


class MailManager:
    """All accounts and regions. `stores` is what is saved between runs."""

    def __init__(self, clock: Clock, consistency: Consistency) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._history = History(consistency)
        self.timing = Timing()
        self.trouble = Trouble()
        self.stores: dict[Scope, Store] = {}

    def reset(self) -> None:
        with self._lock:
            self.timing, self.trouble = Timing(), Trouble()
            self._history.clear()
            self.stores.clear()

    def call(self, operation: str, body: bytes, scope: Scope, url: str) -> dict[str, Any]:
        """Run one operation; `url` is where the caller reached us. Raises ServiceError."""
        request = _parse(operation, body)
        with self._lock:
            live, now = self._settled(scope)
            store = self._history.view(operation, scope, live, now)
            call = Call(operation, scope, store, now, self.timing, self.trouble, url)
            try:
                return _once(call, request)
            except ServiceError as error:
                raise _declared(operation, error) from error

    def follow(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> bytes:
        """Do what a signed link says, and return its content. Raises ServiceError as S3 does."""
        target = links.target(path)
        with self._lock:
            store, now = self._settled(target.scope)
            links.check(store, method, path, query, now)
            try:
                if method == "GET":
                    return archive_jobs.reachable(store, target.item).content
                address_imports.upload(store, target.item, body)
                return b""
            except ServiceError as error:
                raise ServiceError("AccessDenied", error.message, 403) from error

    def archive(
        self,
        scope: Scope,
        archive: str,
        content: bytes,
        envelope: dict[str, Any],
        metadata: dict[str, Any],
        received: float | None = None,
    ) -> str:
        """Put a message into an archive (id or ARN), as a rule would, and return its id.

        Raises LookupError when there is no such archive, ValueError when it is being deleted.
        """
        with self._lock:
            store, now = self._settled(scope)
            found = store.find(ARCHIVE, archive)
            if found is None:
                raise LookupError(f"there is no archive {archive} in {scope.region}")
            if found.fields["ArchiveState"] == PENDING_DELETION:
                raise ValueError(f"archive {found.name} is being deleted")
            when = now if received is None else received
            message = Message(new_id("m-"), found.id, when, content, envelope, metadata)
            store.messages[message.id] = message
            return message.id

    def state(self) -> list[dict[str, Any]]:
        """Kind, id, name, status and A record of everything, for the control endpoint."""
        with self._lock:
            for scope in self.stores:
                self._settled(scope)
            return [
                {
                    "account": scope.account,
                    "region": scope.region,
                    "kind": resource.kind.title,
                    "id": resource.id,
                    "name": resource.name,
                }
                | _status(resource)
                for scope, store in self.stores.items()
                for resource in store.resources.values()
            ]

    def _settled(self, scope: Scope) -> tuple[Store, float]:
        """The store of an account and region, as it is by now."""
        store = self.stores.setdefault(scope, Store())
        now = self._clock.now()
        settle(store, scope, now, self.trouble)
        return store, now


def _status(resource: Resource) -> dict[str, str]:
    shown = {}
    for member in ("Status", "ArchiveState", "State"):
        if member in resource.fields:
            shown = {"status": resource.fields[member]}
            break
    if "ARecord" in resource.fields:
        shown["a_record"] = resource.fields["ARecord"]
    return shown


def _parse(operation: str, body: bytes) -> dict[str, Any]:
    model = validation.service_model("mailmanager")
    if operation not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"there is no operation {operation}", 404)
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "the request is not JSON") from None
    found = validation.problems(model.operation_model(operation).input_shape, request)
    if found:
        raise errors.validation(validation.refusal(found))
    request = dict(_without_nulls(request))
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
