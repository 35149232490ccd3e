"""Every cmdlet that is served, and who may run it.

A role that may not run a cmdlet does not have it: to that caller it is as unknown as a cmdlet that
does not exist. Without any of these directory roles the application has no business here at all.
"""

from __future__ import annotations

from collections.abc import Collection

from emulators.exchange_online import connectors, filters, tenant, trace
from emulators.exchange_online.cmdlet import Cmdlet
from emulators.login.directory import DIRECTORY_ROLES

CMDLETS: dict[str, Cmdlet] = {
    **filters.CMDLETS,
    **connectors.CMDLETS,
    **tenant.CMDLETS,
    **trace.CMDLETS,
}
_BY_NAME = {name.lower(): name for name in CMDLETS}
_READS = frozenset(name for name in CMDLETS if name.startswith("Get-"))
# Anti-spam settings belong to security administrators, connectors and the organization do not.
_SECURITY = _READS | frozenset(filters.CMDLETS)

_ROLES = {
    DIRECTORY_ROLES["Global Administrator"]: frozenset(CMDLETS),
    DIRECTORY_ROLES["Exchange Administrator"]: frozenset(CMDLETS),
    DIRECTORY_ROLES["Security Administrator"]: _SECURITY,
    DIRECTORY_ROLES["Global Reader"]: _READS,
    DIRECTORY_ROLES["Security Reader"]: _READS,
}


def is_administrator(wids: Collection[str]) -> bool:
    """Whether any directory role lets the application in."""
    return any(role in _ROLES for role in wids)


def find(name: str, wids: Collection[str]) -> tuple[str, Cmdlet] | None:
    """The cmdlet that these directory roles may run, with its own spelling, or None."""
    spelled = _BY_NAME.get(name.lower())
    if spelled is None or not any(spelled in _ROLES.get(role, ()) for role in wids):
        return None
    return spelled, CMDLETS[spelled]
