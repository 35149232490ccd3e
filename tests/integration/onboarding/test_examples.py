"""Every example of the providers' and the DNS' modules, run as it stands, by ansible-playbook."""

import importlib

import yaml

from tests.integration.onboarding.conftest import RANGE, REGION

MODULES = (
    "google_inbound_gateway_attestation",
    "google_inbound_gateway_info",
    "m365_connection_filter_policy",
    "m365_connection_filter_policy_info",
    "m365_content_filter_policy",
    "m365_content_filter_policy_info",
    "m365_inbound_connector",
    "m365_inbound_connector_info",
    "mail_domain_info",
    "mail_domain_mx",
    "mail_probe",
)
PACKAGE = "ansible_collections.gatepost.mail.plugins.modules"


def test_the_examples_run_as_they_stand(world, hosted):
    onboarding = {
        "gatepost_domain": "example.com",
        "gatepost_region": REGION,
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_publish_dns": "route53",
    }
    world.play("onboard_google_workspace", **onboarding)
    world.control("POST", "/mail/gateway", {"address": RANGE.replace("0/24", "10")})
    dialog = {"enabled": True, "gateway_ips": [RANGE], "detect_external_ip": True}
    world.control("POST", "/google/gateway", {**dialog, "require_tls": True})
    examples = [
        task
        for name in MODULES
        for task in yaml.safe_load(importlib.import_module(f"{PACKAGE}.{name}").EXAMPLES)
    ]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": examples,
    }
    file = world.folder / "examples.yml"
    file.write_text(yaml.safe_dump([play], sort_keys=False))
    done = world.play(file.with_suffix(""))
    assert done.printed.count("\nTASK [") == len(examples)
