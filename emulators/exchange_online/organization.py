"""All state of the emulated Exchange Online organization, behind one lock.

Promises: a write is whole or not at all and is in force for mail at once; reads may show the state
before it for a counted number of calls (`stale_reads`); a dehydrated organization refuses writes
until Enable-OrganizationCustomization has run and as many more were refused as `hydration` says,
and the flag that tells it lags by `flag_lag` reads. Lags are counted, not timed, so that nobody
waits.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from emulators.clock import Clock
from emulators.exchange_online import errors, initial
from emulators.maildrop import Maildrop

Object = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What control may set.

    domains: accepted domains, the default first. unknown_users: addresses in them without a
    mailbox. dehydrated, hydration, flag_lag, stale_reads: see the module. concurrency: requests at
    once, more are refused; 0: no limit. trace_lag, mail_lag: seconds until a message can be traced,
    until it can be read.
    """

    domains: tuple[str, ...] = ("acme.onmicrosoft.com", "acme.com")
    unknown_users: tuple[str, ...] = ()
    dehydrated: bool = False
    hydration: int = 0
    flag_lag: int = 0
    stale_reads: int = 0
    concurrency: int = 0
    trace_lag: float = 0.0
    mail_lag: float = 0.0


@dataclass(frozen=True)
class Trace:
    """One recipient of one message in the message trace. events: (time, event, detail, data)."""

    trace_id: str
    message_id: str
    received: datetime
    sender: str
    recipient: str
    subject: str
    status: str
    from_ip: str
    size: int
    events: tuple[tuple[datetime, str, str, str], ...] = ()


class _Store:
    """Objects of one kind by lower-case name: as they are, and as reads still show them."""

    def __init__(self) -> None:
        self.current: dict[str, Object] = {}
        self.shown: dict[str, Object] = {}
        self.stale = 0


class Organization:
    """The organization. `maildrop` holds what its mailboxes took (server "microsoft")."""

    def __init__(self, clock: Clock, maildrop: Maildrop) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self.maildrop = maildrop
        self.guid = str(uuid.uuid4())
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.settings = Settings()
            self._enabled = False
            self._settling = 0
            self._flag_reads = 0
            self._traces: list[Trace] = []
            self._stores = {kind: _Store() for kind in initial.KINDS}
            for kind, found in initial.objects().items():
                for one in found:
                    self._stores[kind].current[one["Name"].lower()] = self._stamped(one)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def locked(self) -> AbstractContextManager[Any]:
        """Hold everything still: what a cmdlet reads and writes belongs together."""
        return self._lock

    def configure(self, **changes: Any) -> None:
        """Replace members of `settings`."""
        with self._lock:
            self.settings = replace(self.settings, **changes)
            if "dehydrated" in changes:
                self._enabled, self._settling, self._flag_reads = False, 0, 0

    # Objects

    def all(self, kind: str) -> list[Object]:
        """The objects in force, as mail meets them."""
        with self._lock:
            return [dict(one) for one in self._stores[kind].current.values()]

    def read(self, kind: str, identity: str | None = None) -> list[Object]:
        """The objects as a Get- cmdlet shows them now. Raises CmdletError for an unknown one."""
        with self._lock:
            store = self._stores[kind]
            if store.stale:
                store.stale -= 1
                found = store.shown
            else:
                found = store.current
            objects = [dict(one) for one in found.values()]
        if identity is None:
            return objects
        for one in objects:
            if identity.lower() in (one["Name"].lower(), one["Guid"]):
                return [one]
        raise errors.not_found(identity)

    def get(self, kind: str, identity: str) -> Object:
        """The object in force that a Set- or Remove- cmdlet names. Raises CmdletError."""
        for one in self.all(kind):
            if identity.lower() in (one["Name"].lower(), one["Guid"]):
                return one
        raise errors.not_found(identity)

    def add(self, kind: str, value: Mapping[str, Any]) -> Object:
        """Store a new object. Raises CmdletError where its name is taken."""
        with self._lock:
            if value["Name"].lower() in self._stores[kind].current:
                raise errors.already_exists(value["Name"])
            new = self._stamped(value)
            self._write(kind, {**self._stores[kind].current, new["Name"].lower(): new})
            return dict(new)

    def replace(self, kind: str, old: Object, new: Object) -> bool:
        """Store a changed object in the place of the old one; whether anything changed."""
        with self._lock:
            if new == old:
                return False
            current = self._stores[kind].current
            name = new["Name"].lower()
            if name != old["Name"].lower() and name in current:
                raise errors.already_exists(new["Name"])
            new = {**new, "Identity": new["Name"], "WhenChanged": self.now()}
            self._write(
                kind,
                {
                    (name if key == old["Name"].lower() else key): (
                        new if key == old["Name"].lower() else one
                    )
                    for key, one in current.items()
                },
            )
            return True

    def remove(self, kind: str, old: Object) -> None:
        with self._lock:
            current = self._stores[kind].current
            self._write(kind, {k: v for k, v in current.items() if k != old["Name"].lower()})

    def _write(self, kind: str, objects: dict[str, Object]) -> None:
        store = self._stores[kind]
        if not store.stale:
            store.shown = store.current
        store.current, store.stale = objects, self.settings.stale_reads

    def _stamped(self, value: Mapping[str, Any]) -> Object:
        now = self.now()
        return {
            **value,
            "Identity": value["Name"],
            "Guid": str(uuid.uuid4()),
            "WhenCreated": now,
            "WhenChanged": now,
        }

    # Hydration

    def check_hydrated(self) -> None:
        """Before a write. Raises CmdletError while the organization is dehydrated."""
        with self._lock:
            if not self.settings.dehydrated:
                return
            if not self._enabled or self._settling:
                self._settling = max(0, self._settling - 1)
                raise errors.dehydrated()
            self.settings = replace(self.settings, dehydrated=False)
            self._flag_reads = self.settings.flag_lag

    def enable_customization(self) -> None:
        with self._lock:
            if not self.settings.dehydrated or self._enabled:
                raise errors.invalid_operation(
                    "This operation is not required. Organization is already enabled for "
                    "customization."
                )
            self._enabled, self._settling = True, self.settings.hydration

    def shows_dehydrated(self) -> bool:
        """The flag as Get-OrganizationConfig shows it now."""
        with self._lock:
            if self._flag_reads:
                self._flag_reads -= 1
                return True
            return self.settings.dehydrated

    # Recipients and the message trace

    def accepts(self, domain: str) -> bool:
        return domain.lower() in self.settings.domains

    def has_mailbox(self, address: str) -> bool:
        known = self.accepts(address.rpartition("@")[2])
        return known and address.lower() not in self.settings.unknown_users

    def trace(self, *traces: Trace) -> None:
        with self._lock:
            self._traces.extend(traces)

    def traces(self) -> list[Trace]:
        """What can be traced now, newest first."""
        with self._lock:
            latest = self._clock.now() - self.settings.trace_lag
            return [one for one in reversed(self._traces) if one.received.timestamp() <= latest]
