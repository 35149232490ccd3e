"""The onboarding playbook, twice, and what AWS then holds, seen through boto3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from notebooks.runbook import aws, relay_steps, wanted
from tools.demo.commands import run
from tools.demo.progress import Progress

DOMAIN, REGION = "example.com", "us-east-1"
EXCHANGE, PORT = "exchange.example.net", 587
OUTBOUND, INBOUND = "RelayToMyExchangeServer", "RelayToGoogleWorkspace"
POLICY, RULES, INGRESS = "gatepost-edge", "gatepost-main", "gatepost-edge"
WANTED = wanted.Relays(
    region=REGION,
    domain=DOMAIN,
    inbound=INBOUND,
    inbound_host="aspmx.l.google.com",
    outbound=OUTBOUND,
    outbound_host=EXCHANGE,
    outbound_port=PORT,
    rule_set=RULES,
    traffic_policy=POLICY,
    ingress_point=INGRESS,
)


def onboard(progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], out: Path) -> None:
    """Run the playbook twice and judge both runs."""
    # The zone is the customer's: it is there before anything of Gatepost.
    zone(info, DOMAIN, "1 aspmx.l.google.com.", "v=spf1 include:_spf.google.com ~all")
    variables = {
        "gatepost_domain": DOMAIN,
        "gatepost_region": REGION,
        "gatepost_exchange_host": EXCHANGE,
        "gatepost_exchange_port": PORT,
        "gatepost_publish_dns": "route53",
        "gatepost_tags": {"made-by": "gatepost"},
        "gatepost_attestation_file": str(out / "attestation.json"),
    }
    twice(progress, "onboard_google_workspace", variables, env, out, DOMAIN)


def zone(info: Mapping[str, Any], domain: str, mx: str, spf: str) -> None:
    """A hosted zone with the records of a domain that receives mail already."""
    route53 = boto3.client("route53", endpoint_url=info["aws"], region_name=REGION)
    made = route53.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]
    records = {
        ("MX", domain): mx,
        ("TXT", domain): f'"{spf}"',
        ("TXT", f"_dmarc.{domain}"): f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
    }
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": name,
                "Type": kind,
                "TTL": 3600,
                "ResourceRecords": [{"Value": value}],
            },
        }
        for (kind, name), value in records.items()
    ]
    route53.change_resource_record_sets(HostedZoneId=made["Id"], ChangeBatch={"Changes": changes})


def twice(
    progress: Progress,
    playbook: str,
    variables: Mapping[str, Any],
    env: Mapping[str, str],
    out: Path,
    title: str,
) -> None:
    """Run an onboarding playbook twice and judge both runs; its files are named by its domain."""
    domain = variables["gatepost_domain"]
    file = out / f"variables-{domain}.json"
    file.write_text(json.dumps(variables, indent=2))
    for number, which in ((1, "first"), (2, "second")):
        progress.part(f"Onboard {title}: the playbook, {which} run")
        status, output = run(
            [
                *("ansible-playbook", f"playbooks/{playbook}.yml"),
                *("-i", "localhost,", "-e", f"@{file}"),
            ],
            log=out / f"playbook-{domain}-{number}.log",
            env={**env, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false"},
            told=lambda line: _task(progress, line),
        )
        recap = dict(re.findall(r"(\w+)=(\d+)", output.rpartition("PLAY RECAP")[2]))
        shown = ", ".join(f"{name} {recap.get(name, '?')}" for name in ("ok", "changed", "failed"))
        progress.check(f"{title}, {which} run: succeeds", status == 0, shown)
        if number == 2:
            same = recap.get("changed") == "0"
            progress.check(f"{title}, second run: changes nothing", same, shown)
        leaked = [secret for secret in progress.secrets if secret in output]
        progress.check(f"{title}, {which} run: prints no secret", not leaked)


def attest(progress: Progress, env: Mapping[str, str], out: Path) -> Path:
    """A person's statement on the console's settings; the file's path."""
    path = out / "attestation.json"
    status, output = run(
        [
            *("ansible", "localhost", "-i", "localhost,", "-c", "local"),
            *("-e", "ansible_python_interpreter={{ ansible_playbook_python }}"),
            *("-m", "gatepost.mail.google_inbound_gateway_attestation"),
            *("-a", f"domain={DOMAIN} region={REGION} path={path} attested_by=admin@{DOMAIN}"),
        ],
        log=out / "attestation.log",
        env={**env, "ANSIBLE_NOCOLOR": "1"},
    )
    progress.check("attestation is recorded", status == 0, output[-300:] if status else str(path))
    return path


def verify(progress: Progress, info: Mapping[str, Any]) -> None:
    """What AWS holds: everything that the page asks for."""
    progress.part("What AWS holds now, read with boto3")
    state = aws.read(WANTED, endpoint_url=info["aws"])
    for judged in (relay_steps.inbound, relay_steps.outbound, relay_steps.path):
        for step in judged(state, WANTED):
            detail = f"asked {step.asked}; found {step.found}; {step.proof}"
            progress.check(f"AWS: {step.step}", step.verdict == "verified", detail)
    rules = relay_steps.rules_of(state.rule_set.value)
    conditioned = [bool(rules) and bool(rules[0].get("Conditions")), bool(rules[-1].get("Unless"))]
    names = ", ".join(str(rule.get("Name")) for rule in rules)
    both = len(rules) == 2 and all(conditioned)
    progress.check("AWS: the page's rule and its Unless counterpart", both, names)


def _task(progress: Progress, line: str) -> None:
    found = re.match(r"TASK \[(.+)\]|(ok|changed|fatal|failed): ", line)
    if found and found[1]:
        progress.tell(f"   {found[1]}")
    elif found and found[2] != "ok":
        progress.tell(f"     {found[2]}")
