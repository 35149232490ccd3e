"""Rotation of secrets, without functions that run: what RotateSecret leaves behind.

The functions that exist are told by the control endpoint, by ARN. A rotation makes a version
AWSPENDING with the same JSON and a new password (or a new random text), and when its time is over,
at once unless the control endpoint gave it some, makes that AWSCURRENT and the old one AWSPREVIOUS.
A schedule of days or a `rate(…)` runs by the emulated clock; a `cron(…)` is kept and never due.
"""

import json
import re
import secrets as randomness
import uuid
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
    SecretNotFoundException,
)
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from emulators.aws import moto_clock

_DAY = 86400.0
_FUNCTION = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:\S+)?")
_RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")
_EXPRESSION = re.compile(r"rate\(\d+ (?:hour|day)s?\)|cron\([0-9A-Za-z#?*/, -]+\)")
_DURATION = re.compile(r"\d{1,2}h")


@dataclass
class Functions:
    """The functions that there are, and how many seconds of the emulated clock one takes."""

    arns: frozenset[str] = frozenset()
    lasts: float = 0.0


# moto's state is the process's, and so is what belongs to it.
FUNCTIONS = Functions()


def change(document: Any) -> dict[str, Any]:
    """{"functions": [ARN, …], "seconds": …}, both optional; returns what then is.

    Raises ValueError naming the member that is wrong.
    """
    if not isinstance(document, dict) or not set(document) <= {"functions", "seconds"}:
        raise ValueError("the body must be an object of functions and seconds")
    arns = document.get("functions", sorted(FUNCTIONS.arns))
    if not isinstance(arns, list) or not all(
        isinstance(one, str) and _FUNCTION.fullmatch(one) for one in arns
    ):
        raise ValueError("functions: must be a list of ARNs of Lambda functions")
    lasts = document.get("seconds", FUNCTIONS.lasts)
    if isinstance(lasts, bool) or not isinstance(lasts, int | float) or lasts < 0:
        raise ValueError("seconds: must be a number of seconds")
    FUNCTIONS.arns, FUNCTIONS.lasts = frozenset(arns), lasts
    return show()


def show() -> dict[str, Any]:
    return {"functions": sorted(FUNCTIONS.arns), "seconds": FUNCTIONS.lasts}


def reset() -> None:
    FUNCTIONS.arns, FUNCTIONS.lasts = frozenset(), 0.0


def rotate(
    backend: SecretsManagerBackend,
    secret_id: str,
    client_request_token: str | None = None,
    rotation_lambda_arn: str | None = None,
    rotation_rules: dict[str, Any] | None = None,
    rotate_immediately: bool = True,
) -> str:
    """Stands in for SecretsManagerBackend.rotate_secret."""
    secret = _secret(backend, secret_id)
    function = rotation_lambda_arn or secret.rotation_lambda_arn
    if not function:
        raise InvalidRequestException(
            "No Lambda rotation function ARN is associated with this secret."
        )
    if function not in FUNCTIONS.arns:
        raise ResourceNotFoundException(f"there is no Lambda function {function}")
    if _pending(secret):
        raise InvalidRequestException("A previous rotation isn't complete.")
    if rotation_rules is not None:
        _check(rotation_rules)
        secret.gatepost_rules = rotation_rules
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = function
    _schedule(secret)
    version = secret.default_version_id
    if rotate_immediately:
        version = _begin(secret, client_request_token or str(uuid.uuid4()))
    settle(secret, moto_clock.now())
    return str(secret.to_short_dict(version_id=version))


def cancel(backend: SecretsManagerBackend, secret_id: str) -> str:
    """Stands in for cancel_rotate_secret: the schedule ends, a version in the making stays."""
    secret = _secret(backend, secret_id)
    if not secret.rotation_lambda_arn:
        raise InvalidRequestException("the secret has no rotation function")
    secret.rotation_enabled = False
    secret.next_rotation_date = None
    secret.gatepost_until = None
    return str(secret.to_short_dict())


def settle(secret: FakeSecret, now: float) -> None:
    """Finish the rotation whose time is over, and begin the one that is due."""
    until = getattr(secret, "gatepost_until", None)
    if until is not None and now >= until:
        _finish(secret, now)
    due = secret.next_rotation_date
    if secret.rotation_enabled and due and now >= due and not _pending(secret):
        _schedule(secret)
        _begin(secret, str(uuid.uuid4()))
        if FUNCTIONS.lasts == 0:
            _finish(secret, now)


def shown(secret: FakeSecret) -> dict[str, Any]:
    """The members of DescribeSecret and ListSecrets that tell of rotation."""
    if not secret.rotation_requested:
        return {}
    members: dict[str, Any] = {
        "RotationEnabled": secret.rotation_enabled,
        "RotationLambdaARN": secret.rotation_lambda_arn,
        "RotationRules": getattr(secret, "gatepost_rules", {}),
    }
    if secret.last_rotation_date:
        members["LastRotatedDate"] = secret.last_rotation_date
    return members


def _secret(backend: SecretsManagerBackend, secret_id: str) -> FakeSecret:
    if not backend._is_valid_identifier(secret_id):
        raise SecretNotFoundException()
    return backend.secrets[secret_id]


def _check(rules: dict[str, Any]) -> None:
    days, expression = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
    if days is not None and expression is not None:
        raise InvalidParameterException(
            "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
        )
    if days is not None and not 1 <= days <= 1000:
        raise InvalidParameterException("AutomaticallyAfterDays must be within 1-1000.")
    if expression is not None and not _EXPRESSION.fullmatch(expression):
        raise InvalidParameterException("ScheduleExpression is not valid.")
    if "Duration" in rules and not _DURATION.fullmatch(rules["Duration"]):
        raise InvalidParameterException("Duration is not valid.")


def _schedule(secret: FakeSecret) -> None:
    rules = getattr(secret, "gatepost_rules", {})
    period = rules.get("AutomaticallyAfterDays", 0) * _DAY
    rate = _RATE.fullmatch(rules.get("ScheduleExpression", ""))
    if rate:
        period = int(rate[1]) * (_DAY if rate[2] == "day" else 3600.0)
    secret.next_rotation_date = int(moto_clock.now() + period) if period else None


def _begin(secret: FakeSecret, version: str) -> str:
    secret.versions[version] = {
        "createdate": int(moto_clock.now()),
        "version_id": version,
        "version_stages": ["AWSPENDING"],
        "secret_string": _renewed(secret),
    }
    secret.gatepost_until = moto_clock.now() + FUNCTIONS.lasts
    return version


def _finish(secret: FakeSecret, now: float) -> None:
    secret.gatepost_until = None
    version = _pending(secret)
    if version:
        secret.versions[version]["version_stages"] = ["AWSCURRENT"]
        secret.reset_default_version(secret.versions[version], version)
        secret.last_rotation_date = secret.last_changed_date = int(now)


def _pending(secret: FakeSecret) -> str:
    pending = (
        str(version)
        for version, held in secret.versions.items()
        if held["version_stages"] == ["AWSPENDING"]
    )
    return next(pending, "")


def _renewed(secret: FakeSecret) -> str:
    current = secret.versions.get(secret.default_version_id or "", {}).get("secret_string") or ""
    fresh = randomness.token_urlsafe(24)
    try:
        content = json.loads(current)
    except ValueError:
        return fresh
    if isinstance(content, dict) and "password" in content:
        return json.dumps(content | {"password": fresh})
    return fresh
