# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that Mail Manager reads: exactly the members that it accepts, its policy, a key of yours.

The value is read and compared, and written only if it differs; it is never shown. A secret that is
scheduled for deletion is restored before anything else of it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms, policies, secretsmanager
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    RELAY,
    MailManager,
    printable,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    InUse,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

OWN_KEY = "aws/secretsmanager"
HELD, NEW, UNKNOWN = "(set)", "(new)", "(unknown until restored)"


@dataclass(frozen=True)
class Wanted:
    """value: what the secret must hold, None to leave it alone. Its repr keeps it to itself."""

    name: str
    present: bool
    purpose: str
    key: str
    value: dict[str, str] | None
    always: bool
    description: str | None
    tags: dict[str, str] | None
    purge_tags: bool
    force: bool
    days: int

    def __repr__(self) -> str:
        return f"Wanted({self.name!r})"


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Pure. Raises BadOption, which never quotes a value."""
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
    return Wanted(
        name=options["name"],
        present=present,
        purpose=options.get("purpose") or "",
        key=options.get("kms_key_id") or "",
        value=_value(options) if present else None,
        always=options["update_password"] == "always",  # noqa: S105
        description=options.get("description"),
        tags=given.tags(options.get("tags")),
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
    if found and len(found) < len(members):
        absent = [name for name in members if name not in found]
        raise BadOption(absent[0], f"is needed beside {next(iter(found))}")
    return found or None


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    service = services["secretsmanager"]
    current = secretsmanager.describe(service, want.name)
    if not want.present:
        return _removal(want, current, services)
    key, missing = _key(want.key, services)
    scope = kms.scope(services)
    if current is not None and current.deleted:
        return _restoration(want, current, key, missing, options, services)
    if current is None and want.value is None:
        needed = policies.PURPOSES[want.purpose].members
        raise BadOption(needed[0], "is needed to create a secret")
    policy = _policy(current, services)
    value = _shown_value(want, current, services)
    before = _shown(current, policy, services)
    tags = current.tags if current else {}
    after_tags = tags if want.tags is None else reconcile.tags(tags, want.tags, want.purge_tags)
    statement = policies.secret_statement(want.purpose, scope)
    after_policy = policies.merged(policy, [statement])
    desired: dict[str, Any] = {
        "name": want.name,
        "kms_key_id": key,
        "tags": after_tags,
        "policy": before["policy"]
        if before and policies.same(policy, after_policy)
        else after_policy,
        "value": value,
    }
    if want.description is not None:
        desired["description"] = want.description
    change = reconcile.change(before, desired)
    arns = [current.arn] if current else []
    return Plan(
        title=f"secret {want.name}",
        change=change,
        predicted=_predicted(current, change.after or {}),
        read=lambda: result(arns[0], services),
        steps=tuple(_steps(want, change, after_policy, current, arns, services)),
        missing=missing,
    )


def _steps(
    want: Wanted,
    change: reconcile.Change,
    policy: policies.Policy,
    current: Secret | None,
    arns: list[str],
    services: Services,
) -> list[Callable[[], object]]:
    service = services["secretsmanager"]
    text = json.dumps(want.value)

    def write_policy() -> None:
        secretsmanager.put_policy(service, arns[0], json.dumps(policy))

    if current is None:
        made = {"Name": want.name, "KmsKeyId": want.key, "SecretString": text}
        made["Description"] = want.description or ""
        tags = change.members["tags"]
        return [lambda: arns.append(secretsmanager.create(service, made, tags)), write_policy]
    steps: list[Callable[[], object]] = []
    members: dict[str, Any] = {}
    if change.differs("description"):
        members["Description"] = want.description
    if change.differs("kms_key_id"):
        members["KmsKeyId"] = want.key
    if members:
        steps.append(lambda: secretsmanager.update(service, arns[0], members))
    # After the key, so that the new value is encrypted under it.
    if change.differs("value"):
        steps.append(lambda: secretsmanager.put_value(service, arns[0], text))
    if change.differs("policy"):
        steps.append(write_policy)
    if change.differs("tags"):
        put, removed = reconcile.tag_steps(current.tags, change.members["tags"])
        if removed:
            steps.append(lambda: secretsmanager.untag(service, arns[0], removed))
        if put:
            steps.append(lambda: secretsmanager.tag(service, arns[0], put))
    return steps


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
        "deletion_scheduled": True,
        "value": UNKNOWN,
    }
    desired: dict[str, Any] = {"deletion_scheduled": False, "kms_key_id": key}
    if want.description is not None:
        desired["description"] = want.description
    if want.tags is not None:
        desired["tags"] = reconcile.tags(current.tags, want.tags, want.purge_tags)
    if want.value is not None and want.always:
        desired["value"] = HELD

    def the_rest() -> None:
        for step in prepare(options, services).steps:
            step()

    change = reconcile.change(before, desired)
    return Plan(
        title=f"secret {want.name}",
        change=change,
        predicted=_predicted(current, change.after or {}),
        read=lambda: result(current.arn, services),
        steps=(
            lambda: secretsmanager.restore(services["secretsmanager"], current.arn),
            the_rest,
        ),
        missing=missing,
    )


def _removal(want: Wanted, current: Secret | None, services: Services) -> Plan:
    """A scheduled deletion is as absent as a secret can be at once."""
    gone = current is None or current.deleted
    before = None if gone or current is None else {"name": current.name, "arn": current.arn}
    steps: list[Callable[[], object]] = []
    if current is not None and not gone:
        arn = current.arn
        found = [] if want.force else users(arn, MailManager(services["mailmanager"]))
        if found:
            raise InUse(f"secret {want.name}", found)
        steps.append(lambda: secretsmanager.delete(services["secretsmanager"], arn, want.days))
    nothing = {"secret": None, "document": None}
    return Plan(
        title=f"secret {want.name}",
        change=reconcile.change(before, None),
        predicted=nothing,
        read=lambda: nothing,
        steps=tuple(steps),
    )


def users(arn: str, api: MailManager) -> list[str]:
    """The relays and ingress points that authenticate with the secret."""
    relays = [
        f"relay {each.name}"
        for each in api.listed(RELAY)
        if api.get(RELAY, each.id).get("Authentication", {}).get("SecretArn") == arn
    ]
    points = [
        f"ingress point {each.name}"
        for each in api.listed(INGRESS_POINT)
        if api.get(INGRESS_POINT, each.id).get("IngressPointAuthConfiguration", {}).get("SecretArn")
        == arn
    ]
    return relays + points


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


def _policy(current: Secret | None, services: Services) -> policies.Policy | None:
    if current is None:
        return None
    text = secretsmanager.policy(services["secretsmanager"], current.arn)
    return policies.parsed(text, f"secret {current.name}")


def _shown_value(want: Wanted, current: Secret | None, services: Services) -> str:
    """What stands in a diff for the value that should be held."""
    if current is None or want.value is None or not want.always:
        return HELD
    text = secretsmanager.value(services["secretsmanager"], current.arn)
    return HELD if _holds(text, want.value) else NEW


def _holds(text: str | None, value: Mapping[str, str]) -> bool:
    try:
        return text is not None and bool(json.loads(text) == value)
    except ValueError:
        return False


def _shown(
    current: Secret | None, policy: policies.Policy | None, services: Services
) -> dict[str, Any] | None:
    if current is None:
        return None
    found = kms.describe(services["kms"], current.key) if current.key else None
    return {
        "name": current.name,
        "description": current.description,
        "kms_key_id": found.arn if found else current.key or OWN_KEY,
        "tags": current.tags,
        "policy": policy,
        "value": HELD,
    }


def result(arn: str, services: Services) -> dict[str, Any]:
    """What the module returns once all is done. Never the value."""
    current = secretsmanager.describe(services["secretsmanager"], arn)
    if current is None:
        raise GatepostError(f"secret {arn} is gone as soon as it was written")
    shown = _shown(current, _policy(current, services), services) or {}
    return _predicted(current, shown)


def _predicted(current: Secret | None, shown: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: each for name, each in shown.items() if name not in ("value",)}
    return {
        "secret": {"arn": current.arn if current else None, **facts},
        "document": printable(current.details) if current else None,
    }
