"""Every member of every shape: sent by the module, kept by the service, read back as it was."""

from collections.abc import Callable, Iterator, Set
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import boto3
import botocore.client
import botocore.session
import pytest
from ansible_collections.gatepost.mail.plugins.module_utils._schema import SHAPES
from botocore import xform_name
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.plugins.covering import check, covering, held, members
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.states import RESOURCES

MODEL = botocore.session.get_session().get_service_model("mailmanager")
ACCOUNT = "arn:aws:{}:eu-west-1:123456789012:{}"
ROLE = "arn:aws:iam::123456789012:role/Mail"
QUEUE = "3f0a9f8e-5a0e-4d5c-9f6c-0d5f4c1f2a3b"
SAMPLES: dict[str, Any] = {
    "AddressListName": "people",
    "ArchiveNameString": "archive-1",
    "BounceMessage": "no\r\nthanks",
    "DiagnosticMessage": "no such mailbox",
    "Double": 1000.5,
    "EmailAddress": "a.b+c@example.com",
    "HeaderName": "X-Gatepost",
    "HeaderValue": "seen; by=gatepost, ü",
    "IamRoleArn": ROLE,
    "IdOrArn": "inbound",
    "Ipv4Cidr": "192.0.2.0/24",
    "Ipv6Cidr": "2001:db8::/32",
    "KmsKeyId": ACCOUNT.format("kms", "key/" + QUEUE),
    "LambdaFunctionArn": ACCOUNT.format("lambda", "function:judge"),
    "MimeHeaderAttribute": "X-Spam-Level",
    "QBusinessApplicationId": QUEUE,
    "QBusinessIndexId": QUEUE,
    "RelayName": "covering",
    "RelayServerName": "aspmx.l.google.com",
    "ResultField": "addon.verdict",
    "RuleIpStringValue": "192.0.2.0/24",
    "RuleName": "rule_1.a-b",
    "RuleSetName": "covering",
    "RuleStringValue": 'Bücher, "quoted" and\ttabbed',
    "S3Bucket": "mail.example-1",
    "S3Prefix": "in/2026!_(x)'*",
    "SecretArn": "gp/one",
    "SmtpReplyCode": "550",
    "SnsTopicArn": ACCOUNT.format("sns", "topic"),
    "StatusCode": "5.1.1",
    "String": "@example.com",
    "TagKey": "team/a_b+c=d.e:f@g-h",
    "TagValue": "x/y_z+=.:@-",
    "TrafficPolicyName": "covering",
}


class Traffic(NamedTuple):
    """What went over the wire: operation, request and response, in order."""

    calls: list[tuple[str, dict[str, Any], dict[str, Any]]]

    def covered(self, operations: str) -> tuple[set[str], set[str]]:
        """What was sent and what was read by the operations whose names begin so."""
        sent: set[str] = set()
        read: set[str] = set()
        for name, request, response in self.calls:
            if name.startswith(tuple(operations.split())):
                model = MODEL.operation_model(name)
                sent |= held(model.input_shape, request)
                read |= held(model.output_shape, response)
        return sent, read


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    made = Traffic([])
    call: Callable[..., dict[str, Any]] = botocore.client.BaseClient._make_api_call

    def record(client: Any, name: str, request: dict[str, Any]) -> dict[str, Any]:
        response = call(client, name, request)
        if client.meta.service_model.service_name == "mailmanager":
            made.calls.append((name, request, response))
        return response

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", record)
    return made


@pytest.fixture
def samples(aws: Aws) -> dict[str, Any]:
    """With what must exist: a relay, a secret, an archive, an address list and an add-on."""
    for made in RESOURCES["mailmanager_relay"].world:
        for module, options in made.items():
            aws.run(module, **options)
    aws.run(
        "mailmanager_relay",
        name="inbound",
        server_name="aspmx.l.google.com",
        server_port=25,
        authentication={"no_authentication": {}},
    )
    client = boto3.client("mailmanager")
    archive = client.create_archive(ArchiveName="archive-1")["ArchiveId"]
    people = client.create_address_list(AddressListName="people")["AddressListId"]
    subscription = client.create_addon_subscription(AddonName="TRENDMICRO_VSAPI")
    addon = client.create_addon_instance(AddonSubscriptionId=subscription["AddonSubscriptionId"])
    return {
        **SAMPLES,
        "AddressListArn": client.get_address_list(AddressListId=people)["AddressListArn"],
        "AnalyzerArn": client.get_addon_instance(AddonInstanceId=addon["AddonInstanceId"])[
            "AddonInstanceArn"
        ],
        "NameOrArn": archive,
    }


def test_samples_are_what_the_model_asks_for(samples: dict[str, Any]) -> None:
    judged = {**samples, "SecretArn": ACCOUNT.format("secretsmanager", "secret:x-AbCdEf")}
    for name in ("CreateRelay", "CreateRuleSet", "CreateTrafficPolicy"):
        check(MODEL.operation_model(name).input_shape, judged)


