# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A named person's statement that the console holds certain settings, kept in a JSON file.

It is bound to a hash of the domain and all sub-settings and is void as soon as other settings are
wanted. `change` is pure; `read` and `write` are the only ones that touch the file. A file that does
not exist is no attestation; one that cannot be read or was edited by hand is an error.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import (
    NAMES,
    Settings,
    canonical_ranges,
)

VERSION = 1
_MEMBERS = {"version", "settings", "settings_hash", "domain", "attested_by", "attested_at", "note"}


class BadAttestation(GatepostError):
    """The attestation's file cannot be read, or does not hold an attestation."""


@dataclass(frozen=True)
class Attestation:
    """attested_by: the person. attested_at: when, in UTC, to the second."""

    settings: Settings
    attested_by: str
    attested_at: datetime
    note: str = ""

    def covers(self, settings: Settings) -> bool:
        """Whether it speaks of exactly these settings of this domain."""
        return self.settings.digest() == settings.digest()

    def document(self) -> dict[str, Any]:
        """The file's content."""
        return {
            "version": VERSION,
            "domain": self.settings.domain,
            "settings": self.settings.values(),
            "settings_hash": self.settings.digest(),
            "attested_by": self.attested_by,
            "attested_at": self.attested_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "note": self.note,
        }


def change(
    current: Attestation | None, settings: Settings, attested_by: str, note: str, now: datetime
) -> Attestation:
    """The attestation that should stand: the current one where it says the same already."""
    if (
        current is not None
        and current.covers(settings)
        and (current.attested_by, current.note) == (attested_by, note)
    ):
        return current
    return Attestation(settings, attested_by, now.astimezone(UTC).replace(microsecond=0), note)


def person(name: str | None) -> str:
    """A person's name or address, as it is written down. Raises BadOption."""
    text = " ".join((name or "").split())
    if not text or not any(character.isalpha() for character in text):
        raise BadOption("attested_by", "name the person who saw the settings in the console")
    return text


def parse(document: Any, path: str) -> Attestation:
    """Read the file's content. Raises BadAttestation, naming the path and the member."""
    if not isinstance(document, Mapping) or set(document) != _MEMBERS:
        raise BadAttestation(f"{path}: not an attestation; its members are {sorted(_MEMBERS)}")
    if document["version"] != VERSION:
        raise BadAttestation(f"{path}: version {document['version']!r} is not {VERSION}")
    values = document["settings"]
    if not isinstance(values, Mapping) or set(values) != set(NAMES):
        raise BadAttestation(f"{path}: settings must have the members {', '.join(NAMES)}")
    try:
        ranges = canonical_ranges(values["gateway_ips"])
        when = datetime.fromisoformat(str(document["attested_at"]).replace("Z", "+00:00"))
    except (BadOption, TypeError, ValueError) as error:
        raise BadAttestation(f"{path}: {error}") from None
    if when.tzinfo is None:
        raise BadAttestation(f"{path}: attested_at has no time zone")
    settings = Settings(domain=str(document["domain"]), **{**dict(values), "gateway_ips": ranges})
    if document["settings_hash"] != settings.digest():
        raise BadAttestation(
            f"{path}: settings_hash is not that of its settings; the file was edited. "
            "Attest anew instead"
        )
    return Attestation(settings, str(document["attested_by"]), when, str(document["note"]))


def read(path: str) -> Attestation | None:
    """The attestation in a file, None where there is no file. Raises BadAttestation."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadAttestation(f"{path}: {error}") from None
    return parse(document, path)


def write(path: str, attestation: Attestation) -> None:
    """Replace the file in one step, making its folder where needed. Raises BadAttestation."""
    target = Path(path)
    text = json.dumps(attestation.document(), indent=2, ensure_ascii=False) + "\n"
    fresh = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".attestation-", dir=target.parent)
        fresh = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        fresh.replace(target)
    except OSError as error:
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        raise BadAttestation(f"{path}: {error}") from None


def remove(path: str) -> None:
    """Delete the file. Raises BadAttestation."""
    try:
        Path(path).unlink()
    except OSError as error:
        raise BadAttestation(f"{path}: {error}") from None
