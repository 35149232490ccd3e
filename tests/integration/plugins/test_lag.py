"""Reads and listings that lag behind: a task ends when the next one will see what it did."""

import pytest

YEAR = {"retention": {"retention_period": "ONE_YEAR"}}
NONE = {"no_authentication": {}}
CHAIN = [
    (
        "mailmanager_relay",
        {"name": "a-1", "server_name": "x.google.com", "server_port": 25, "authentication": NONE},
        {"name": "a-1", "server_port": 26, "tags": {"a": "b"}},
    ),
    ("mailmanager_archive", {"name": "a-1", **YEAR}, {"name": "a-1", "tags": {"a": "b"}}),
    (
        "mailmanager_address_list",
        {"name": "a-1", "members": ["ann@example.com"]},
        {"name": "a-1", "members": [f"u{number}@example.com" for number in range(30)]},
    ),
    (
        "mailmanager_addon_subscription",
        {"name": "SPAMHAUS_DBL", "accept_charges": True},
        {"name": "SPAMHAUS_DBL", "tags": {"a": "b"}},
    ),
    (
        "mailmanager_addon_instance",
        {"name": "SPAMHAUS_DBL"},
        {"name": "SPAMHAUS_DBL", "tags": {"a": "b"}},
    ),
    (
        "mailmanager_rule_set",
        {"name": "a-1", "rules": [{"actions": [{"relay": {"relay": "a-1"}}]}]},
        {"name": "a-1", "rules": [{"actions": [{"archive": {"target_archive": "a-1"}}]}]},
    ),
    (
        "mailmanager_traffic_policy",
        {"name": "a-1", "default_action": "DENY", "policy_statements": []},
        {"name": "a-1", "default_action": "ALLOW"},
    ),
    (
        "mailmanager_ingress_point",
        {"name": "a-1", "type": "OPEN", "rule_set": "a-1", "traffic_policy": "a-1"},
        {"name": "a-1", "tls_policy": "OPTIONAL", "status": "CLOSED", "tags": {"a": "b"}},
    ),
]


@pytest.mark.parametrize("delay", [{"reads": 0.4}, {"lists": 0.4}, {"reads": 0.3, "lists": 0.6}])
def test_every_task_sees_what_the_one_before_did(aws, delay):
    aws._ask("POST", "/aws/consistency", delay)
    for module, *runs in CHAIN:
        for options in runs:
            done = aws.run(module, **options)
            assert not done.get("failed"), done["msg"]
            assert done["changed"]
            again = aws.run(module, **options)
            assert not again.get("failed"), again["msg"]
            assert not again["changed"], again["diff"]
    for module, options, _change in reversed(CHAIN):
        find = {"name": options["name"], "state": "absent"}
        done = aws.run(module, **find)
        assert not done.get("failed"), done["msg"]
        assert done["changed"]
        assert not aws.run(module, **find)["changed"]