def request(kind: str, samples: dict[str, Any]) -> list[dict[str, Any]]:
    shape = MODEL.operation_model(f"Create{kind}").input_shape
    return covering(shape, samples)


def stands(aws: Aws, module: str, options: dict[str, Any], key: str) -> dict[str, Any]:
    """Set it; then it is as it should be, in either spelling, and its twin tells the same."""
    done = aws.run(module, **options)
    assert not done.get("failed"), done["msg"]
    again = aws.run(module, **options)
    assert not again["changed"], again["diff"]
    listed = aws.run(f"{module}_info", name=options["name"])
    assert listed["documents"] == [done["document"]]
    spelled = {name: done[key][name] for name in options if name in done[key]}
    assert not aws.run(module, **spelled)["changed"], "snake_case means the same"
    return done["document"]


def tags(document: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in document.get("Tags", [])}


def test_relay(aws: Aws, samples: dict[str, Any], traffic: Traffic) -> None:
    for document in request("Relay", samples):
        options = {
            "name": document["RelayName"],
            "server_name": document["ServerName"],
            "server_port": document["ServerPort"],
            "authentication": document["Authentication"],
            "tags": tags(document),
        }
        kept = stands(aws, "mailmanager_relay", options, "relay")
        assert kept["ServerName"] == document["ServerName"]
        assert kept["ServerPort"] == document["ServerPort"]
        assert kept["Authentication"].keys() == document["Authentication"].keys()
        aws.run("mailmanager_relay", name=document["RelayName"], state="absent")
    whole("Relay", traffic)


def test_rule_set(aws: Aws, samples: dict[str, Any], traffic: Traffic) -> None:
    for document in request("RuleSet", samples):
        options = {
            "name": document["RuleSetName"],
            "rules": document["Rules"],
            "tags": tags(document),
        }
        kept = stands(aws, "mailmanager_rule_set", options, "rule_set")
        assert [named(each, samples, kept) for each in document["Rules"]] == kept["Rules"]
        aws.run("mailmanager_rule_set", name=document["RuleSetName"], state="absent")
    whole("RuleSet", traffic)


