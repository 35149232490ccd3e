# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Customer managed keys that Mail Manager may use: found by alias, their policy merged by Sid.

A pending deletion is cancelled, a disabled key enabled. A key is created with a tag that names its
alias, which is taken off once the alias stands: KMS knows no idempotency token, and so a run that
was cut off in between finds the key that it made rather than making another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms, policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service, Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms import Key
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key_options import (
    Wanted,
    wanted,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key_policy import (
    desired_policy,
    refuse_lockout,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ARCHIVE,
    INGRESS_POINT,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import (
    SETTLING,
    once_visible,
    until,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    GatepostError,
    InUse,
    ServiceError,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

ENABLED, PENDING = "Enabled", "PendingDeletion"
_USABLE = (ENABLED, "Disabled", PENDING)
MARK = "gatepost:unnamed"

Document = dict[str, Any]


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    service = services["kms"]
    named = kms.describe(service, want.alias)
    current = named or _unnamed(want.alias, service)
    if not want.present:
        return _removal(want, current, services)
    if current is not None and current.state not in _USABLE:
        raise GatepostError(f"key {want.alias} is {current.state}, which only its owner can mend")
    caller = kms.caller(services)
    now = policies.parsed(kms.policy(service, current.id), want.alias) if current else None
    tags = kms.tags(service, current.id) if current else {}
    before = _shown(want.alias if named else None, current, now, tags)
    after = desired_policy(want, caller.scope, now)
    refuse_lockout(now, after, caller, current.arn if current else "new")
    kept = {name: value for name, value in tags.items() if name != MARK}
    desired: Document = {
        "alias": want.alias,
        "key_state": ENABLED,
        "tags": kept if want.tags is None else reconcile.tags(kept, want.tags, want.purge_tags),
        "policy": now if policies.same(now, after) else after,
    }
    if want.description is not None:
        desired["description"] = want.description
    change = reconcile.change(before, desired)
    return Plan(
        title=f"key {want.alias}",
        change=change,
        predicted=_result(current, change.after or {}),
        read=lambda: read(want.alias, services),
        steps=tuple(
            _creation(want, change, service)
            if current is None
            else _steps(want, change, current, tags, service)
        ),
    )


def _creation(
    want: Wanted, change: reconcile.Change, service: Service
) -> list[Callable[[], object]]:
    ids: list[str] = []
    text = json.dumps(change.members["policy"])
    tags = {**change.members["tags"], MARK: want.alias}
    return [
        lambda: ids.append(kms.create(service, want.description or "", text, tags)),
        lambda: once_visible(lambda: kms.create_alias(service, want.alias, ids[0])),
        lambda: once_visible(lambda: kms.untag(service, ids[0], [MARK])),
    ]


def _steps(
    want: Wanted,
    change: reconcile.Change,
    current: Key,
    tags: Mapping[str, str],
    service: Service,
) -> list[Callable[[], object]]:
    key = current.id
    steps: list[Callable[[], object]] = []
    if current.state == PENDING:
        steps.append(lambda: kms.cancel_deletion(service, key))
    if change.differs("key_state"):
        steps.append(lambda: kms.enable(service, key))
    if change.differs("alias"):
        steps.append(lambda: kms.create_alias(service, want.alias, key))
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


def _unnamed(alias: str, service: Service) -> Key | None:
    """The key that an earlier run made for this alias, and was cut off before it named it."""
    named = set(kms.aliases(service).values())
    for identifier in kms.ids(service):
        if identifier in named:
            continue
        try:
            tags = kms.tags(service, identifier)
        except ServiceError as error:
            # A key that is not ours need not tell us its tags.
            if not error.code.startswith("AccessDenied"):
                raise
            continue
        if tags.get(MARK) == alias:
            return kms.describe(service, identifier)
    return None


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
    """The secrets, archives and trust stores that are encrypted under the key, by any of its names.

    What is to be deleted itself counts no longer.
    """
    names = kms.aliases(services["kms"], KeyId=key.id)
    root = key.arn.rpartition(":key/")[0]
    own = {key.id, key.arn, *names, *(f"{root}:{name}" for name in names)}
    listed = services["secretsmanager"].all("list_secrets", "SecretList")
    secrets = [f"secret {each['Name']}" for each in listed if each.get("KmsKeyId") in own]
    api = MailManager(services["mailmanager"])
    archives = [
        f"archive {each.name}"
        for each in api.listed(ARCHIVE)
        if _archive_key(api.get(ARCHIVE, each.id)) in own
    ]
    points = [
        f"the trust store of ingress point {each.name}"
        for each in api.listed(INGRESS_POINT)
        if _trust_store_key(api.get(INGRESS_POINT, each.id)) in own
    ]
    return secrets + archives + points


def _archive_key(archive: Mapping[str, Any]) -> str | None:
    gone = archive.get("ArchiveState") == "PENDING_DELETION"
    return None if gone else archive.get("KmsKeyArn")


def _trust_store_key(point: Mapping[str, Any]) -> str | None:
    tls = point.get("IngressPointAuthConfiguration", {}).get("TlsAuthConfiguration", {})
    key: str | None = tls.get("TrustStore", {}).get("KmsKeyArn")
    return key


def _shown(
    alias: str | None, current: Key | None, policy: policies.Policy | None, tags: Mapping[str, str]
) -> Document | None:
    if current is None:
        return None
    return {
        "alias": alias,
        "description": current.description,
        "key_state": current.state,
        "tags": dict(tags),
        "policy": policy,
    }


def read(alias: str, services: Services) -> Document:
    """What the module returns once all is done."""
    service = services["kms"]
    what = f"key {alias}: seen after it was written"
    current = until(what, lambda: kms.describe(service, alias), bool, SETTLING)
    if current is None:
        raise GatepostError(f"key {alias} is gone as soon as it was written")
    return shown(alias, current, service)


def shown(alias: str, current: Key, service: Service) -> Document:
    """A key as the modules return it."""
    policy = policies.parsed(kms.policy(service, current.id), alias)
    return _result(current, _shown(alias, current, policy, kms.tags(service, current.id)) or {})


def _result(current: Key | None, facts: Mapping[str, Any]) -> Document:
    known = {"id": current.id if current else None, "arn": current.arn if current else None}
    return {"key": {**known, **facts}, "document": facts.get("policy")}
