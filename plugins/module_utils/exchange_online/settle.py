# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing to Exchange Online, and reading until what was written shows.

The service's reads lag behind its writes; a write counts as done when two reads in a row show it.
A dehydrated tenant refuses writes until its customization was enabled and has settled, up to half
an hour, and the flag that says so lags: the write itself is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    GatepostError,
    NotFound,
    ServiceError,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.protocol import (
    Dehydrated,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
)

Read = Callable[[], Any]

ENABLE = "Enable-OrganizationCustomization"
# How long a tenant may take to settle, and how often the write is tried meanwhile: seconds.
SETTLING = 2400.0
PAUSE = 30.0
_ENABLED_ALREADY = ("already enabled", "is not required")


@dataclass(frozen=True)
class Writer:
    """How a module writes. customize: whether the tenant's customization may be enabled.
    timeout: how long to wait until a write shows, in seconds.
    """

    exchange: ExchangeOnline
    customize: bool
    timeout: float

    def write(self, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
        """One cmdlet that changes something. Raises ServiceError."""
        try:
            return self.exchange.invoke(cmdlet, **parameters)
        except Dehydrated as error:
            if not self.customize:
                raise GatepostError(
                    f"{cmdlet}: the tenant takes no such change until its customization is "
                    f"enabled, once and for good ({ENABLE}): do that, or let this module do it "
                    "with enable_organization_customization=true"
                ) from error
        self._enable()
        end = time.monotonic() + SETTLING
        while True:
            try:
                return self.exchange.invoke(cmdlet, **parameters)
            except Dehydrated as error:
                if time.monotonic() + PAUSE > end:
                    raise GatepostError(
                        f"{cmdlet}: {ENABLE} has not settled after {SETTLING / 60:g} minutes; "
                        "run again later"
                    ) from error
            time.sleep(PAUSE)

    def _enable(self) -> None:
        try:
            self.exchange.invoke(ENABLE)
        except ServiceError as error:
            if not any(told in str(error) for told in _ENABLED_ALREADY):
                raise

    def shown(self, what: str, read: Read, desired: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Read until nothing is left to change. desired: from what is read to what should stand,
        so that what others write meanwhile does not matter."""

        def settled(current: Mapping[str, Any] | None) -> bool:
            return not reconcile.change(current, desired(current)).changed

        return until(f"{what}: as it was set", read, settled, self.timeout, held=2)


def one(
    exchange: ExchangeOnline, cmdlet: str, name: str, found_by: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """The object of a name; None where the service says that there is none, and only then.

    A reply that holds other objects than the one asked for is an error.
    """
    try:
        found = exchange.invoke(cmdlet, Identity=name)
    except NotFound:
        return None
    fitting = [each for each in found if found_by(each)]
    if len(fitting) != 1 or len(found) != 1:
        told = f"asked for {name}, the reply holds {len(found)} objects, {len(fitting)} of them it"
        raise ServiceError(cmdlet, "BadReply", told)
    return fitting[0]
