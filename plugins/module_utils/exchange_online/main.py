# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that knows the Ansible module: its options, its result, its failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import clouds, login
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.graph import Graph
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settle import Writer
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    ExchangeOnline,
    Session,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan, Values


def _option(variable: str, **more: Any) -> dict[str, Any]:
    return {"type": "str", "fallback": (env_fallback, [f"GATEPOST_M365_{variable}"]), **more}


AUTH: dict[str, Any] = {
    "tenant_id": _option("TENANT"),
    "client_id": _option("CLIENT_ID"),
    "certificate_file": _option("CERTIFICATE", type="path"),
    "certificate_passphrase": _option("CERTIFICATE_PASSPHRASE", no_log=True),
    "client_secret": _option("CLIENT_SECRET", no_log=True),
    "managed_identity": {"type": "bool", "default": False},
    "cloud": _option("CLOUD", choices=list(clouds.CLOUDS), default="global"),
    "authority": _option("AUTHORITY"),
    "exchange_endpoint": _option("EXCHANGE_ENDPOINT"),
    "graph_endpoint": _option("GRAPH_ENDPOINT"),
    "ca_file": _option("CA", type="path"),
}
WRITE: dict[str, Any] = {
    "enable_organization_customization": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
}

Prepare = Callable[[Mapping[str, Any], Writer], Plan]
Read = Callable[[Mapping[str, Any], ExchangeOnline], Values]


def exchange_online(options: Mapping[str, Any]) -> ExchangeOnline:
    """Exchange Online by the options. Raises BadOption before any call is made."""
    cloud = clouds.cloud(options)
    return ExchangeOnline(cloud.exchange, _session(options, cloud, cloud.exchange_resource))


def graph(options: Mapping[str, Any]) -> Graph:
    """Microsoft Graph by the options. Raises BadOption before any call is made."""
    cloud = clouds.cloud(options)
    return Graph(cloud.graph, _session(options, cloud, cloud.graph_resource))


def _session(options: Mapping[str, Any], cloud: clouds.Cloud, resource: str) -> Session:
    who = login.identity(options)
    http = login.session(options.get("ca_file"))
    return Session(http, lambda: login.sign_in(who, cloud, resource, http))


def run(module: AnsibleModule, prepare: Prepare) -> None:
    """Do what the plan says, or predict it, and exit."""
    _require(module)
    options = module.params
    try:
        exchange = exchange_online(options)
        customize = options["enable_organization_customization"]
        plan = prepare(options, Writer(exchange, customize, options["wait_timeout"]))
        result = plan.predicted if module.check_mode else plan.carry_out()
    except GatepostError as error:
        module.fail_json(msg=str(error))
    for warning in (*plan.warnings, *exchange.warnings):
        module.warn(warning)
    module.exit_json(changed=plan.change.changed, diff=plan.change.diff(plan.title), **result)


def inform(module: AnsibleModule, read: Read) -> None:
    """Read and exit; for the `_info` modules."""
    _require(module)
    try:
        exchange = exchange_online(module.params)
        result = read(module.params, exchange)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    for warning in exchange.warnings:
        module.warn(warning)
    module.exit_json(changed=False, **result)


def _require(module: AnsibleModule) -> None:
    if login.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib(login.REQUIREMENTS), exception=login.IMPORT_ERROR)
