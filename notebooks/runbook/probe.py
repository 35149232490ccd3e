"""A live probe: one message sent to the gateway, and waited for in the mailbox behind it."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.mail import probe, smtp

from . import dns
from .values import Reading

_ADDRESS = re.compile(r"[0-9.]+|\[?[0-9a-f:]+\]?", re.IGNORECASE)


@dataclass(frozen=True)
class Sent:
    """message_id: "" where nothing was sent. refused: why the gateway did not take it, else ""."""

    message_id: str = ""
    refused: str = ""


def send(host: str, *, sender: str, recipient: str, resolver: str = "") -> Sent:
    """Send a probe to "host" or "host:port", else to port 25 or that of GATEPOST_INGRESS_PORT.

    TLS is used where it is offered and, as between mail servers that do not know each other, no
    certificate is judged.
    """
    try:
        sender, recipient = probe.address("sender", sender), probe.address("recipient", recipient)
        gateway = _gateway(host, resolver)
        made = probe.compose(
            sender, recipient, "Gatepost probe", uuid.uuid4().hex, datetime.now(UTC)
        )
        smtp.send(gateway, made.content, sender, recipient)
    except GatepostError as error:
        return Sent(refused=str(error))
    return Sent(made.message_id.strip("<>"))


def wait(
    find: Callable[[str], bytes | None], message_id: str, *, source: str, seconds: float
) -> Reading:
    """The message as it was delivered, None when it is not there in time."""
    deadline, pause = time.monotonic() + seconds, 0.2
    while True:
        try:
            raw = find(message_id)
        except GatepostError as error:
            return Reading(problem=str(error))
        if raw is not None or time.monotonic() > deadline:
            return Reading(raw, "", source)
        time.sleep(pause)
        pause = min(pause * 2, 5)


def _gateway(text: str, resolver: str) -> smtp.Gateway:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        host, port = text, os.environ.get("GATEPOST_INGRESS_PORT", "25")
    if not host:
        raise GatepostError("the gateway has no host name yet")
    address = None
    if not _ADDRESS.fullmatch(host):
        found = dns.addresses(host, resolver)
        if not found:
            raise GatepostError(f"{host} has no address")
        address = found[0]
    return smtp.Gateway(host=host, port=int(port), address=address)
