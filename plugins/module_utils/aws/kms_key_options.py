# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a key, validated before any call. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws import policies
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}")
_PRINCIPAL = re.compile(r"arn:[a-z-]+:(iam|sts)::\d{12}:[^\s*]+")
_LONGEST_DESCRIPTION = 8192


@dataclass(frozen=True)
class Wanted:
    alias: str
    present: bool
    purpose: str
    description: str | None
    administrators: list[str] | None
    users: list[str] | None
    tags: dict[str, str] | None
    purge_tags: bool
    force: bool
    days: int


def alias_name(option: str) -> str:
    """With `alias/` before it. Raises BadOption."""
    alias = option if option.startswith("alias/") else f"alias/{option}"
    if not _ALIAS.fullmatch(alias):
        raise BadOption("alias", "must be 1 to 250 letters, digits or any of /_-")
    if alias.startswith("alias/aws/"):
        raise BadOption("alias", "alias/aws/ is for AWS's own keys")
    return alias


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Raises BadOption."""
    alias = alias_name(options["alias"])
    if not 7 <= options["pending_window_in_days"] <= 30:
        raise BadOption("pending_window_in_days", "must be from 7 to 30")
    present = options["state"] == "present"
    if present and not options.get("purpose"):
        raise BadOption("purpose", f"is needed: one of {', '.join(policies.PURPOSES)}")
    if len(options.get("description") or "") > _LONGEST_DESCRIPTION:
        raise BadOption("description", f"must have at most {_LONGEST_DESCRIPTION} characters")
    for option in ("administrators", "users"):
        for number, principal in enumerate(options.get(option) or ()):
            if not _PRINCIPAL.fullmatch(principal):
                reason = f"must be the ARN of an IAM user or role, not {principal!r}"
                raise BadOption(f"{option}[{number}]", reason)
    return Wanted(
        alias=alias,
        present=present,
        purpose=options.get("purpose") or "",
        description=options.get("description"),
        administrators=options.get("administrators"),
        users=options.get("users"),
        tags=given.valid_tags(options.get("tags")),
        purge_tags=options["purge_tags"],
        force=options["force"],
        days=options["pending_window_in_days"],
    )
