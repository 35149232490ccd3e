"""Wrong options: one error that names the place, before any call; in check mode too."""

import pytest

RELAY = {"name": "r", "server_name": "aspmx.l.google.com", "server_port": 25}
NONE = {"no_authentication": {}}
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-abcdef"
SECRET = {"name": "s", "purpose": "relay", "kms_key_id": "alias/k"}


def rules(**condition):
    expression = {"evaluate": {"attribute": "FROM"}, "operator": "EQUALS", "values": ["a"]}
    conditions = [{"string_expression": expression | condition}]
    return {"name": "x", "rules": [{"conditions": conditions, "actions": [{"drop": {}}]}]}


CASES = [
    (
        "mailmanager_relay",
        RELAY | {"authentication": {**NONE, "secret_arn": SECRET_ARN}},
        "authentication: holds",
    ),
    ("mailmanager_relay", RELAY | {"authentication": {}}, "authentication: must hold exactly one"),
    ("mailmanager_relay", RELAY | {"server_port": 0}, "server_port: must be from 1 to 65535"),
    ("mailmanager_relay", RELAY | {"server_port": 65536}, "server_port: must be from 1 to 65535"),
    ("mailmanager_relay", RELAY | {"server_name": "a b"}, "server_name: does not match"),
    ("mailmanager_relay", RELAY | {"name": "a b"}, "name: does not match"),
    (
        "mailmanager_relay",
        RELAY | {"authentication": {"secret_arn": True}},
        "authentication.secret_arn: must be a string",
    ),
    ("mailmanager_relay", {"server_port": 25}, "one of the following is required: name, id"),
    (
        "mailmanager_rule_set",
        rules(operator="SOUNDS_LIKE"),
        "rules[0].conditions[0].string_expression.operator: must be one of",
    ),
    (
        "mailmanager_rule_set",
        rules(values=[True]),
        "rules[0].conditions[0].string_expression.values[0]: must be a string, not a bool",
    ),
    (
        "mailmanager_rule_set",
        rules(colour="red"),
        "rules[0].conditions[0].string_expression.colour: is not a known member",
    ),
    ("mailmanager_rule_set", {"name": "x", "rules": ["drop"]}, "rules[0]: must be a mapping"),
    (
        "mailmanager_rule_set",
        {
            "name": "x",
            "rules": [{"actions": [{"send": {"role_arn": "arn:aws:iam::123456789012:role/x"}}] * 6}]
            * 2,
        },
        "Relay or Send action too many",
    ),
    (
        "mailmanager_traffic_policy",
        {"name": "abc", "policy_statements": [{"action": "MAYBE"}]},
        "policy_statements[0]",
    ),
    ("mailmanager_traffic_policy", {"name": "abc", "default_action": "MAYBE"}, "default_action"),
    (
        "mailmanager_ingress_point",
        {"name": "abc", "type": "OPEN", "secret_arn": SECRET_ARN},
        "secret_arn: is not for an ingress point of type OPEN",
    ),
    (
        "mailmanager_ingress_point",
        {
            "name": "abc",
            "type": "AUTH",
            "tls_policy": "OPTIONAL",
            "network_configuration": {"public_network_configuration": {"ip_type": "IPV4"}},
        },
        "tls_policy: OPTIONAL is not for a public ingress point of type AUTH",
    ),
    ("mailmanager_ingress_point", {"name": "abc", "smtp_password": "short"}, "smtp_password"),
    (
        "mailmanager_secret",
        SECRET | {"username": "u", "password": "long-enough", "token": "t"},
        "Unsupported parameters",
    ),
    ("mailmanager_secret", SECRET | {"username": "u"}, "password: is needed beside username"),
    (
        "mailmanager_secret",
        SECRET | {"purpose": "ingress_point", "username": "u", "password": "long-enough"},
        "username: is not for purpose ingress_point",
    ),
    ("mailmanager_secret", {"name": "s", "purpose": "relay"}, "kms_key_id: is needed"),
    ("mailmanager_secret", SECRET | {"name": "a b"}, "name: must be"),
    ("mailmanager_kms_key", {"alias": "k"}, "purpose: is needed"),
    ("mailmanager_kms_key", {"alias": "aws/ses", "purpose": "relay"}, "alias: alias/aws/"),
    (
        "mailmanager_kms_key",
        {"alias": "k", "purpose": "relay", "users": ["me"]},
        "users[0]: must be the ARN",
    ),
    ("sesv2_email_identity", {"domain": "not a domain"}, "domain: is not a domain name"),
    ("sesv2_email_identity", {"domain": "a@example.com"}, "domain: is not a domain name"),
]


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize(("module", "options", "reason"), CASES)
def test_bad_input(aws, module, options, reason, check):
    aws.forget_calls()
    assert reason in aws.refuse(module, check=check, **options)
    assert aws.calls() == {}
