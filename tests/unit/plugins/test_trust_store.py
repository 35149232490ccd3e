"""Trust stores are equal if they trust the same certificates and revoke the same."""

import base64
import datetime
import hashlib

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import trust_store
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def authority(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    revoked = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(subject)
        .last_update(START)
        .next_update(START + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem).decode(), revoked.public_bytes(pem).decode(), certificate


ONE, CRL, CERTIFICATE = authority("one")
TWO, _CRL, _CERTIFICATE = authority("two")


def body(pem):
    return "".join(pem.splitlines()[1:-1])


def wrapped(pem, label, width):
    text = body(pem)
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    return "\r\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])


@pytest.mark.parametrize(
    "text",
    [
        TWO + ONE,
        ONE + "\n\n" + TWO + ONE,
        "# Comments\nSubject: CN=one\n" + ONE + "more: a-b\n" + TWO,
        wrapped(ONE, "CERTIFICATE", 76) + "\r\n" + wrapped(TWO, "CERTIFICATE", 1000),
    ],
    ids=["order", "repetition", "comments", "lines"],
)
def test_what_means_nothing(text):
    trust_store.check({"CAContent": text})
    assert trust_store.shown({"CAContent": text}) == trust_store.shown({"CAContent": ONE + TWO})


@pytest.mark.parametrize(
    "store",
    [
        {"CAContent": ONE},
        {"CAContent": ONE + TWO, "CrlContent": CRL},
        {"CAContent": ONE + TWO, "KmsKeyArn": "arn:aws:kms:x:1:key/1"},
    ],
)
def test_what_means_something(store):
    trust_store.check(store)
    assert trust_store.shown(store) != trust_store.shown({"CAContent": ONE + TWO})


def test_a_certificate_is_shown_by_the_fingerprint_that_tools_print():
    [shown] = trust_store.shown({"CAContent": ONE})["ca_content"]
    assert shown == f"sha256:{CERTIFICATE.fingerprint(hashes.SHA256()).hex()}"


def test_an_empty_member_is_none():
    assert trust_store.shown({"CAContent": ONE, "CrlContent": ""}) == trust_store.shown(
        {"CAContent": ONE}
    )


def test_what_the_service_holds_is_shown_whatever_it_is():
    digest = hashlib.sha256(b"no PEM").hexdigest()
    assert trust_store.shown({"CAContent": " no PEM\n"}) == {"ca_content": [f"sha256:{digest}"]}


def block(der, label="CERTIFICATE"):
    encoded = base64.b64encode(der).decode()
    return f"-----BEGIN {label}-----\n{encoded}\n-----END {label}-----\n"


DER = base64.b64decode(body(ONE))


@pytest.mark.parametrize(
    ("member", "text", "reason"),
    [
        ("CAContent", "hello", "trust_store.ca_content: holds no CERTIFICATE; PEM is expected"),
        ("CAContent", ONE + CRL, "ca_content: holds a X509 CRL where a CERTIFICATE is expected"),
        ("CrlContent", ONE, "trust_store.crl_content: holds a CERTIFICATE where a X509 CRL is"),
        ("CAContent", ONE[:-30], "ca_content: holds a block that does not end"),
        ("CAContent", ONE.replace("M", "!", 1), "ca_content: block 1 is not base64"),
        ("CAContent", ONE + block(DER[:-1]), "ca_content: block 2 is no whole CERTIFICATE"),
        ("CAContent", block(DER + b"x"), "ca_content: block 1 is no whole CERTIFICATE"),
        ("CAContent", block(b""), "ca_content: block 1 is no whole CERTIFICATE"),
        ("CAContent", block(b"\x30\x84"), "ca_content: block 1 is no whole CERTIFICATE"),
    ],
)
def test_what_is_no_pem(member, text, reason):
    with pytest.raises(BadOption) as caught:
        trust_store.check({member: text})
    assert reason in str(caught.value)
