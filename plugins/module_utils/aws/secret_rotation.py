# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The function that rotates a secret, and its schedule: the option, what is, what changes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

_FUNCTION = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:\S+)?")
_SCHEDULE = re.compile(r"(rate|cron)\([0-9A-Za-z#?*/, -]+\)")
_DURATION = re.compile(r"[0-9]{1,2}h")
# Options to members of RotationRules.
_RULES = {
    "automatically_after_days": "AutomaticallyAfterDays",
    "schedule_expression": "ScheduleExpression",
    "duration": "Duration",
}


@dataclass(frozen=True)
class Wanted:
    """enabled: False to have none. function: "" to keep the one that is set."""

    enabled: bool
    function: str
    rules: dict[str, Any]


def wanted(option: Mapping[str, Any] | None) -> Wanted | None:
    """Validate. None: leave it alone. Raises BadOption."""
    if option is None:
        return None
    given = {name: option[name] for name in _RULES if option.get(name) is not None}
    function = option.get("lambda_arn") or ""
    if not option.get("enabled", True):
        for name in ("lambda_arn", *_RULES):
            if option.get(name) is not None:
                raise BadOption(f"rotation.{name}", "is not for enabled=false")
        return Wanted(False, "", {})
    if function and not _FUNCTION.fullmatch(function):
        raise BadOption("rotation.lambda_arn", f"is not the ARN of a function: {function}")
    days = given.get("automatically_after_days")
    if (days is None) == ("schedule_expression" not in given):
        raise BadOption(
            "rotation", "must hold exactly one of automatically_after_days, schedule_expression"
        )
    if days is not None and not 1 <= days <= 1000:
        raise BadOption("rotation.automatically_after_days", "must be from 1 to 1000")
    for name, pattern in (("schedule_expression", _SCHEDULE), ("duration", _DURATION)):
        if name in given and not pattern.fullmatch(given[name]):
            example = "rate(30 days) or cron(0 4 1 * ? *)" if pattern is _SCHEDULE else "3h"
            raise BadOption(f"rotation.{name}", f"must be such as {example}, not {given[name]!r}")
    return Wanted(True, function, {_RULES[name]: value for name, value in given.items()})


def shown(secret: Secret) -> dict[str, Any]:
    """What is, as options spell it."""
    if not secret.rotates:
        return {"enabled": False}
    rules = {
        name: secret.rules[member] for name, member in _RULES.items() if member in secret.rules
    }
    if "schedule_expression" in rules:
        # The service computes the days from the schedule.
        rules.pop("automatically_after_days", None)
    return {"enabled": True, "lambda_arn": secret.function, **rules}


def after(current: Secret | None, want: Wanted) -> dict[str, Any]:
    """What should be. A duration that is not wanted stays. Raises BadOption without a function."""
    if not want.enabled:
        return {"enabled": False}
    function = want.function or (current.function if current else "")
    if not function:
        raise BadOption("rotation.lambda_arn", "is needed: the secret has no rotation function")
    now = shown(current) if current else {}
    kept = {"duration": now["duration"]} if "duration" in now else {}
    rules = {name: want.rules[member] for name, member in _RULES.items() if member in want.rules}
    return {"enabled": True, "lambda_arn": function, **kept, **rules}


def request(desired: Mapping[str, Any]) -> dict[str, Any]:
    """The members of RotateSecret."""
    rules = {member: desired[name] for name, member in _RULES.items() if name in desired}
    return {"RotationLambdaARN": desired["lambda_arn"], "RotationRules": rules}
