# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Customer managed keys as they are: what Mail Manager could use them for, and which secrets do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    kms,
    kms_key,
    policies,
    secret_judgement,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key_options import alias_name

Document = dict[str, Any]


def info(options: Mapping[str, Any], services: Services) -> Document:
    """The key of an alias, or every key that has one, AWS's own left out."""
    service = services["kms"]
    if options.get("alias"):
        names = [alias_name(options["alias"])]
    else:
        names = [name for name in kms.aliases(service) if not name.startswith("alias/aws/")]
    found = {name: kms.describe(service, name) for name in sorted(names)}
    keys = {name: key for name, key in found.items() if key is not None}
    scope = kms.scope(services) if keys else None
    results = []
    for name, key in keys.items():
        shown = kms_key.shown(name, key, service)
        facts = {**shown["key"], "used_by": kms_key.users(key, services)}
        if scope is not None:
            facts["purposes"] = _purposes(shown["document"], key.arn, scope)
        results.append({"key": facts, "document": shown["document"]})
    return {
        "keys": [each["key"] for each in results],
        "documents": [each["document"] for each in results],
    }


def _purposes(policy: policies.Policy | None, arn: str, scope: policies.Scope) -> list[str]:
    """For which purposes the policy lets Mail Manager in."""
    return [
        purpose
        for purpose, what in policies.PURPOSES.items()
        if secret_judgement.lets_in(policy, purpose, what.key_actions, arn, scope).allowed
    ]
