"""A setting of a provider, as the collection judged it, in the words of a runbook. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import SubSetting

from .values import Verdict, show


@dataclass(frozen=True)
class Setting:
    """What is known about one setting."""

    verdict: Verdict
    found: str
    proof: str


def of(one: SubSetting) -> Setting:
    """What contradicts the wish is `failed` here."""
    proof = "; ".join(one.evidence)
    if one.contradicted:
        found = word(one.found)
        if one.found == one.desired:
            found += ", but not in force"
        elif one.found is None:
            found = f"not {word(one.desired)}"
        return Setting("failed", found, proof)
    if one.verdict == "verified":
        return Setting("verified", word(one.found), proof)
    if one.verdict == "attested":
        return Setting("attested", f"{word(one.desired)}, as attested", proof)
    return Setting("unknown", "not seen", proof)


def unread(problem: str) -> Setting:
    """A setting whose source could not be read."""
    return Setting("unknown", "not read", problem)


def word(value: object) -> str:
    """A value as a console shows it."""
    if isinstance(value, bool):
        return "selected" if value else "not selected"
    if value is None:
        return "does not exist"
    return show(value) if isinstance(value, str | list | tuple) else json.dumps(value)
