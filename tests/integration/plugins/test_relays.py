"""Relays: a secret is judged before it is used, and unsupported servers are warned of."""

import boto3
import pytest

NONE = {"no_authentication": {}}
SERVER = {"server_name": "exchange.example.com", "server_port": 587}


@pytest.fixture
def secret(aws):
    aws.run("mailmanager_kms_key", alias="out", purpose="relay")
    options = {"purpose": "relay", "kms_key_id": "alias/out", "username": "u"}
    return aws.run("mailmanager_secret", name="good", password="Sesame", **options)["secret"]


@pytest.mark.parametrize("reference", ["name", "arn"])
def test_a_good_secret(aws, secret, reference):
    made = aws.apply(
        "mailmanager_relay", name="out", authentication={"secret_arn": secret[reference]}, **SERVER
    )
    assert made["relay"]["authentication"] == {"secret_arn": secret["arn"]}
    assert not made.get("warnings")
    aws.forget_calls()
    aws.run("mailmanager_relay", name="out", server_port=25)
    reads = {each for each in aws.calls() if not each.startswith("mailmanager:")}
    assert reads == set(), "a secret that stays is not judged again"


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_a_secret_that_cannot_work_is_refused(aws, secret, check):
    value = '{"username": "u", "password": "Sesame", "host": "x"}'
    made = boto3.client("secretsmanager").create_secret(Name="bad", SecretString=value)
    aws.run("mailmanager_relay", name="out", authentication={"secret_arn": "good"}, **SERVER)
    before = aws.run("mailmanager_relay_info")
    for reference in ("bad", made["ARN"]):
        authentication = {"secret_arn": reference}
        for name in ("out", "new"):
            options = {"name": name, "authentication": authentication, **SERVER}
            refusal = aws.refuse("mailmanager_relay", check=check, **options)
            assert refusal.startswith("authentication.secret_arn: ")
            assert "1 member beside username and password" in refusal
            assert "customer managed key" in refusal
            assert "Sesame" not in refusal
    assert aws.run("mailmanager_relay_info") == before


def test_a_secret_that_is_not_there(aws, secret):
    for reference in ("none", secret["arn"][:-1] + ("a" if secret["arn"][-1] != "a" else "b")):
        options = {"name": "out", "authentication": {"secret_arn": reference}, **SERVER}
        refusal = aws.refuse("mailmanager_relay", **options)
        assert refusal == f"authentication.secret_arn: there is no secret {reference}"


@pytest.mark.parametrize(
    ("server", "warned"),
    [
        ("aspmx.l.google.com", False),
        ("smtp-relay.gmail.com", False),
        ("example-com.mail.protection.outlook.com", False),
        ("example-com.mail.protection.office365.us", False),
        ("example-com.a-v1.mx.microsoft", False),
        ("mx.example.com", True),
        ("google.com.example.com", True),
        ("notgoogle.com", True),
    ],
)
def test_who_takes_mail_without_authentication(aws, server, warned):
    options = {"name": "in", "server_name": server, "server_port": 25, "authentication": NONE}
    for check in (True, False):
        done = aws.run("mailmanager_relay", check=check, **options)
        told = str(done.get("warnings", ""))
        assert (f"server_name: {server} is neither Google's nor Microsoft's" in told) == warned
        assert ("https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html" in told) == warned


def test_a_relay_that_moves_there_is_warned_of_too(aws, secret):
    aws.run(
        "mailmanager_relay",
        name="in",
        server_name="aspmx.l.google.com",
        server_port=25,
        authentication=NONE,
    )
    moved = aws.run("mailmanager_relay", name="in", server_name="mx.example.com")
    assert "neither Google's nor Microsoft's" in str(moved["warnings"])
    safe = aws.run("mailmanager_relay", name="in", authentication={"secret_arn": "good"})
    assert not safe.get("warnings")
