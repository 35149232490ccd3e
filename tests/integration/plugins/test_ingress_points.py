"""Ingress points: their life, what is fixed at creation, and the credentials of all types."""

import json

import boto3
import pytest

from tests.integration.plugins.authorities import TRUSTED, UNTRUSTED

DUAL = {"public_network_configuration": {"ip_type": "DUAL_STACK"}}
IPV4 = {"public_network_configuration": {"ip_type": "IPV4"}}
VPC = {"private_network_configuration": {"vpc_endpoint_id": "vpce-0123456789abcdef0"}}
POINT = "mailmanager_ingress_point"


@pytest.fixture
def parts(aws):
    aws.run("mailmanager_rule_set", name="main", rules=[{"actions": [{"drop": {}}]}])
    aws.run("mailmanager_traffic_policy", name="edge", default_action="ALLOW", policy_statements=[])
    return {"rule_set": "main", "traffic_policy": "edge"}


@pytest.fixture
def secret(aws):
    aws.run("mailmanager_kms_key", alias="in", purpose="ingress_point")
    for name in ("one", "two"):
        done = aws.run(
            "mailmanager_secret",
            name=name,
            purpose="ingress_point",
            kms_key_id="alias/in",
            password="Sesame-Sesame",
        )
    return done["secret"]


def test_ingress_point_life(aws, parts):
    options = {"name": "edge", "type": "OPEN", "tls_policy": "OPTIONAL", **parts}
    made = aws.apply("mailmanager_ingress_point", **options)["ingress_point"]
    assert made["status"] == "ACTIVE"
    assert made["a_record"].endswith(".amazonaws.com")
    for kind, name in (("rule_set", "main"), ("traffic_policy", "edge")):
        refusal = aws.refuse(f"mailmanager_{kind}", name=name, state="absent")
        assert "is used by ingress point edge" in refusal
    closed = aws.apply("mailmanager_ingress_point", name="edge", status="CLOSED")
    assert closed["ingress_point"]["status"] == "CLOSED"
    aws.apply("mailmanager_ingress_point", name="edge", tls_policy="REQUIRED", status="ACTIVE")
    aws.apply("mailmanager_ingress_point", id=made["id"], name="front", tags={"a": "b"})
    aws.run("mailmanager_rule_set", name="other", rules=[])
    moved = aws.apply("mailmanager_ingress_point", name="front", rule_set="other")
    assert moved["diff"]["before"]["rule_set"] == "main"
    aws.apply("mailmanager_ingress_point", name="front", state="absent")


def test_ingress_point_password_is_never_shown(aws, parts):
    options = {"name": "auth", "type": "AUTH", "smtp_password": "Sesame-Sesame", **parts}
    done = aws.apply("mailmanager_ingress_point", **options)
    assert "Sesame" not in str(done)
    always = options | {"update_password": "always"}
    for check in (True, False):
        again = aws.run("mailmanager_ingress_point", check=check, **always)
        assert again["changed"]
        assert "Sesame" not in str(again)
    assert again["ingress_point"]["authentication"] == {"smtp_password": "(set)"}


