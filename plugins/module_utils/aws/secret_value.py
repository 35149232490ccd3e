# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The value of a secret that exists: compared with what is wanted, written only if it differs.

No value leaves this file but to Secrets Manager; what others see of it is which version bears which
label (secret_versions.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.aws import secretsmanager
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_options import Wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_versions import (
    NEW,
    Moves,
    moves,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import (
    CURRENT,
    PENDING,
    PREVIOUS,
    Secret,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

_PASSWORD_LENGTH = 32


class Value(NamedTuple):
    """What happens to the versions, the text of a new one, and whether a function rotates now."""

    moves: Moves
    text: Callable[[], str]
    rotates: bool = False


def compare(want: Wanted, current: Secret, services: Services) -> Value:
    """Compare the value, reading no more of it than is needed. Raises BadOption, ServiceError."""
    service, labels = services["secretsmanager"], current.versions
    pending = CURRENT in labels and labels.get(PENDING, labels[CURRENT]) != labels[CURRENT]

    def nothing() -> str:
        raise AssertionError("there is no value to write")

    if want.rotate_now:
        function = want.rotation.enabled if want.rotation else current.rotates
        if function:
            if want.stage != CURRENT:
                raise BadOption("stage", "pending is not for a secret that a function rotates")
            after = {**labels, PREVIOUS: labels.get(CURRENT, NEW), CURRENT: NEW}
            return Value(Moves(after), nothing, rotates=True)
        members = _members(want, current, services)
        rotated = moves(
            labels, write=True, pending_fits=pending, stage=want.stage, retire=want.retire
        )
        return Value(rotated, lambda: json.dumps({**members, "password": _made_up(services)}))
    if want.value is None or not want.always:
        return Value(moves(labels, write=False, retire=want.retire), nothing)
    value = want.value

    def holds(label: str) -> bool:
        return _holds(secretsmanager.value(service, current.arn, label), value)

    current_fits = CURRENT in labels and holds(CURRENT)
    wanted_moves = moves(
        labels,
        write=True,
        current_fits=current_fits,
        pending_fits=not current_fits and pending and holds(PENDING),
        stage=want.stage,
        retire=want.retire,
    )
    return Value(wanted_moves, lambda: json.dumps(value))


def steps(current: Secret, value: Value, services: Services) -> list[Callable[[], object]]:
    """The calls that do it, in an order that a rerun can take up anywhere."""
    service, arn, labels = services["secretsmanager"], current.arn, current.versions
    made: list[Callable[[], object]] = []
    if value.moves.put:
        made.append(lambda: secretsmanager.put_value(service, arn, value.text(), value.moves.put))
    if value.moves.promote:
        old, new = labels[CURRENT], labels[PENDING]
        made.append(lambda: secretsmanager.move_current(service, arn, old, new))
    moved = value.moves.promote or value.moves.put == CURRENT
    for label in value.moves.take:
        version = labels[CURRENT] if label == PREVIOUS and moved else labels[label]
        made.append(_taking(service, arn, label, version))
    return made


def _taking(service: Any, arn: str, label: str, version: str) -> Callable[[], object]:
    return lambda: secretsmanager.take_label(service, arn, label, version)


def _members(want: Wanted, current: Secret, services: Services) -> dict[str, str]:
    """What a new value holds beside its password: the user name that is given, or that stands."""
    if "username" not in want.members:
        return {}
    if want.username is not None:
        return {"username": want.username}
    text = secretsmanager.value(services["secretsmanager"], current.arn)
    try:
        found = json.loads(text or "")["username"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not found:
        raise BadOption("username", f"is needed: secret {current.name} holds none")
    return {"username": found}


def _made_up(services: Services) -> str:
    return secretsmanager.random_password(services["secretsmanager"], _PASSWORD_LENGTH)


def _holds(text: str | None, value: Mapping[str, str]) -> bool:
    try:
        return text is not None and bool(json.loads(text) == value)
    except ValueError:
        return False
