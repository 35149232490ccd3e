"""What one call sees, and the steps that all creates share."""

from dataclasses import dataclass, replace
from typing import Any

from emulators.aws.mailmanager import store
from emulators.aws.mailmanager.store import Kind, Resource, Store
from emulators.aws.scope import Scope


@dataclass(frozen=True)
class Timing:
    """Seconds of the emulated clock that an ingress point stays in a passing state (ours)."""

    provisioning: float = 1.0
    updating: float = 0.5
    deprovisioning: float = 0.5

    def changed(self, document: Any) -> "Timing":
        """With some values replaced. Raises ValueError naming a wrong one."""
        if not isinstance(document, dict):
            raise ValueError("the body must be an object")
        for name, value in document.items():
            if name not in Timing.__dataclass_fields__:
                raise ValueError(
                    f"{name}: unknown; known are provisioning, updating, deprovisioning"
                )
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: must be a number of seconds")
        return replace(self, **document)


@dataclass(frozen=True)
class Call:
    """One call: whose, on what, when."""

    operation: str
    scope: Scope
    store: Store
    now: float
    timing: Timing

    def new(self, kind: Kind, name: str, request: dict[str, Any]) -> Resource:
        """A resource not yet in the store, its name free and its quota not reached."""
        self.store.check_name(kind, name)
        self.store.check_quota(kind)
        identifier = store.new_id(kind)
        self.store.sequence += 1
        return Resource(
            kind=kind,
            id=identifier,
            arn=self.arn(kind, identifier),
            name=name,
            sequence=self.store.sequence,
            created=self.now,
            modified=self.now,
            fields={},
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
        )

    def arn(self, kind: Kind, identifier: str) -> str:
        scope = self.scope
        return f"arn:{scope.partition}:ses:{scope.region}:{scope.account}:{kind.arn}/{identifier}"

    def rename(self, resource: Resource, name: str | None) -> None:
        if name is not None:
            self.store.check_name(resource.kind, name, of=resource)
            resource.name = name
