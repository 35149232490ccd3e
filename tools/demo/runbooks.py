"""Every runbook, by `gatepost runbook`, against what the demo has made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.demo import microsoft as domains
from tools.demo import onboarding
from tools.demo.commands import run
from tools.demo.progress import Progress
from tools.demo.relay import Relay

FOLDERS = {
    "runbook": ("google_workspace", "Google Workspace"),
    "runbook-outbound": ("outbound_relay", "The outbound relay"),
    "runbook-microsoft": ("microsoft_365", "Microsoft 365 behind Mail Manager"),
    "runbook-microsoft-hosts": ("microsoft_365", "Microsoft 365 behind relay hosts"),
    "runbook-hosts": ("relay_hosts", "The relay hosts"),
}


def google(
    progress: Progress,
    info: Mapping[str, Any],
    env: Mapping[str, str],
    out: Path,
    daemon: Relay,
    attestation: Path,
) -> None:
    parameters = {
        "domain": onboarding.DOMAIN,
        "region": onboarding.REGION,
        "inbound_relay": onboarding.INBOUND,
        "outbound_relay": onboarding.OUTBOUND,
        "outbound_host": onboarding.EXCHANGE,
        "outbound_port": onboarding.PORT,
        "rule_set": onboarding.RULES,
        "traffic_policy": onboarding.POLICY,
        "ingress_point": onboarding.INGRESS,
        "aws_endpoint_url": info["aws"],
        "google_key_file": env["GATEPOST_GOOGLE_CREDENTIALS"],
        "google_endpoint_url": env["GATEPOST_GOOGLE_ENDPOINT"],
        "google_admin": env["GATEPOST_GOOGLE_SUBJECT"],
        "attestation_file": attestation,
        "probe_mailbox": f"probe@{onboarding.DOMAIN}",
        "probe_smtp": f"127.0.0.1:{daemon.port}",
    }
    _execute(progress, env, out, "runbook", parameters)


def outbound(
    progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path
) -> None:
    parameters = {
        "region": onboarding.REGION,
        "outbound_relay": onboarding.OUTBOUND,
        "outbound_host": onboarding.EXCHANGE,
        "outbound_port": onboarding.PORT,
        "rule_set": onboarding.RULES,
        "secret_name": "gatepost/RelayToMyExchangeServer",
        "key_alias": "gatepost-smtp-relay",
        "sign_in": "true",
        "smtp_address": info["smtp"]["exchange"],
        "ca_file": info["ca"],
    }
    _execute(progress, env, out, "runbook-outbound", parameters)


def microsoft(
    progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path
) -> None:
    """The probe goes by the endpoint's ARecord, which the emulators lead to a gatepostd."""
    parameters = {
        "domain": domains.DOMAIN,
        "region": onboarding.REGION,
        "inbound_relay": domains.RELAY,
        "rule_set": domains.RULES,
        "traffic_policy": domains.POLICY,
        "ingress_point": domains.INGRESS,
        "aws_endpoint_url": info["aws"],
        "probe_mailbox": f"probe@{domains.DOMAIN}",
    }
    _execute(progress, env, out, "runbook-microsoft", parameters)


def hosts(
    progress: Progress,
    env: Mapping[str, str],
    out: Path,
    host: domains.Host,
) -> None:
    """The provider's side, and the host's."""
    address = f"127.0.0.1:{host.relay.port}"
    common = {
        "domain": domains.HOSTED,
        "gateway_ips": domains.ADDRESS,
        "gateway_hosts": domains.HOST,
        "probe_mailbox": f"probe@{domains.HOSTED}",
    }
    provider = {"plane": "hosts", "connector": domains.CONNECTOR, "probe_smtp": address}
    _execute(progress, env, out, "runbook-microsoft-hosts", {**common, **provider})
    side = {
        "provider": "microsoft_365",
        "gateway_addresses": address,
        "ca_file": host.ca,
        "config_file": host.relay.config,
        "inbound_relay": domains.RELAY,
    }
    _execute(progress, env, out, "runbook-hosts", {**common, **side})


def _execute(
    progress: Progress,
    env: Mapping[str, str],
    out: Path,
    folder: str,
    parameters: Mapping[str, Any],
) -> None:
    name, title = FOLDERS[folder]
    progress.part(f"Execute the runbook: {title}")
    status, output = run(
        [
            *("gatepost", "runbook", name, "--output", str(out / folder)),
            *(part for key, value in parameters.items() for part in ("-p", f"{key}={value}")),
        ],
        log=out / f"{folder}.log",
        env=env,
        told=lambda line: progress.tell(f"   {line}"),
    )
    detail = output[-500:] if status else str(out / folder / f"{name}.html")
    progress.check(f"runbook, {title}: completes, and nothing failed", status == 0, detail)
