"""What a cmdlet is: its parameters and a function of the organization and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emulators.exchange_online import errors
from emulators.exchange_online.organization import Object, Organization
from emulators.exchange_online.parameters import Arguments, Kind


@dataclass(frozen=True)
class Result:
    """What a cmdlet answers. objects None: an empty body, as most that write do."""

    objects: list[Object] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cmdlet:
    """One cmdlet. hydrated: it is refused in a dehydrated organization."""

    run: Callable[[Organization, Arguments], Result]
    parameters: Mapping[str, Kind] = field(default_factory=dict)
    mandatory: tuple[str, ...] = ()
    hydrated: bool = False


def getter(kind: str) -> Callable[[Organization, Arguments], Result]:
    """A Get- cmdlet of stored objects."""

    def run(organization: Organization, arguments: Arguments) -> Result:
        return Result(organization.read(kind, arguments.get("Identity")))

    return run


def setter(
    kind: str, judged: Callable[[Organization, Object], Object] = lambda _organization, new: new
) -> Callable[[Organization, Arguments], Result]:
    """A Set- cmdlet of stored objects; `judged` refuses the new object or gives it as stored."""

    def run(organization: Organization, arguments: Arguments) -> Result:
        old = organization.get(kind, arguments.get("Identity"))
        new = judged(organization, arguments.applied(old, "Identity"))
        if arguments.what_if or organization.replace(kind, old, new):
            return Result()
        return Result(
            warnings=(
                "The command completed successfully but no settings of "
                f"'{old['Name']}' have been modified.",
            )
        )

    return run


def remover(
    kind: str, check: Callable[[Organization, Object], None] = lambda _organization, _old: None
) -> Callable[[Organization, Arguments], Result]:
    """A Remove- cmdlet of stored objects; `check` may refuse."""

    def run(organization: Organization, arguments: Arguments) -> Result:
        old = organization.get(kind, arguments.get("Identity"))
        check(organization, old)
        if not arguments.what_if:
            organization.remove(kind, old)
        return Result()

    return run


def refuse_unknown_policy(organization: Organization, kind: str, name: str) -> None:
    """Raises CmdletError where no object of that kind has the name."""
    if not any(one["Name"].lower() == name.lower() for one in organization.all(kind)):
        raise errors.not_found(name)
