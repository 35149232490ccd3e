# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that Mail Manager reads: exactly the members that it accepts, its policy, a key of yours.

The value is read and compared, and written only if it differs; it is never shown. What is shown of
it is which version bears which staging label. A secret that is scheduled for deletion is restored
before anything else of it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    kms,
    policies,
    secret_rotation,
    secret_value,
    secretsmanager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import printable
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_options import Wanted, wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_removal import removal
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_versions import NEW
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import (
    CURRENT,
    Secret,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import (
    SETTLING,
    once_visible,
    until,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

OWN_KEY = "aws/secretsmanager"

Document = dict[str, Any]


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    current = secretsmanager.describe(services["secretsmanager"], want.name)
    if not want.present:
        return removal(want, current, services)
    key, missing = _key(want.key, services)
    if current is None:
        return _creation(want, key, missing, services)
    if current.deleted:
        return _restoration(want, current, key, missing, options, services)
    return _change(want, current, key, missing, services)


def _creation(want: Wanted, key: str, missing: tuple[str, ...], services: Services) -> Plan:
    if want.value is None:
        raise BadOption(want.members[0], "is needed to create a secret")
    if want.stage != CURRENT:
        raise BadOption("stage", f"pending is for a secret that exists; there is no {want.name}")
    service = services["secretsmanager"]
    scope = kms.scope(services)
    policy = policies.merged(None, [policies.secret_statement(want.purpose, scope)])
    desired: Document = {
        "name": want.name,
        "description": want.description or "",
        "kms_key_id": key,
        "tags": want.tags or {},
        "policy": policy,
        "versions": {CURRENT: NEW},
    }
    if want.rotation is not None:
        desired["rotation"] = secret_rotation.after(None, want.rotation)
    change = reconcile.change(None, desired)
    request = {
        "Name": want.name,
        "Description": desired["description"],
        "KmsKeyId": key,
        "SecretString": json.dumps(want.value),
    }
    arns: list[str] = []
    steps: list[Callable[[], object]] = [
        lambda: arns.append(secretsmanager.create(service, request, desired["tags"])),
        lambda: once_visible(
            lambda: secretsmanager.put_policy(service, arns[0], json.dumps(policy))
        ),
    ]
    if want.rotation is not None and want.rotation.enabled:
        settings = secret_rotation.request(desired["rotation"])
        steps.append(
            lambda: secretsmanager.rotate(
                service, arns[0], RotateImmediately=want.rotate_now, **settings
            )
        )
    return Plan(
        title=f"secret {want.name}",
        change=change,
        predicted=_result(None, desired),
        read=lambda: read(arns[0], services),
        steps=tuple(steps),
        missing=missing,
    )


def _change(
    want: Wanted, current: Secret, key: str, missing: tuple[str, ...], services: Services
) -> Plan:
    service = services["secretsmanager"]
    policy = _policy(current, services)
    before = _shown(current, policy, services)
    after_policy = policies.merged(
        policy, [policies.secret_statement(want.purpose, kms.scope(services))]
    )
    desired: Document = {
        "name": want.name,
        "kms_key_id": key,
        "policy": policy if policies.same(policy, after_policy) else after_policy,
    }
    if want.description is not None:
        desired["description"] = want.description
    if want.tags is not None:
        desired["tags"] = reconcile.tags(current.tags, want.tags, want.purge_tags)
    if want.rotation is not None:
        desired["rotation"] = secret_rotation.after(current, want.rotation)
    value = secret_value.compare(want, current, services)
    desired["versions"] = value.moves.after
    change = reconcile.change(before, desired)
    steps: list[Callable[[], object]] = []
    members = {
        member: change.members[name]
        for name, member in (("description", "Description"), ("kms_key_id", "KmsKeyId"))
        if change.differs(name)
    }
    if members:
        steps.append(lambda: secretsmanager.update(service, current.arn, members))
    # After the key, so that a new value is encrypted under it.
    steps += secret_value.steps(current, value, services)
    if change.differs("policy"):
        text = json.dumps(after_policy)
        steps.append(lambda: secretsmanager.put_policy(service, current.arn, text))
    if change.differs("tags"):
        put, removed = reconcile.tag_steps(current.tags, change.members["tags"])
        if removed:
            steps.append(lambda: secretsmanager.untag(service, current.arn, removed))
        if put:
            steps.append(lambda: secretsmanager.tag(service, current.arn, put))
    steps += _rotation(current, change, value.rotates, services)
    return Plan(
        title=f"secret {want.name}",
        change=change,
        predicted=_result(current, change.after or {}),
        read=lambda: read(current.arn, services),
        steps=tuple(steps),
        missing=missing,
    )


def _rotation(
    current: Secret, change: reconcile.Change, now: bool, services: Services
) -> list[Callable[[], object]]:
    service = services["secretsmanager"]
    desired = change.members.get("rotation")
    if desired is None:
        return [lambda: secretsmanager.rotate(service, current.arn)] if now else []
    if not desired["enabled"]:
        return [lambda: secretsmanager.cancel_rotation(service, current.arn)]
    settings = {**secret_rotation.request(desired), "RotateImmediately": now}
    return [lambda: secretsmanager.rotate(service, current.arn, **settings)]


def _restoration(
    want: Wanted,
    current: Secret,
    key: str,
    missing: tuple[str, ...],
    options: Mapping[str, Any],
    services: Services,
) -> Plan:
    """A secret to be deleted tells neither value nor policy: restore it, then plan anew."""
    before = {
        "name": current.name,
        "description": current.description,
        "kms_key_id": current.key or OWN_KEY,
        "tags": current.tags,
        "versions": current.versions,
        "deletion_scheduled": True,
    }
    desired: Document = {"deletion_scheduled": False, "kms_key_id": key}
    if want.description is not None:
        desired["description"] = want.description
    if want.tags is not None:
        desired["tags"] = reconcile.tags(current.tags, want.tags, want.purge_tags)

    def the_rest() -> None:
        for step in prepare(options, services).steps:
            step()

    change = reconcile.change(before, desired)
    return Plan(
        title=f"secret {want.name}",
        change=change,
        predicted=_result(current, change.after or {}),
        read=lambda: read(current.arn, services),
        steps=(
            lambda: secretsmanager.restore(services["secretsmanager"], current.arn),
            the_rest,
        ),
        missing=missing,
    )


def _key(reference: str, services: Services) -> tuple[str, tuple[str, ...]]:
    """The ARN of a usable customer managed key, or the reference and what is missing."""
    found = kms.describe(services["kms"], reference)
    if found is None:
        return reference, (f"kms_key_id: there is no key {reference}",)
    if found.manager != "CUSTOMER":
        raise BadOption(
            "kms_key_id",
            f"{reference} is managed by AWS; Mail Manager needs a customer managed key",
        )
    if found.state != "Enabled":
        raise GatepostError(f"kms_key_id: the key {reference} is {found.state}")
    return found.arn, ()


def _policy(current: Secret, services: Services) -> policies.Policy | None:
    text = secretsmanager.policy(services["secretsmanager"], current.arn)
    return policies.parsed(text, f"secret {current.name}")


def _shown(current: Secret, policy: policies.Policy | None, services: Services) -> Document:
    found = kms.describe(services["kms"], current.key) if current.key else None
    return {
        "name": current.name,
        "description": current.description,
        "kms_key_id": found.arn if found else current.key or OWN_KEY,
        "tags": current.tags,
        "policy": policy,
        "versions": current.versions,
        "rotation": secret_rotation.shown(current),
    }


def read(arn: str, services: Services) -> Document:
    """What the module returns once all is done. Never the value."""
    service = services["secretsmanager"]
    what = f"secret {arn}: seen after it was written"
    current = until(what, lambda: secretsmanager.describe(service, arn), bool, SETTLING)
    if current is None:
        raise GatepostError(f"secret {arn} is gone as soon as it was written")
    return shown(current, services)


def shown(current: Secret, services: Services) -> Document:
    """A secret that can be read, as the modules return it."""
    return _result(current, _shown(current, _policy(current, services), services))


def _result(current: Secret | None, facts: Mapping[str, Any]) -> Document:
    return {
        "secret": {"arn": current.arn if current else None, **facts},
        "document": printable(current.details) if current else None,
    }
