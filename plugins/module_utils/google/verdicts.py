# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that is known, put together a sub-setting at a time. Pure.

verified: read from Google, or proved by a delivered message, and equal to what is wanted.
attested: a named person has stated it, of exactly these settings; the log shows no later change.
unknown: neither. What contradicts the wish makes it unknown and `contradicted`, whatever was
attested.
A stronger source decides over a weaker one: Policy API, message, attestation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.google.attestation import Attestation
from ansible_collections.gatepost.mail.plugins.module_utils.google.evidence import LogEvidence
from ansible_collections.gatepost.mail.plugins.module_utils.google.headers import MessageProof
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import Settings
from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import (
    ATTESTED,
    UNKNOWN,
    VERIFIED,
    SubSetting,
)


def judge(
    settings: Settings,
    *,
    policy_values: Mapping[str, Sequence[Any]] | None = None,
    message: MessageProof | None = None,
    attestation: Attestation | None = None,
    log: LogEvidence | None = None,
) -> list[SubSetting]:
    """A verdict for each sub-setting. Sources that were not asked are None."""
    return [
        _judge(name, wanted, settings, policy_values or {}, message, attestation, log)
        for name, wanted in settings.values().items()
    ]


def _judge(
    name: str,
    wanted: Any,
    settings: Settings,
    policy_values: Mapping[str, Sequence[Any]],
    message: MessageProof | None,
    attestation: Attestation | None,
    log: LogEvidence | None,
) -> SubSetting:
    read = list(policy_values.get(name, ()))
    if read:
        wrong = [value for value in read if value != wanted]
        if wrong:
            told = f"the Policy API reads {wrong[0]!r}"
            return SubSetting(name, wanted, UNKNOWN, wrong[0], True, (told,))
        return SubSetting(name, wanted, VERIFIED, wanted, False, ("read by the Policy API",))
    seen = []
    if message is not None:
        finding = message.findings[name]
        seen.append(f"message: {finding.proof}")
        # A message shows that something is in force; wanted False is then contradicted.
        if finding.holds is not None and name != "gateway_ips":
            same = finding.holds == wanted
            verdict = VERIFIED if same else UNKNOWN
            return SubSetting(name, wanted, verdict, finding.holds, not same, tuple(seen))
        if finding.holds is False:
            return SubSetting(name, wanted, UNKNOWN, None, True, tuple(seen))
    verdict, why = _attested(settings, attestation, log)
    return SubSetting(name, wanted, verdict, None, False, (*why, *seen))


def _attested(
    settings: Settings, attestation: Attestation | None, log: LogEvidence | None
) -> tuple[str, list[str]]:
    if attestation is None:
        return UNKNOWN, ["no public API reads it, and nobody has attested it"]
    day = attestation.attested_at.strftime("%Y-%m-%d %H:%M UTC")
    who = f"{attestation.attested_by} on {day}"
    if not attestation.covers(settings):
        return UNKNOWN, [f"the attestation by {who} is void: it speaks of other settings"]
    if log is not None and log.after:
        last = log.after[-1]
        return UNKNOWN, [
            f"the attestation by {who} is void: {last.actor} changed the inbound gateway "
            f"at {last.document()['time']}"
        ]
    why = [f"attested by {who}"]
    if log is not None:
        why.append(
            f"the audit log agrees: {log.before.name} by {log.before.actor} "
            f"at {log.before.document()['time']}"
            if log.before
            else "the audit log shows no change of the inbound gateway before it; "
            "the log lags by up to three days and reaches back 180"
        )
    return ATTESTED, why
