# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that knows the Ansible module: its mode, its result, its failure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

try:  # noqa: SIM105
    import boto3
except ImportError:  # AnsibleAWSModule reports it
    pass

# Not the method of AnsibleAWSModule: it hands warnings over in a way that is deprecated.
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import NO_RETRIES, Services
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan, Values

# The version whose model of Mail Manager is pinned.
BOTO3 = "1.44.0"
TAGS: dict[str, Any] = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
STATE: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
WAIT: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}

Prepare = Callable[[Mapping[str, Any], Services], Plan]
Read = Callable[[Mapping[str, Any], Services], Values]


def run(module: AnsibleAWSModule, prepare: Prepare) -> None:
    """Do what the plan says, or predict it, and exit."""
    services = _services(module)
    try:
        plan = prepare(module.params, services)
        warnings = list(plan.warnings)
        if module.check_mode:
            result = plan.predicted
            warnings += [
                f"{each}. A run fails unless something makes it first" for each in plan.missing
            ]
        else:
            result = plan.carry_out()
    except GatepostError as error:
        module.fail_json(msg=str(error))
    for warning in warnings:
        warn(warning)
    module.exit_json(changed=plan.change.changed, diff=plan.change.diff(plan.title), **result)


def inform(module: AnsibleAWSModule, read: Read) -> None:
    """Read and exit; for the `_info` modules."""
    services = _services(module)
    try:
        result = read(module.params, services)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


def _services(module: AnsibleAWSModule) -> Services:
    if not module.boto3_at_least(BOTO3):
        module.fail_json(
            msg=f"boto3 {boto3.__version__} of {sys.executable} is too old: {BOTO3} or newer is "
            "needed, for its model of SES Mail Manager"
        )
    return Services(lambda name: module.client(name, config=NO_RETRIES))
