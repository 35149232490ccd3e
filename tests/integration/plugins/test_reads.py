"""How much a second run reads: what docs/aws.md says, and it writes nothing."""

import re
from pathlib import Path

import boto3
import pytest

DOCUMENT = Path(__file__).parents[3] / "docs/aws.md"
NONE = {"no_authentication": {}}
WORLD = {
    "mailmanager_kms_key": {"alias": "key", "purpose": "relay"},
    "mailmanager_secret": {
        "name": "out",
        "purpose": "relay",
        "kms_key_id": "alias/key",
        "username": "u",
        "password": "Sesame-Sesame",
    },
    "mailmanager_relay": {
        "name": "out",
        "server_name": "exchange.example.com",
        "server_port": 587,
        "authentication": {"secret_arn": "out"},
    },
    "mailmanager_archive": {"name": "in", "retention": {"retention_period": "ONE_YEAR"}},
    "mailmanager_address_list": {"name": "list", "members": ["ann@example.com"]},
    "mailmanager_addon_subscription": {"name": "SPAMHAUS_DBL", "accept_charges": True},
    "mailmanager_addon_instance": {"name": "SPAMHAUS_DBL"},
    "mailmanager_rule_set": {
        "name": "main",
        "rules": [
            {"actions": [{"archive": {"target_archive": "in"}}, {"relay": {"relay": "out"}}]}
        ],
    },
    "mailmanager_traffic_policy": {
        "name": "edge",
        "default_action": "ALLOW",
        "policy_statements": [],
    },
    "mailmanager_ingress_point": {
        "name": "edge",
        "type": "OPEN",
        "rule_set": "main",
        "traffic_policy": "edge",
    },
    "sesv2_email_identity": {"domain": "example.com"},
}
ROW = re.compile(r"\| `(mailmanager_\w+|sesv2_\w+)` \| (\d+): ([^|]*) \|")


@pytest.mark.parametrize("bystanders", [0, 3])
def test_a_second_run_reads_what_is_documented(aws, bystanders):
    documented = {
        module: (int(count), told) for module, count, told in ROW.findall(DOCUMENT.read_text())
    }
    for module, options in WORLD.items():
        done = aws.run(module, **options)
        assert not done.get("failed"), done["msg"]
    mail = boto3.client("mailmanager")
    for number in range(bystanders):
        # What else is there makes no difference.
        mail.create_address_list(AddressListName=f"other-{number}")
        mail.create_archive(ArchiveName=f"other-{number}")
        mail.create_rule_set(RuleSetName=f"other-{number}", Rules=[])
    measured = {}
    for module, options in WORLD.items():
        aws.forget_calls()
        assert not aws.run(module, **options)["changed"]
        assert aws.writes() == {}
        calls = aws.calls()
        told = ", ".join(
            name.partition(":")[2] + ("" if count == 1 else f" x {count}")
            for name, count in calls.items()
        )
        measured[module] = (sum(calls.values()), told)
    assert measured == documented
