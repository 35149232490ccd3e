"""Policies of MTA-STS as they were last fetched: in memory, and in a directory, so that a restart
is no moment in which a policy that is in force can be kept from us.

A file a domain, replaced whole. Damage is as if nothing had been kept. Blocks.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatepost.delivery.sts_policy import Policy

_DOMAIN: Final = re.compile(r"[0-9a-z_-]{1,63}(?:\.[0-9a-z_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A policy, the id of the record that announced it, and when it was fetched (seconds since the
    epoch)."""

    id: str
    fetched: float
    policy: Policy

    def is_good(self, now: float) -> bool:
        """Also after the clock was set back."""
        return now < self.fetched + self.policy.max_age

    def is_due(self, now: float) -> bool:
        """Half of its time is over: it is fetched again, though the id is the same."""
        return now >= self.fetched + self.policy.max_age / 2


class Kept:
    """directory: made at need; None keeps nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def read(self, domain: str) -> Fetched | None:
        file = self._file(domain)
        if file is None:
            return None
        try:
            value = json.loads(file.read_bytes())
            policy = value.pop("policy")
            policy["mx"] = tuple(policy["mx"])
            found = Fetched(**value, policy=Policy(**policy))
            found.is_good(0.0)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return found

    def write(self, domain: str, found: Fetched) -> None:
        """Raises OSError."""
        file = self._file(domain)
        if file is None:
            return
        file.parent.mkdir(mode=0o750, exist_ok=True)
        new = file.with_name(f".{secrets.token_hex(8)}")
        try:
            new.write_text(json.dumps(dataclasses.asdict(found)), encoding="utf-8")
            new.replace(file)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def _file(self, domain: str) -> Path | None:
        if self._directory is None or len(domain) > 250 or not _DOMAIN.fullmatch(domain):
            return None
        return self._directory / f"{domain}.sts"
