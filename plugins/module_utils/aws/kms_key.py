# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Customer managed keys that Mail Manager may use: found by alias, their policy merged by Sid.

The account root's statement and every foreign one stay. A pending deletion is cancelled, a disabled
key enabled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms, policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms import Key
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    InUse,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}")
_PRINCIPAL = re.compile(r"arn:[a-z-]+:(iam|sts)::\d{12}:[^\s*]+")
ENABLED, PENDING = "Enabled", "PendingDeletion"
_USABLE = (ENABLED, "Disabled", PENDING)


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


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption."""
    alias = options["alias"]
    alias = alias if alias.startswith("alias/") else f"alias/{alias}"
    if not _ALIAS.fullmatch(alias):
        raise BadOption("alias", "must be 1 to 250 letters, digits or any of /_-")
    if alias.startswith("alias/aws/"):
        raise BadOption("alias", "alias/aws/ is for AWS's own keys")
    if not 7 <= options["pending_window_in_days"] <= 30:
        raise BadOption("pending_window_in_days", "must be from 7 to 30")
    present = options["state"] == "present"
    if present and not options.get("purpose"):
        raise BadOption("purpose", f"is needed: one of {', '.join(policies.PURPOSES)}")
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
        tags=given.tags(options.get("tags")),
        purge_tags=options["purge_tags"],
        force=options["force"],
        days=options["pending_window_in_days"],
    )


def desired_policy(
    want: Wanted, scope: policies.Scope, current: policies.Policy | None
) -> policies.Policy:
    """The key policy that should stand. Pure."""
    base = current or {"Version": policies.VERSION, "Statement": [policies.root_statement(scope)]}
    put = [policies.key_statement(want.purpose, scope)]
    removed = []
    for principals, sid, statement in (
        (want.administrators, policies.ADMINISTRATORS_SID, policies.administrators_statement),
        (want.users, policies.USERS_SID, policies.users_statement),
    ):
        if principals:
            put.append(statement(principals))
        elif principals is not None:
            removed.append(sid)
    return policies.merged(base, put, removed)


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    service = services["kms"]
    current = kms.describe(service, want.alias)
    if not want.present:
        return _removal(want, current, services)
    if current is not None and current.state not in _USABLE:
        raise GatepostError(f"key {want.alias} is {current.state}, which only its owner can mend")
    scope = kms.scope(services)
    now = policies.parsed(kms.policy(service, current.id), want.alias) if current else None
    tags = kms.tags(service, current.id) if current else {}
    before = _shown(want.alias, current, now, tags)
    policy = desired_policy(want, scope, now)
    desired: dict[str, Any] = {
        "alias": want.alias,
        "key_state": ENABLED,
        "tags": tags if want.tags is None else reconcile.tags(tags, want.tags, want.purge_tags),
        "policy": now if policies.same(now, policy) else policy,
    }
    if want.description is not None:
        desired["description"] = want.description
    change = reconcile.change(before, desired)
    ids = [current.id] if current else []
    return Plan(
        title=f"key {want.alias}",
        change=change,
        predicted=_result(current, change.after or {}),
        read=lambda: read(want.alias, services),
        steps=tuple(_steps(want, change, current, tags, ids, services)),
    )


def _steps(
    want: Wanted,
    change: reconcile.Change,
    current: Key | None,
    tags: Mapping[str, str],
    ids: list[str],
    services: Services,
) -> list[Callable[[], object]]:
    service = services["kms"]
    if current is None:
        text, marks = json.dumps(change.members["policy"]), change.members["tags"]
        return [
            lambda: ids.append(kms.create(service, want.description or "", text, marks)),
            lambda: _name(want.alias, ids[0], services),
        ]
    key = current.id
    steps: list[Callable[[], object]] = []
    if current.state == PENDING:
        steps.append(lambda: kms.cancel_deletion(service, key))
    if change.differs("key_state"):
        steps.append(lambda: kms.enable(service, key))
    if change.differs("policy"):
        steps.append(lambda: kms.put_policy(service, key, json.dumps(change.members["policy"])))
    if change.differs("description"):
        steps.append(lambda: kms.describe_as(service, key, change.members["description"]))
    if change.differs("tags"):
        put, removed = reconcile.tag_steps(tags, change.members["tags"])
        if removed:
            steps.append(lambda: kms.untag(service, key, removed))
        if put:
            steps.append(lambda: kms.tag(service, key, put))
    return steps


def _name(alias: str, key: str, services: Services) -> None:
    try:
        kms.create_alias(services["kms"], alias, key)
    except GatepostError as error:
        raise GatepostError(
            f"the key {key} was made, but not its alias {alias}: {error}"
        ) from error


def _removal(want: Wanted, current: Key | None, services: Services) -> Plan:
    """A pending deletion is as absent as a key can be at once."""
    gone = current is None or current.state == PENDING
    before = None if gone or current is None else {"alias": want.alias, "arn": current.arn}
    steps: list[Callable[[], object]] = []
    if current is not None and not gone:
        key = current.id
        found = [] if want.force else users(current, services)
        if found:
            raise InUse(f"key {want.alias}", found)
        steps.append(lambda: kms.schedule_deletion(services["kms"], key, want.days))
    nothing = {"key": None, "document": None}
    return Plan(
        title=f"key {want.alias}",
        change=reconcile.change(before, None),
        predicted=nothing,
        read=lambda: nothing,
        steps=tuple(steps),
    )


def users(key: Key, services: Services) -> list[str]:
    """The secrets that are encrypted under the key, by any of its names."""
    names = kms.aliases(services["kms"], key.id)
    root = key.arn.rpartition(":key/")[0]
    own = {key.id, key.arn, *names, *(f"{root}:{name}" for name in names)}
    listed = services["secretsmanager"].all("list_secrets", "SecretList")
    return [f"secret {each['Name']}" for each in listed if each.get("KmsKeyId") in own]


def _shown(
    alias: str, current: Key | None, policy: policies.Policy | None, tags: Mapping[str, str]
) -> dict[str, Any] | None:
    if current is None:
        return None
    return {
        "alias": alias,
        "description": current.description,
        "key_state": current.state,
        "tags": dict(tags),
        "policy": policy,
    }


def read(alias: str, services: Services) -> dict[str, Any]:
    """What the module returns once all is done."""
    service = services["kms"]
    current = kms.describe(service, alias)
    if current is None:
        raise GatepostError(f"key {alias} is gone as soon as it was written")
    policy = policies.parsed(kms.policy(service, current.id), alias)
    shown = _shown(alias, current, policy, kms.tags(service, current.id)) or {}
    return _result(current, shown)


def _result(current: Key | None, shown: Mapping[str, Any]) -> dict[str, Any]:
    facts = {"id": current.id if current else None, "arn": current.arn if current else None}
    return {"key": {**facts, **shown}, "document": shown.get("policy")}