def test_what_is_already_being_deleted_is_waited_for(aws, parts):
    options = {"name": "edge", "type": "OPEN", "tls_policy": "REQUIRED", **parts}
    first = aws.run("mailmanager_ingress_point", **options)["ingress_point"]
    aws.run("mailmanager_ingress_point", name="edge", state="absent", wait=False)
    second = aws.run("mailmanager_ingress_point", **options)["ingress_point"]
    assert second["id"] != first["id"]
    assert second["status"] == "ACTIVE"


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize(
    ("region", "first", "option", "values"),
    [
        (
            "eu-west-1",
            {"type": "OPEN"},
            {"type": "MTLS"},
            ("OPEN", "MTLS"),
        ),
        (
            "eu-west-1",
            {"type": "OPEN"},
            {"network_configuration": DUAL},
            (IPV4, DUAL),
        ),
        (
            "eu-west-1",
            {"type": "OPEN", "network_configuration": VPC},
            {"network_configuration": IPV4},
            (VPC, IPV4),
        ),
        (
            "us-east-1",
            {"type": "OPEN"},
            {"tls_policy": "REQUIRED"},
            ("FIPS", "REQUIRED"),
        ),
        (
            "us-east-1",
            {"type": "OPEN", "tls_policy": "REQUIRED"},
            {"tls_policy": "FIPS"},
            ("REQUIRED", "FIPS"),
        ),
    ],
    ids=["type", "network", "private", "from_fips", "to_fips"],
)
def test_what_is_fixed_at_creation(aws, parts_in, region, first, option, values, check):
    options = parts_in(region)
    aws.run(POINT, name="edge", **first, **options)
    aws.forget_calls()
    refusal = aws.refuse(POINT, check=check, name="edge", region=region, **option)
    before, after = (each if isinstance(each, str) else json.dumps(each) for each in values)
    [member] = option
    assert refusal == (
        f"{member} of ingress point edge is {before} and cannot become {after}: it is fixed at "
        "creation. Create a new one under another name, move what uses it, then delete this one"
    )
    assert aws.writes() == {}


@pytest.fixture
def parts_in(aws):
    def make(region):
        where = {"region": region}
        rules = [{"actions": [{"drop": {}}]}]
        aws.run("mailmanager_rule_set", name="main", rules=rules, **where)
        aws.run(
            "mailmanager_traffic_policy",
            name="edge",
            default_action="ALLOW",
            policy_statements=[],
            **where,
        )
        return {"rule_set": "main", "traffic_policy": "edge", **where}

    return make


def test_networks(aws, parts):
    dual = aws.apply(POINT, name="dual", type="OPEN", network_configuration=DUAL, **parts)
    assert dual["ingress_point"]["network_configuration"] == DUAL
    inside = {"type": "AUTH", "smtp_password": "Sesame-Sesame", "tls_policy": "OPTIONAL"}
    refusal = aws.refuse(POINT, name="inside", **inside, **parts)
    assert refusal == "tls_policy: OPTIONAL is not for a public ingress point of type AUTH"
    private = aws.apply(POINT, name="inside", network_configuration=VPC, **inside, **parts)
    assert private["ingress_point"]["network_configuration"] == VPC
    # That it is private already is enough.
    assert not aws.apply(POINT, name="inside", **inside, **parts)["changed"]


def test_secrets_by_name(aws, parts, secret):
    made = aws.apply(POINT, name="auth", type="AUTH", secret_arn="one", **parts)
    assert made["ingress_point"]["authentication"]["secret_arn"].startswith(
        "arn:aws:secretsmanager"
    )
    moved = aws.apply(POINT, name="auth", secret_arn="two")
    assert moved["diff"]["after"]["authentication"] == {"secret_arn": secret["arn"]}
    stored = aws.apply(POINT, name="auth", smtp_password="Sesame-Again")
    assert stored["ingress_point"]["authentication"] == {"smtp_password": "(set)"}
    assert "Sesame" not in str(stored)


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_a_secret_that_cannot_work_is_refused(aws, parts, check):
    boto3.client("secretsmanager").create_secret(Name="bare", SecretString='{"password": "x"}')
    options = {"name": "auth", "type": "AUTH", "secret_arn": "bare", **parts}
    refusal = aws.refuse(POINT, check=check, **options)
    assert refusal.startswith("secret_arn: ")
    assert "customer managed key" in refusal
    assert boto3.client("mailmanager").list_ingress_points()["IngressPoints"] == []


