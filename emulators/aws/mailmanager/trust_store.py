"""The trust store of a mutual TLS ingress point: certificates of CAs, their CRLs, a key over it."""

import re
from typing import Any

from cryptography import x509

from emulators.aws import errors, vault
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import Resource

_CRL = re.compile(r"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def check(call: Call, point: Resource, configuration: dict[str, Any]) -> None:
    """Raise ValidationException unless a TlsAuthConfiguration is one that could be used."""
    store = configuration.get("TrustStore")
    if not store:
        raise errors.validation("TlsAuthConfiguration: TrustStore must not be null")
    try:
        authorities = x509.load_pem_x509_certificates(store["CAContent"].encode())
    except ValueError:
        raise errors.validation("TrustStore: CAContent holds no PEM certificate") from None
    if "CrlContent" in store:
        _check_lists(store["CrlContent"], [one.subject for one in authorities])
    if "KmsKeyArn" in store:
        vault.check_key(
            call.scope,
            store["KmsKeyArn"],
            source_arn=point.arn,
            actions=("kms:Decrypt", "kms:DescribeKey"),
            at="TrustStore.KmsKeyArn",
        )


def _check_lists(text: str, authorities: list[x509.Name]) -> None:
    """One list a CA, as the model says; a list of another issuer is refused (ours)."""
    try:
        issuers = [x509.load_pem_x509_crl(one.encode()).issuer for one in _CRL.findall(text)]
    except ValueError:
        issuers = []
    if not issuers:
        raise errors.validation("TrustStore: CrlContent holds no PEM CRL")
    if any(issuer not in authorities for issuer in issuers):
        raise errors.validation("TrustStore: CrlContent has a CRL of an unknown CA")
    if len(set(issuers)) != len(issuers):
        raise errors.validation("TrustStore: CrlContent has two CRLs of one CA")
