# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words and shapes in which a setting of a provider is judged. Values alone.

verified: read from the provider, or proved by a delivered message, and equal to what is wanted.
attested: a named person has stated it, and nothing speaks against it.
unknown: neither. What contradicts the wish is unknown and `contradicted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERIFIED, ATTESTED, UNKNOWN = "verified", "attested", "unknown"


@dataclass(frozen=True)
class Finding:
    """What a message says of one setting. holds: None when it says nothing."""

    holds: bool | None
    proof: str


@dataclass(frozen=True)
class SubSetting:
    """verdict: verified, attested or unknown. found: the value that was read or shown, else None.
    evidence: sentences, the deciding one first.
    """

    name: str
    desired: Any
    verdict: str
    found: Any
    contradicted: bool
    evidence: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {
            "desired": self.desired,
            "verdict": self.verdict,
            "found": self.found,
            "contradicted": self.contradicted,
            "evidence": list(self.evidence),
        }
