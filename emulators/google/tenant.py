"""All state of the emulated Google Workspace tenant, behind one lock.

Promises: a change of the inbound gateway setting is in force for the next SMTP transaction, is
written to the admin audit log as the console's changes are, and is visible through the Policy API
only when the tenant is told that the API knows the setting (it does not, in the real world).
`reset` returns to a new tenant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from emulators.google.gateway import InboundGateway
from emulators.maildrop import Delivery, Maildrop

Clock = Callable[[], datetime]

# Settings that every tenant has. per_user_outbound_gateway and the spam filter's allow list are
# here because a careless reader takes them for the inbound gateway.
_POLICIES: tuple[tuple[str, dict[str, object]], ...] = (
    ("settings/gmail.confidential_mode", {"enableConfidentialMode": True}),
    ("settings/gmail.email_spam_filter_ip_allowlist", {"allowedIpAddresses": []}),
    ("settings/gmail.per_user_outbound_gateway", {"allowUsersToUseExternalSmtpServers": False}),
    ("settings/gmail.content_compliance", {"contentComplianceRules": []}),
    ("settings/gmail.service_status", {"serviceState": "ENABLED"}),
    ("settings/calendar.service_status", {"serviceState": "ENABLED"}),
)


@dataclass(frozen=True)
class Event:
    """One entry of the admin audit log. parameters: names and values as Google documents them."""

    time: datetime
    number: int
    actor: str
    type: str
    name: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Settings:
    """What control may set about the tenant, besides the inbound gateway.

    domains: those that the MX takes mail for. unknown_users: addresses in them without a mailbox.
    policy_api_shows_gateway: the Policy API lists the inbound gateway. audit_lag: seconds until an
    event can be read. spam: recipients whose mail lands in SPAM.
    """

    domains: frozenset[str] = frozenset({"example.com"})
    unknown_users: frozenset[str] = frozenset()
    policy_api_shows_gateway: bool = False
    audit_lag: float = 0.0
    spam: frozenset[str] = frozenset()


def _now() -> datetime:
    return datetime.now(UTC)


class Tenant:
    """The tenant. customer: its id; admin: the only super administrator."""

    customer = "C01example"
    admin = "admin@example.com"

    def __init__(self, clock: Clock = _now, maildrop: Maildrop | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self.maildrop = maildrop or Maildrop()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.gateway = InboundGateway()
            self.settings = Settings()
            self._events: list[Event] = []
            self.maildrop.clear()

    def now(self) -> datetime:
        return self._clock()

    def configure(self, **changes: object) -> None:
        """Replace members of `settings`."""
        with self._lock:
            self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]

    def set_gateway(self, gateway: InboundGateway, actor: str | None = None) -> bool:
        """Save the dialog; whether anything changed. An event is written only then."""
        with self._lock:
            before = self.gateway
            if gateway == before:
                return False
            self.gateway = gateway
            verb = "CHANGE" if before.gateway_ips else "CREATE"
            # The name of the setting in the log is not documented; this one is a guess that the
            # pattern /inbound.?gateway/i finds.
            self.log(
                f"{verb}_GMAIL_SETTING",
                [
                    ("SETTING_NAME", "INBOUND_GATEWAY"),
                    ("USER_DEFINED_SETTING_NAME", ""),
                    ("ORG_UNIT_NAME", "Example"),
                ],
                actor=actor,
            )
            return True

    def log(
        self,
        name: str,
        parameters: Iterable[tuple[str, str]],
        *,
        actor: str | None = None,
        kind: str = "EMAIL_SETTINGS",
    ) -> None:
        """Write one event to the admin audit log."""
        with self._lock:
            event = Event(
                time=self.now(),
                number=len(self._events) + 1,
                actor=actor or self.admin,
                type=kind,
                name=name,
                parameters=tuple(parameters),
            )
            self._events.append(event)

    def events(self) -> tuple[Event, ...]:
        """The audit log that can be read now, newest first."""
        with self._lock:
            readable = self.now() - timedelta(seconds=self.settings.audit_lag)
            return tuple(event for event in reversed(self._events) if event.time <= readable)

    def policies(self) -> tuple[tuple[str, dict[str, object]], ...]:
        """(setting type, value) of every policy that the Policy API shows.

        The name and the members of the inbound gateway's setting are made up: no such setting is
        documented.
        """
        with self._lock:
            shown = _POLICIES
            if self.settings.policy_api_shows_gateway:
                value = {
                    "enabled": self.gateway.enabled,
                    "gatewayIps": list(self.gateway.gateway_ips),
                    "detectExternalIp": self.gateway.detect_external_ip,
                    "requireTls": self.gateway.require_tls,
                    "rejectOthers": self.gateway.reject_others,
                }
                shown += (("settings/gmail.inbound_gateway", value),)
            return shown

    def has_mailbox(self, address: str) -> bool:
        domain = address.rpartition("@")[2].lower()
        return domain in self.settings.domains and address.lower() not in {
            user.lower() for user in self.settings.unknown_users
        }

    def labels(self, delivery: Delivery) -> tuple[str, ...]:
        """Gmail's labels of a delivered message."""
        spam = {user.lower() for user in self.settings.spam}
        return ("SPAM",) if delivery.mailbox in spam else ("UNREAD", "INBOX")
