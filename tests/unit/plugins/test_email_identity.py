"""Identities: options that are refused, what should stand, records in order, keys of one's own."""

import base64

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    dkim_key,
    email_identity,
    email_identity_options,
    email_identity_records,
    email_identity_state,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PRIVATE = rsa.generate_private_key(65537, 1024)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8
PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
OPEN = serialization.NoEncryption()


def spelled(encoding, form, key=PRIVATE, encryption=OPEN):
    return key.private_bytes(encoding, form, encryption)


TEXT = spelled(PEM, PKCS8).decode()
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
BASE = {
    "domain": "example.com",
    "state": "present",
    "dkim_signing_enabled": True,
    "update_dkim_private_key": "on_create",
    "publish_dns": "none",
    "overwrite_dns": False,
    "purge_tags": True,
    "wait": False,
    "wait_timeout": 600,
}
OWN = {"dkim_selector": "own", "dkim_private_key": TEXT}


def wanted(**options):
    return email_identity_options.wanted(BASE | options)


SPELLINGS = [
    TEXT,
    spelled(PEM, PKCS1).decode(),
    f"\r\n  {TEXT}\r\n",
    base64.b64encode(spelled(DER, PKCS8)).decode(),
    base64.encodebytes(spelled(DER, PKCS1)).decode(),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_keys_in_every_spelling(text):
    key = dkim_key.parse(text)
    assert key.record == f"v=DKIM1; k=rsa; p={PUBLIC}"
    loaded = serialization.load_der_private_key(base64.b64decode(key.private), None)
    assert loaded.private_numbers() == PRIVATE.private_numbers()
    assert repr(key) == "Key()"


SECRET = serialization.BestAvailableEncryption(b"x")
KEYS = [
    ("", "is not an RSA private key"),
    ("hunter2", "is not an RSA private key"),
    (PUBLIC, "is not an RSA private key"),
    (spelled(PEM, PKCS8, ec.generate_private_key(ec.SECP256R1())).decode(), "is not an RSA"),
    (spelled(PEM, PKCS8, encryption=SECRET).decode(), "is encrypted"),
    (spelled(PEM, PKCS1, encryption=SECRET).decode(), "is encrypted"),
    (spelled(PEM, PKCS8, rsa.generate_private_key(65537, 3072)).decode(), "has 3072 bits"),
]


@pytest.mark.parametrize(("text", "reason"), KEYS)
def test_keys_that_ses_would_refuse(text, reason):
    with pytest.raises(BadOption, match=f"^dkim_private_key: {reason}") as raised:
        dkim_key.parse(text)
    assert not text or text.strip() not in str(raised.value)


REFUSED = [
    ({"domain": "a@example.com"}, "domain: is not a domain name"),
    ({"hosted_zone_id": "Z"}, "hosted_zone_id: is for publish_dns=route53"),
    ({"overwrite_dns": True}, "overwrite_dns: is for publish_dns=route53"),
    ({"dkim_selector": "a.b", "dkim_private_key": TEXT}, "dkim_selector: must be one label"),
    ({**OWN, "dkim_key_length": "RSA_2048_BIT"}, "dkim_key_length: is for keys of SES"),
    ({"dkim_private_key": TEXT}, "dkim_selector: is needed beside dkim_private_key"),
    ({"mail_from_domain": "example.com"}, "mail_from_domain: must be a subdomain"),
    ({"mail_from_domain": "bounce.notexample.com"}, "mail_from_domain: must be a subdomain"),
    ({"mail_from_domain": "a b"}, "mail_from_domain: is not a domain name"),
    (
        {"mail_from_domain": "", "mail_from_behavior_on_mx_failure": "REJECT_MESSAGE"},
        "mail_from_behavior_on_mx_failure: is not for",
    ),
    ({"configuration_set_name": "a b"}, "configuration_set_name: must be 1 to 64"),
    ({"tags": {"aws:a": "1"}}, "tags: the key 'aws:a'"),
]


@pytest.mark.parametrize(("options", "begins"), REFUSED)
def test_refused_options(options, begins):
    with pytest.raises(BadOption) as raised:
        wanted(**options)
    assert str(raised.value).startswith(begins)


EASY = {
    "DkimAttributes": {
        "SigningEnabled": True,
        "SigningAttributesOrigin": "AWS_SES",
        "NextSigningKeyLength": "RSA_2048_BIT",
        "Tokens": ["t1", "t2", "t3"],
        "SigningHostedZone": "dkim.amazonses.com",
    },
    # What the service prints of an identity without a custom MAIL FROM domain.
    "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
}
EXTERNAL = {
    "DkimAttributes": {
        "SigningEnabled": True,
        "SigningAttributesOrigin": "EXTERNAL",
        "Tokens": ["own"],
    },
    "MailFromAttributes": {
        "MailFromDomain": "bounce.example.com",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    },
    "ConfigurationSetName": "main",
}
FROM = "mail_from_domain"
ON_FAILURE = "mail_from_behavior_on_mx_failure"
STATES = [
    # what is, options, members that differ
    (EASY, {}, {}),
    (EASY, {"dkim_key_length": "RSA_2048_BIT"}, {}),
    (EASY, {"dkim_key_length": "RSA_1024_BIT"}, {"dkim_key_length": "RSA_1024_BIT"}),
    (EASY, {"dkim_signing_enabled": False}, {"dkim_signing": False}),
    (
        EASY,
        OWN,
        {
            "dkim_origin": "EXTERNAL",
            "dkim_selector": "own",
            "dkim_key_length": None,
            "dkim_private_key": "(new)",
        },
    ),
    (EASY, {FROM: ""}, {}),
    (EASY, {FROM: "b.example.com"}, {FROM: "b.example.com", ON_FAILURE: "USE_DEFAULT_VALUE"}),
    (EASY, {"configuration_set_name": "main"}, {"configuration_set_name": "main"}),
    (EXTERNAL, OWN, {}),
    (EXTERNAL, {"dkim_selector": "own"}, {}),
    (EXTERNAL, {**OWN, "update_dkim_private_key": "always"}, {"dkim_private_key": "(new)"}),
    (
        EXTERNAL,
        {**OWN, "dkim_selector": "other"},
        {"dkim_selector": "other", "dkim_private_key": "(new)"},
    ),
    (
        EXTERNAL,
        {"dkim_key_length": "RSA_2048_BIT"},
        {"dkim_origin": "AWS_SES", "dkim_selector": None, "dkim_key_length": "RSA_2048_BIT"},
    ),
    # The behavior that stands is kept when the domain changes.
    (EXTERNAL, {FROM: "b.example.com"}, {FROM: "b.example.com"}),
    (EXTERNAL, {ON_FAILURE: "USE_DEFAULT_VALUE"}, {ON_FAILURE: "USE_DEFAULT_VALUE"}),
    (EXTERNAL, {FROM: ""}, {FROM: None, ON_FAILURE: None}),
    (EXTERNAL, {"configuration_set_name": ""}, {"configuration_set_name": None}),
]


@pytest.mark.parametrize(("document", "options", "differing"), STATES)
def test_what_should_stand(document, options, differing):
    before = email_identity_state.shown("example.com", document)
    desired = email_identity.desired_state(wanted(**options), before)
    assert {
        name: value for name, value in desired.items() if before.get(name) != value
    } == differing


def test_what_cannot_be_known_is_asked_for():
    before = email_identity_state.shown("example.com", EASY)
    with pytest.raises(BadOption, match=r"^dkim_private_key: is needed"):
        email_identity.desired_state(wanted(dkim_selector="own"), before)
    with pytest.raises(BadOption, match=f"^{ON_FAILURE}: needs mail_from_domain"):
        email_identity.desired_state(wanted(**{ON_FAILURE: "REJECT_MESSAGE"}), before)


def test_records_in_order():
    easy = email_identity_records.dkim("example.com", EASY["DkimAttributes"], None)
    assert [tuple(each) for each in easy] == [
        ("CNAME", f"{token}._domainkey.example.com", f"{token}.dkim.amazonses.com")
        for token in ("t1", "t2", "t3")
    ]
    assert email_identity_records.dkim("example.com", EXTERNAL["DkimAttributes"], None) == []
    own = email_identity_records.dkim(
        "example.com", EXTERNAL["DkimAttributes"], dkim_key.parse(TEXT)
    )
    assert [tuple(each) for each in own] == [
        ("TXT", "own._domainkey.example.com", f"v=DKIM1; k=rsa; p={PUBLIC}")
    ]
    assert [
        tuple(each) for each in email_identity_records.mail_from("b.example.com", "eu-west-1")
    ] == [
        ("MX", "b.example.com", "10 feedback-smtp.eu-west-1.amazonses.com"),
        ("TXT", "b.example.com", "v=spf1 include:amazonses.com ~all"),
    ]
    assert email_identity_records.mail_from(None, "eu-west-1") == []
