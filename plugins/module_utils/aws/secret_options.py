# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a secret, validated before any call. Pure. No error quotes a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    policies,
    secret_rotation,
    secretsmanager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

STAGES = {"current": secretsmanager.CURRENT, "pending": secretsmanager.PENDING}
# Of the service, for a secret's text and its description.
_LARGEST_VALUE, _LONGEST_DESCRIPTION = 65536, 2048


@dataclass(frozen=True)
class Wanted:
    """value: what the secret must hold, None to leave it alone. Its repr keeps it to itself.

    username: of a password that is to be made up. stage: the label that the value should bear.
    """

    name: str
    present: bool
    purpose: str
    key: str
    value: dict[str, str] | None
    username: str | None
    always: bool
    stage: str
    retire: bool
    rotate_now: bool
    rotation: secret_rotation.Wanted | None
    description: str | None
    tags: dict[str, str] | None
    purge_tags: bool
    force: bool
    days: int

    def __repr__(self) -> str:
        return f"Wanted({self.name!r})"

    @property
    def members(self) -> tuple[str, ...]:
        return policies.PURPOSES[self.purpose].members


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Raises BadOption."""
    if not secretsmanager.is_name(options["name"]):
        raise BadOption("name", "must be 1 to 512 letters, digits or any of /_+=.@-")
    if not 7 <= options["recovery_window_in_days"] <= 30:
        raise BadOption("recovery_window_in_days", "must be from 7 to 30")
    present = options["state"] == "present"
    if present and not options.get("purpose"):
        raise BadOption("purpose", "is needed: relay or ingress_point")
    if present and not options.get("kms_key_id"):
        raise BadOption(
            "kms_key_id", "is needed: Mail Manager cannot read a secret under AWS's own key"
        )
    if len(options.get("description") or "") > _LONGEST_DESCRIPTION:
        raise BadOption("description", f"must have at most {_LONGEST_DESCRIPTION} characters")
    tags = given.valid_tags(options.get("tags"))
    rotation = secret_rotation.wanted(options.get("rotation")) if present else None
    value = _value(options) if present else None
    _judge_rotation(options, value, rotation)
    return Wanted(
        name=options["name"],
        present=present,
        purpose=options.get("purpose") or "",
        key=options.get("kms_key_id") or "",
        value=value,
        username=options.get("username"),
        always=options["update_password"] == "always",  # noqa: S105
        stage=STAGES[options["stage"]],
        retire=options["previous"] == "retire",
        rotate_now=present and options["rotate_now"],
        rotation=rotation,
        description=options.get("description"),
        tags=tags,
        purge_tags=options["purge_tags"],
        force=options["force"],
        days=options["recovery_window_in_days"],
    )


def _value(options: Mapping[str, Any]) -> dict[str, str] | None:
    """Exactly the members that the purpose demands, or nothing."""
    members = policies.PURPOSES[options["purpose"]].members
    found = {
        name: options[name] for name in ("username", "password") if options.get(name) is not None
    }
    for name in found:
        if name not in members:
            raise BadOption(
                name, f"is not for purpose {options['purpose']}: it takes {members[0]} alone"
            )
        if not found[name]:
            raise BadOption(name, "must not be empty")
    if len(json.dumps(found)) > _LARGEST_VALUE:
        raise BadOption("password", f"makes the secret larger than {_LARGEST_VALUE} octets")
    if options["rotate_now"] and "password" not in found:
        return None
    if found and len(found) < len(members):
        absent = [name for name in members if name not in found]
        raise BadOption(absent[0], f"is needed beside {next(iter(found))}")
    return found or None


def _judge_rotation(
    options: Mapping[str, Any],
    value: dict[str, str] | None,
    rotation: secret_rotation.Wanted | None,
) -> None:
    always = options["update_password"] == "always"  # noqa: S105
    if rotation is not None and rotation.enabled and value is not None and always:
        raise BadOption(
            "update_password",
            "must be on_create beside rotation: the function changes the value, and always would "
            "put the old one back",
        )
    if options["rotate_now"] and value is not None and always:
        raise BadOption(
            "rotate_now",
            "makes a password up; leave out password, or set update_password=on_create to give the "
            "first one",
        )
