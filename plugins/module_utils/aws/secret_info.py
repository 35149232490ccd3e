# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets as they are, and whether Mail Manager could use them. Never a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    kms,
    secret,
    secret_judgement,
    secretsmanager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import printable
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import Secret
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

Document = dict[str, Any]


def info(options: Mapping[str, Any], services: Services) -> Document:
    """The secret of a name or an ARN, or all that are not to be deleted."""
    service, name = services["secretsmanager"], options.get("name")
    if name is not None and not name.startswith("arn:") and not secretsmanager.is_name(name):
        raise BadOption("name", f"is neither the name nor the ARN of a secret: {name}")
    found = [
        described
        for each in ([name] if name else secretsmanager.listed(service))
        if (described := secretsmanager.describe(service, each)) is not None
    ]
    results = [_one(each, options.get("purpose"), services) for each in found]
    return {
        "secrets": [each["secret"] for each in results],
        "documents": [each["document"] for each in results],
    }


def _one(current: Secret, purpose: str | None, services: Services) -> Document:
    # Of a secret to be deleted the service tells no more than this.
    about = (
        {
            "secret": {"arn": current.arn, "name": current.name, "tags": current.tags},
            "document": printable(current.details),
        }
        if current.deleted
        else secret.shown(current, services)
    )
    facts = {**about["secret"], "deletion_scheduled": current.deleted}
    if purpose:
        facts["judgement"] = _judged(current, purpose, services)
    return {"secret": facts, "document": about["document"]}


def _judged(current: Secret, purpose: str, services: Services) -> Document:
    facts = secret_judgement.read(services, current, purpose)
    findings = secret_judgement.judge(facts, purpose, kms.scope(services))
    judgement = secret_judgement.Judgement(current.arn, purpose, findings)
    return {
        "purpose": purpose,
        "usable": judgement.usable,
        "findings": [each._asdict() for each in findings],
    }