def test_a_trust_store_is_compared_by_certificate(aws, parts):
    store = {"ca_content": TRUSTED + UNTRUSTED}
    made = aws.apply(POINT, name="mtls", type="MTLS", trust_store=store, **parts)
    shown = made["ingress_point"]["authentication"]["trust_store"]
    assert len(shown["ca_content"]) == 2
    again = {"ca_content": f"# both\n{UNTRUSTED}\n\n{TRUSTED}{TRUSTED}"}
    assert not aws.apply(POINT, name="mtls", trust_store=again)["changed"]
    fewer = aws.apply(POINT, name="mtls", trust_store={"ca_content": TRUSTED})
    after = fewer["diff"]["after"]["authentication"]["trust_store"]["ca_content"]
    assert len(after) == 1
    assert set(after) < set(shown["ca_content"])
    refusal = aws.refuse(POINT, name="mtls", trust_store={"ca_content": "hello"})
    assert refusal.startswith("trust_store.ca_content: holds no CERTIFICATE")


def test_the_key_of_a_trust_store(aws, parts):
    key = aws.run("mailmanager_kms_key", alias="store", purpose="trust_store")["key"]
    store = {"ca_content": TRUSTED, "kms_key_arn": "alias/store"}
    made = aws.apply(POINT, name="mtls", type="MTLS", trust_store=store, **parts)
    assert made["ingress_point"]["authentication"]["trust_store"]["kms_key_arn"] == key["arn"]
    store["kms_key_arn"] = "alias/none"
    refusal = aws.refuse(POINT, name="mtls", trust_store=store)
    assert refusal == "trust_store.kms_key_arn: there is no key alias/none"


def test_references_by_id_and_arn(aws, parts):
    aws.run(POINT, name="edge", type="OPEN", **parts)
    for kind in ("rule_set", "traffic_policy"):
        [found] = aws.run(f"mailmanager_{kind}_info")[
            {"rule_set": "rule_sets", "traffic_policy": "traffic_policies"}[kind]
        ]
        for reference in (found["id"], found["arn"], found["name"]):
            assert not aws.apply(POINT, name="edge", **{kind: reference})["changed"]
        missing = f"{kind}: there is no {kind.replace('_', ' ')} none"
        assert aws.refuse(POINT, name="edge", **{kind: "none"}) == missing


def test_what_only_a_person_can_mend(aws, parts):
    aws._ask("POST", "/aws/ingress_points", {"failing": ["edge"]})
    options = {"name": "edge", "type": "OPEN", **parts}
    refusal = aws.refuse(POINT, **options)
    assert refusal.startswith("ingress point inp-")
    assert refusal.endswith(" is FAILED instead of ACTIVE")
    aws._ask("POST", "/aws/ingress_points", {})
    aws.forget_calls()
    again = aws.refuse(POINT, **options)
    assert again == (
        "ingress point edge is FAILED, which does not mend itself: delete it with state=absent, "
        "then create it again"
    )
    assert aws.writes() == {}
    aws.apply(POINT, name="edge", state="absent")
    assert aws.apply(POINT, **options)["ingress_point"]["status"] == "ACTIVE"


def test_a_private_point_whose_endpoint_is_gone(aws, parts):
    options = {"name": "inside", "type": "OPEN", "network_configuration": VPC, **parts}
    aws.apply(POINT, **options)
    endpoint = VPC["private_network_configuration"]["vpc_endpoint_id"]
    aws._ask("POST", "/aws/ingress_points", {"missing_vpc_endpoints": [endpoint]})
    refusal = aws.refuse(POINT, **options)
    assert refusal.startswith("ingress point inside is ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST")
    assert "delete it with state=absent" in refusal


def test_without_waiting(aws, parts):
    options = {"name": "edge", "type": "OPEN", "wait": False, **parts}
    made = aws.run(POINT, **options)["ingress_point"]
    assert made["status"] == "PROVISIONING"
    waited = aws.run(POINT, **(options | {"wait": True}))
    assert not waited["changed"]
    assert waited["ingress_point"]["status"] == "ACTIVE"


def test_waiting_ends(aws, parts):
    aws._ask("POST", "/aws/timing", {"provisioning": 60})
    refusal = aws.refuse(POINT, name="edge", type="OPEN", wait_timeout=1, **parts)
    assert refusal.startswith("ingress point inp-")
    assert refusal.endswith(": ACTIVE: not so after 1 seconds (wait_timeout)")
