"""Ingress points in a VPC, with mutual TLS, and in trouble."""

import datetime
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.aws.cloud import ROOT, Cloud, mail_manager_statement, policy, refused
from tests.integration.aws.test_mail_manager import ingress

ENDPOINT = "vpce-0123456789abcdef0"
PRIVATE = {"PrivateNetworkConfiguration": {"VpcEndpointId": ENDPOINT}}
PASSWORD = {"SmtpPassword": "long-enough"}


def status(mm: Any, identifier: str) -> str:
    found: str = mm.get_ingress_point(IngressPointId=identifier)["Status"]
    return found


@pytest.fixture(autouse=True)
def at_once(cloud: Cloud) -> None:
    cloud.control("POST", "/aws/timing", dict.fromkeys(("provisioning", "updating"), 0))


class TestNetworks:
    @pytest.mark.parametrize(
        "network",
        [
            PRIVATE,
            {"PublicNetworkConfiguration": {"IpType": "IPV4"}},
            {"PublicNetworkConfiguration": {"IpType": "DUAL_STACK"}},
        ],
    )
    def test_are_kept(self, mm: Any, network: dict[str, Any]) -> None:
        identifier = ingress(mm, NetworkConfiguration=network)
        got = mm.get_ingress_point(IngressPointId=identifier)
        assert got["NetworkConfiguration"] == network

    def test_tls_is_optional_with_a_password_in_a_vpc_only(self, mm: Any) -> None:
        point = {"Type": "AUTH", "IngressPointConfiguration": PASSWORD, "TlsPolicy": "OPTIONAL"}
        ingress(mm, NetworkConfiguration=PRIVATE, **point)
        with refused("ValidationException", 400):
            ingress(mm, "other", **point)

    def test_a_vpc_endpoint_that_goes(self, cloud: Cloud, mm: Any) -> None:
        identifier = ingress(mm, NetworkConfiguration=PRIVATE)
        assert status(mm, identifier) == "ACTIVE"
        cloud.control("POST", "/aws/ingress_points", {"missing_vpc_endpoints": [ENDPOINT]})
        assert status(mm, identifier) == "ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST"
        with refused("ValidationException", 400):
            ingress(mm, "other", NetworkConfiguration=PRIVATE)
        cloud.control("POST", "/aws/ingress_points", {})
        assert status(mm, identifier) == "ACTIVE"


class TestTrouble:
    def test_one_that_fails_has_another_try(self, cloud: Cloud, mm: Any) -> None:
        cloud.control("POST", "/aws/ingress_points", {"failing": ["edge"]})
        identifier = ingress(mm, TlsPolicy="OPTIONAL")
        assert status(mm, identifier) == "FAILED"
        cloud.control("POST", "/aws/ingress_points", {"failing": []})
        mm.update_ingress_point(IngressPointId=identifier, TlsPolicy="REQUIRED")
        assert status(mm, identifier) == "ACTIVE"

    @pytest.mark.parametrize("body", [{"failing": "edge"}, {"failing": [1]}, {"fail": []}, []])
    def test_the_side_door_is_strict(self, cloud: Cloud, body: Any) -> None:
        with pytest.raises(urllib.error.HTTPError):
            cloud.control("POST", "/aws/ingress_points", body)


class Ca:
    """A certificate authority, as PEM, and its empty revocation list."""

    def __init__(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        end = start + datetime.timedelta(days=3650)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(end)
            .sign(key, hashes.SHA256())
        )
        revoked = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(subject)
            .last_update(start)
            .next_update(end)
            .sign(key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.crl = revoked.public_bytes(serialization.Encoding.PEM).decode()


ONE, OTHER = Ca("one"), Ca("other")


def mutual(mm: Any, name: str = "edge", **store: str) -> str:
    configuration = {"TlsAuthConfiguration": {"TrustStore": store}}
    return ingress(mm, name, Type="MTLS", IngressPointConfiguration=configuration)


class TestTrustStores:
    def test_are_kept_whole(self, cloud: Cloud, mm: Any) -> None:
        statement = mail_manager_statement(
            "mailmanager-ingress-point", ["kms:Decrypt", "kms:DescribeKey"]
        )
        key = cloud.client("kms").create_key(Policy=policy(ROOT, statement))["KeyMetadata"]["Arn"]
        store = {
            "CAContent": ONE.certificate + OTHER.certificate,
            "CrlContent": ONE.crl + OTHER.crl,
            "KmsKeyArn": key,
        }
        identifier = mutual(mm, **store)
        got = mm.get_ingress_point(IngressPointId=identifier, IncludeTrustStoreContents="INCLUDE")
        assert got["IngressPointAuthConfiguration"]["TlsAuthConfiguration"]["TrustStore"] == store
        mm.update_ingress_point(
            IngressPointId=identifier,
            IngressPointConfiguration={
                "TlsAuthConfiguration": {"TrustStore": {"CAContent": OTHER.certificate}}
            },
        )
        got = mm.get_ingress_point(IngressPointId=identifier, IncludeTrustStoreContents="INCLUDE")
        assert got["IngressPointAuthConfiguration"] == {
            "TlsAuthConfiguration": {"TrustStore": {"CAContent": OTHER.certificate}}
        }

    @pytest.mark.parametrize(
        "store",
        [
            {"CAContent": ONE.crl},
            {"CAContent": ONE.certificate, "CrlContent": ONE.certificate},
            {"CAContent": ONE.certificate, "CrlContent": OTHER.crl},
            {"CAContent": ONE.certificate, "CrlContent": ONE.crl + ONE.crl},
            {"CAContent": ONE.certificate, "CrlContent": "-----BEGIN X509 CRL-----\nno\n"},
        ],
    )
    def test_are_checked(self, mm: Any, store: dict[str, str]) -> None:
        with refused("ValidationException", 400):
            mutual(mm, **store)
        assert mm.list_ingress_points()["IngressPoints"] == []

    def test_their_key_lets_mail_manager_in(self, cloud: Cloud, mm: Any) -> None:
        key = cloud.client("kms").create_key(Policy=policy(ROOT))["KeyMetadata"]["Arn"]
        with refused("ValidationException", 400) as caught:
            mutual(mm, CAContent=Path(cloud.info["ca"]).read_text(), KmsKeyArn=key)
        assert "key policy" in str(caught.value)