def named(rule: dict[str, Any], samples: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """As it must be stored: defaults stated, the relay's name made its id."""
    relay = boto3.client("mailmanager").list_relays()["Relays"][0]["RelayId"]
    actions = []
    for action in rule["Actions"]:
        [(name, parameters)] = action.items()
        made = {**stated(name), **parameters}
        actions.append({name: made | {"Relay": relay} if name == "Relay" else made})
    return {**rule, "Actions": actions}


def stated(action: str) -> dict[str, str]:
    """What an action is always sent with: the console's defaults and the documented ones."""
    known = {
        "ActionFailurePolicy": "CONTINUE",
        "MailFrom": "PRESERVE",
        "Encoding": "UTF-8",
        "PayloadType": "CONTENT",
    }
    members = SHAPES[SHAPES["RuleAction"]["members"][action]]["members"]
    return {member: value for member, value in known.items() if member in members}


def test_traffic_policy(aws: Aws, samples: dict[str, Any], traffic: Traffic) -> None:
    for document in request("TrafficPolicy", samples):
        options = {
            "name": document["TrafficPolicyName"],
            "default_action": document["DefaultAction"],
            "policy_statements": document["PolicyStatements"],
            "tags": tags(document),
        }
        if "MaxMessageSizeBytes" in document:
            options["max_message_size_bytes"] = document["MaxMessageSizeBytes"]
        kept = stands(aws, "mailmanager_traffic_policy", options, "traffic_policy")
        assert kept["PolicyStatements"] == document["PolicyStatements"]
        assert kept["DefaultAction"] == document["DefaultAction"]
        assert kept.get("MaxMessageSizeBytes") == document.get("MaxMessageSizeBytes")
        aws.run("mailmanager_traffic_policy", name=document["TrafficPolicyName"], state="absent")
    whole("TrafficPolicy", traffic)


def whole(kind: str, traffic: Traffic, never: Set[str] = frozenset()) -> None:
    """What was sent and read is all that there is; never: what a test cannot bring about."""
    sent, read = traffic.covered(f"Create{kind} Update{kind} Get{kind}")
    create = MODEL.operation_model(f"Create{kind}")
    get = MODEL.operation_model(f"Get{kind}")
    assert members(create.input_shape) - sent == {f"Create{kind}Request.ClientToken"} - sent
    assert members(get.output_shape) - read <= never


INGRESS_POINT = {"name": "covering", "rule_set": "main", "traffic_policy": "edge"}
NETWORKS = (
    {"public_network_configuration": {"ip_type": "IPV4"}},
    {"public_network_configuration": {"ip_type": "DUAL_STACK"}},
    {"private_network_configuration": {"vpc_endpoint_id": "vpce-0123456789abcdef0"}},
)
# States that pass or that no option leads to, and what is told only after a password was replaced.
PASSING = {
    "IngressPointStatus=PROVISIONING",
    "IngressPointStatus=UPDATING",
    "IngressPointStatus=DEPROVISIONING",
    "IngressPointStatus=FAILED",
    "IngressPointStatus=ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST",
}


def test_ingress_point(aws: Aws, traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    # FIPS is for the US and Canada.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    resource = RESOURCES["mailmanager_ingress_point"]
    for made in resource.world:
        for module, options in made.items():
            aws.run(module, **options)
    trust_store = {
        **resource.states["certificates"][0]["trust_store"],
        "kms_key_arn": aws.run("mailmanager_kms_key", alias="gp", purpose="trust_store")["key"][
            "arn"
        ],
        "crl_content": revocation_list(),
    }
    open_point = {**INGRESS_POINT, "type": "OPEN"}
    variants: list[dict[str, Any]] = [
        *({**open_point, "network_configuration": network} for network in NETWORKS),
        {**open_point, "tls_policy": "FIPS"},
        {**open_point, "tls_policy": "REQUIRED", "status": "CLOSED"},
        {**INGRESS_POINT, "type": "MTLS", "trust_store": trust_store},
        *(
            {**states[0], "name": "covering"}
            for name, states in resource.states.items()
            if name != "absent"
        ),
    ]
    for options in variants:
        kept = stands(aws, "mailmanager_ingress_point", options, "ingress_point")
        for option, member in (("type", "Type"), ("tls_policy", "TlsPolicy"), ("status", "Status")):
            assert options.get(option) in (None, kept[member])
        if "network_configuration" in options:
            assert snaked(kept["NetworkConfiguration"]) == options["network_configuration"]
        if options.get("trust_store"):
            store = kept["IngressPointAuthConfiguration"]["TlsAuthConfiguration"]["TrustStore"]
            assert snaked(store) == options["trust_store"]
        aws.run("mailmanager_ingress_point", name="covering", state="absent")
    replaced = {**resource.states["password"][0], "name": "covering"}
    aws.run("mailmanager_ingress_point", **replaced)
    replaced |= {"smtp_password": "Sesame-Other-3", "update_password": "always"}
    aws.run("mailmanager_ingress_point", **replaced)
    whole("IngressPoint", traffic, PASSING)


def test_archive(aws: Aws, traffic: Traffic) -> None:
    key = aws.run("mailmanager_kms_key", alias="gp", purpose="relay")["key"]["arn"]
    periods = MODEL.shape_for("RetentionPeriod").enum
    for number, period in enumerate(periods):
        # An account may hold ten; deleted ones count until they are gone.
        if number % 8 == 0:
            aws.reset()
            key = aws.run("mailmanager_kms_key", alias="gp", purpose="relay")["key"]["arn"]
        options = {
            "name": f"covering-{number}",
            "retention": {"retention_period": period},
            "tags": {SAMPLES["TagKey"]: SAMPLES["TagValue"]},
            **({"kms_key_arn": key} if number % 2 else {}),
        }
        kept = stands(aws, "mailmanager_archive", options, "archive")
        assert kept["Retention"] == {"RetentionPeriod": period}
        assert kept.get("KmsKeyArn") == options.get("kms_key_arn")
    gone = aws.run("mailmanager_archive", name=options["name"], state="absent")
    assert not gone.get("failed")
    aws.run("mailmanager_archive_info", name=options["name"])
    whole("Archive", traffic)


def test_address_list(aws: Aws, traffic: Traffic) -> None:
    addresses = ["ann@example.org", "*@example.net", "*.example.com", "ann@*.example.org"]
    options = {"name": "covering", "members": addresses, "tags": {"a": "b"}}
    stands(aws, "mailmanager_address_list", options, "address_list")
    listed = aws.run("mailmanager_address_list_info", name="covering", members=True)
    assert listed["address_lists"][0]["members"] == sorted(addresses)
    whole("AddressList", traffic)


def test_add_on(aws: Aws, traffic: Traffic) -> None:
    options = {"name": "TRENDMICRO_VSAPI", "tags": {"a": "b"}}
    paid = {**options, "accept_charges": True}
    stands(aws, "mailmanager_addon_subscription", paid, "addon_subscription")
    stands(aws, "mailmanager_addon_instance", options, "addon_instance")
    whole("AddonSubscription", traffic)
    whole("AddonInstance", traffic)


def snaked(value: dict[str, Any]) -> dict[str, Any]:
    return {
        SPELLED.get(name) or xform_name(name): snaked(each) if isinstance(each, dict) else each
        for name, each in value.items()
    }


SPELLED = {"CAContent": "ca_content"}


def revocation_list() -> str:
    """Of an authority that has revoked nothing."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatepost one")]))
        .last_update(now)
        .next_update(now + timedelta(days=30))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
