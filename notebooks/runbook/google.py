"""Reads from Google what the runbook judges: the probe in its mailbox, and every source that
can say something about the inbound gateway. The judging itself is the collection's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google import (
    attestation,
    client,
    headers,
    inbound_gateway,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import Settings
from ansible_collections.gatepost.mail.plugins.module_utils.google.verdicts import SubSetting

from .google_steps import Setting
from .values import Reading, show


@dataclass(frozen=True)
class GoogleState:
    """settings: by name. probe: the delivered probe's proof (headers.MessageProof), None when it
    did not arrive. problems: sources that were given and could not be read."""

    settings: Mapping[str, Setting]
    probe: Reading
    problems: Mapping[str, str] = field(default_factory=dict)


def read(
    settings: Settings,
    *,
    key_file: str,
    admin: str,
    endpoint_url: str,
    attestation_file: str,
    mailbox: str,
    message_id: str,
    wait_seconds: int,
) -> GoogleState:
    """Ask every source that was given; "" leaves one out. A probe is waited for."""
    problems: dict[str, str] = {}
    access = client.Access(key_file, endpoint_url or None) if key_file else None
    raw = _probe(access, mailbox, message_id, wait_seconds)
    try:
        attestation.read(attestation_file)
    except GatepostError as error:
        problems["attestation"], attestation_file = str(error), ""
    sources = {"attestation_file": attestation_file or None, "message": raw.value}
    try:
        report = inbound_gateway.inspect(
            settings, access=access if admin else None, admin=admin or None, **sources
        )
    except GatepostError as error:
        problems["Policy API and audit log"] = str(error)
        report = inbound_gateway.inspect(settings, **sources)
    proof = raw.value and headers.judge_message(raw.value, settings.gateway_ips)
    return GoogleState(
        {one.name: _setting(one) for one in report.verdicts},
        Reading(proof, raw.problem, raw.source),
        problems,
    )


def _probe(
    access: client.Access | None, mailbox: str, message_id: str, wait_seconds: int
) -> Reading:
    if not message_id:
        return Reading(problem="no probe message was sent")
    if access is None:
        return Reading(problem="no credentials to read the mailbox with")
    source = f"gmail.users.messages.list rfc822msgid:{message_id} in {mailbox}"
    deadline, pause = time.monotonic() + wait_seconds, 0.2
    while True:
        try:
            raw = client.find_message(access, mailbox, message_id)
        except GatepostError as error:
            return Reading(problem=str(error))
        if raw is not None or time.monotonic() > deadline:
            return Reading(raw, "", source)
        time.sleep(pause)
        pause = min(pause * 2, 5)


def _setting(one: SubSetting) -> Setting:
    proof = "; ".join(one.evidence)
    if one.contradicted:
        found = f"not {_word(one.desired)}" if one.found is None else _word(one.found)
        return Setting("failed", found, proof)
    found = {"verified": _word(one.found), "attested": f"{_word(one.desired)}, as attested"}
    return Setting(one.verdict, found.get(one.verdict, "not seen"), proof)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "selected" if value else "not selected"
    return show(value) if isinstance(value, str | list | tuple) else json.dumps(value)
