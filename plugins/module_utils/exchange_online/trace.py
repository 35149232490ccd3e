# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The message trace of Exchange Online: what became of one message, event by event.

Traces lag behind by minutes; one that is not there yet is None.
Source: Get-MessageTraceV2 and Get-MessageTraceDetailV2 (90 days back, 10 days a query).
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
)


def details(
    exchange: ExchangeOnline, message_id: str, recipient: str
) -> list[dict[str, Any]] | None:
    """The events of a message for a recipient, None while there is no trace."""
    found = exchange.invoke("Get-MessageTraceV2", MessageId=message_id, RecipientAddress=recipient)
    if not found:
        return None
    return exchange.invoke(
        "Get-MessageTraceDetailV2",
        MessageTraceId=found[0]["MessageTraceId"],
        RecipientAddress=recipient,
    )
