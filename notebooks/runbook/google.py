"""Reads from Google what the runbook judges: every source that can say something about the inbound
gateway. The judging itself is the collection's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google import (
    attestation,
    client,
    inbound_gateway,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import Settings

from . import probe, settings
from .values import Reading


@dataclass(frozen=True)
class GoogleState:
    """settings: by name. problems: sources that were given and could not be read."""

    settings: Mapping[str, settings.Setting]
    problems: Mapping[str, str] = field(default_factory=dict)


def read(
    wanted: Settings,
    *,
    key_file: str,
    admin: str,
    endpoint_url: str,
    attestation_file: str,
    message: bytes | None,
) -> GoogleState:
    """Ask every source that was given; "" leaves one out. message: a delivered probe."""
    problems: dict[str, str] = {}
    access = client.Access(key_file, endpoint_url or None) if key_file else None
    try:
        attestation.read(attestation_file)
    except GatepostError as error:
        problems["attestation"], attestation_file = str(error), ""
    sources = {"attestation_file": attestation_file or None, "message": message}
    try:
        report = inbound_gateway.inspect(
            wanted, access=access if admin else None, admin=admin or None, **sources
        )
    except GatepostError as error:
        problems["Policy API and audit log"] = str(error)
        report = inbound_gateway.inspect(wanted, **sources)
    return GoogleState({one.name: settings.of(one) for one in report.verdicts}, problems)


def delivered(
    *, key_file: str, endpoint_url: str, mailbox: str, message_id: str, wait_seconds: float
) -> Reading:
    """A probe in its mailbox, raw."""
    if not message_id:
        return Reading(problem="no probe message was sent")
    if not key_file:
        return Reading(problem="no credentials to read the mailbox with")
    access = client.Access(key_file, endpoint_url or None)
    return probe.wait(
        lambda wanted: client.find_message(access, mailbox, wanted),
        message_id,
        source=f"gmail.users.messages.list rfc822msgid:{message_id} in {mailbox}",
        seconds=wait_seconds,
    )
