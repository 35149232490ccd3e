"""What one call sees, and the steps that all creates share."""

from dataclasses import dataclass, replace
from typing import Any

from emulators.aws.mailmanager import store
from emulators.aws.mailmanager.store import Kind, Resource, Store
from emulators.aws.scope import Scope


@dataclass(frozen=True)
class Timing:
    """Seconds of the emulated clock that passing states last (ours).

    The first three are an ingress point's; then address list imports, archive searches, exports.
    """

    provisioning: float = 1.0
    updating: float = 0.5
    deprovisioning: float = 0.5
    importing: float = 0.5
    searching: float = 0.5
    exporting: float = 0.5

    def changed(self, document: Any) -> "Timing":
        """With some values replaced. Raises ValueError naming a wrong one."""
        if not isinstance(document, dict):
            raise ValueError("the body must be an object")
        for name, value in document.items():
            if name not in Timing.__dataclass_fields__:
                known = ", ".join(Timing.__dataclass_fields__)
                raise ValueError(f"{name}: unknown; known are {known}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: must be a number of seconds")
        return replace(self, **document)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with ingress points: names of those that fail, VPC endpoints that are not."""

    failing: tuple[str, ...] = ()
    missing_vpc_endpoints: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Any) -> "Trouble":
        """From JSON. Raises ValueError naming the member that is wrong."""
        if not isinstance(document, dict):
            raise ValueError("the body must be an object")
        for name, value in document.items():
            if name not in cls.__dataclass_fields__:
                raise ValueError(
                    f"{name}: unknown; known are {', '.join(cls.__dataclass_fields__)}"
                )
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise ValueError(f"{name}: must be a list of texts")
        return cls(**{name: tuple(value) for name, value in document.items()})


@dataclass(frozen=True)
class Call:
    """One call: whose, on what, when."""

    operation: str
    scope: Scope
    store: Store
    now: float
    timing: Timing
    trouble: Trouble
    url: str
    """where the caller reaches the emulator: links that are handed out start with it"""

    def new(self, kind: Kind, name: str, request: dict[str, Any]) -> Resource:
        """A resource not yet in the store, its name free and its quota not reached."""
        self.store.check_name(kind, name)
        self.store.check_quota(kind)
        return self.make(kind, name, request)

    def make(self, kind: Kind, name: str, request: dict[str, Any]) -> Resource:
        """A resource not yet in the store, whatever there is beside it."""
        identifier = store.new_id(kind.prefix)
        return Resource(
            kind=kind,
            id=identifier,
            arn=self.arn(kind, identifier) if kind.arn else "",
            name=name,
            sequence=self.store.next_sequence(),
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
