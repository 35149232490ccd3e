"""Where modules work and as whom: partitions, profiles and roles, endpoints, the action group."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import yaml

ROOT = Path(__file__).parents[3]
GROUP = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]["aws"]
NONE = {"no_authentication": {}}
GONE = {"state": "absent"}
# What finds a resource that is not there.
FIND = {
    "mailmanager_kms_key": {"alias": "none"},
    "mailmanager_secret": {"name": "none"},
    "sesv2_email_identity": {"domain": "example.com"},
    "mail_domain_mx": {"domain": "example.com", "state": "restored"},
}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_partitions(aws, region, partition):
    """An onboarding with every reference, in a region of each partition."""
    where = {"region": region}

    def apply(module, **options):
        return aws.apply(f"mailmanager_{module}", **options, **where)

    key = apply("kms_key", alias="k", purpose="relay")["key"]["arn"]
    secret = apply(
        "secret", name="s", purpose="relay", kms_key_id="alias/k", username="u", password="Sesame"
    )["secret"]["arn"]
    relay = apply(
        "relay",
        name="out",
        server_name="exchange.example.com",
        server_port=587,
        authentication={"secret_arn": "s"},
        tags={"a": "b"},
    )["relay"]
    assert relay["authentication"] == {"secret_arn": secret}
    archive = apply(
        "archive", name="in", retention={"retention_period": "ONE_YEAR"}, kms_key_arn="alias/k"
    )["archive"]
    assert archive["kms_key_arn"] == key
    apply("address_list", name="list", members=["ann@example.com"])
    inside = {
        "evaluate": {"is_in_address_list": {"attribute": "RECIPIENT", "address_lists": ["list"]}},
        "operator": "IS_TRUE",
    }
    actions = [{"archive": {"target_archive": archive["arn"]}}, {"relay": {"relay": relay["arn"]}}]
    rules = [{"conditions": [{"boolean_expression": inside}], "actions": actions}]
    rule_set = apply("rule_set", name="main", rules=rules)["rule_set"]
    assert rule_set["rules"][0]["actions"][1]["relay"]["relay"] == "out"
    for arn in (key, secret, relay["arn"], archive["arn"], rule_set["arn"]):
        assert arn.startswith(f"arn:{partition}:")
        assert f":{region}:" in arn


def test_an_endpoint_by_its_option(aws, emulated, monkeypatch):
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    options = {"server_name": "aspmx.l.google.com", "server_port": 25, "authentication": NONE}
    done = aws.run("mailmanager_relay", name="in", endpoint_url=endpoint, **options)
    assert done["changed"], done


def test_a_profile_that_assumes_a_role(aws, monkeypatch, tmp_path):
    """The account of the role is where things are made."""
    role = "arn:aws:iam::111122223333:role/mail"
    (tmp_path / "config").write_text(
        f"[profile home]\nregion = eu-west-1\n"
        f"[profile mail]\nregion = eu-west-1\nrole_arn = {role}\nsource_profile = home\n"
    )
    (tmp_path / "credentials").write_text(
        "[home]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = none\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    made = aws.run("mailmanager_address_list", name="list", profile="mail")["address_list"]
    assert ":111122223333:" in made["arn"]
    assert aws.run("mailmanager_address_list_info", profile="home")["address_lists"] == []


@pytest.mark.parametrize("module", ["mailmanager_relay", "mailmanager_relay_info"])
def test_an_old_boto3(aws, monkeypatch, module):
    monkeypatch.setattr(boto3, "__version__", "1.43.9")
    aws.forget_calls()
    refusal = aws.refuse(module, name="in")
    assert refusal == (
        f"boto3 1.43.9 of {sys.executable} is too old: 1.44.0 or newer is needed, for its model of "
        "SES Mail Manager"
    )
    assert aws.calls() == {}


def test_defaults_for_the_whole_action_group(aws, emulated, tmp_path):
    """Region, endpoint and credentials are told once, and reach every module."""
    boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    tasks = [
        {
            "name": module,
            f"gatepost.mail.{module}": {}
            if module.endswith("_info")
            else FIND.get(module, {"name": "none"}) | ({} if module == "mail_domain_mx" else GONE),
        }
        for module in GROUP
    ]
    environment = emulated["env"]
    defaults = {
        "region": "eu-west-1",
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "access_key": environment["AWS_ACCESS_KEY_ID"],
        "secret_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/gatepost.mail.aws": defaults},
        "tasks": tasks,
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(tmp_path / "play.yml")],
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(tmp_path / "ansible")},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert f"ok={len(GROUP)} " in printed, printed
