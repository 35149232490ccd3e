# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inbound gateway as far as it can be known: one function over everything in this folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.google import (
    attestation as attestations,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google import client, evidence
from ansible_collections.gatepost.mail.plugins.module_utils.google.headers import (
    MessageProof,
    judge_message,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import Settings
from ansible_collections.gatepost.mail.plugins.module_utils.google.verdicts import SubSetting, judge

NOT_ASKED = "not asked: no credentials"


@dataclass(frozen=True)
class Report:
    """What is known. policies, events: None when Google was not asked."""

    settings: Settings
    verdicts: list[SubSetting]
    attestation: attestations.Attestation | None
    policies: list[Any] | None
    events: list[evidence.AuditEvent] | None
    message: MessageProof | None

    def by_verdict(self, verdict: str) -> list[str]:
        return [one.name for one in self.verdicts if one.verdict == verdict]

    @property
    def contradictions(self) -> list[str]:
        return [one.name for one in self.verdicts if one.contradicted]


def inspect(
    settings: Settings,
    *,
    attestation_file: str | None = None,
    access: client.Access | None = None,
    admin: str | None = None,
    message: bytes | None = None,
    now: datetime | None = None,
) -> Report:
    """Ask every source that was given and judge the sub-settings.

    access with admin: the Policy API and the audit log are read. message: a delivered one, raw.
    Raises GatepostError when a source that was given cannot be read.
    """
    attested = attestations.read(attestation_file) if attestation_file else None
    policies = events = None
    if access is not None and admin is not None:
        since = (now or datetime.now(UTC)) - timedelta(days=evidence.HISTORY_DAYS)
        listed = client.list_policies(access, admin)
        policies = evidence.inbound_gateway_policies(listed)
        events = evidence.audit_events(client.list_gmail_events(access, admin, since))
    proof = judge_message(message, settings.gateway_ips) if message is not None else None
    log = None
    if attested is not None and events is not None:
        log = evidence.judge_log(events, attested.attested_at)
    verdicts = judge(
        settings,
        policy_values=evidence.policy_values(policies or []),
        message=proof,
        attestation=attested,
        log=log,
    )
    return Report(settings, verdicts, attested, policies, events, proof)
