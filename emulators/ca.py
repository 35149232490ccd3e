"""A certificate authority for tests: made once in a directory, then reused from it.

Its certificate is what `emulators.json` announces as `ca`; servers on loopback get certificates
from it for the names that they play (aspmx.l.google.com, exchange.example.net, localhost).
Keys are P-256, files of keys are readable by their owner only.
"""

import datetime
import ipaddress
import os
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=3650)


class Authority:
    """The test CA. `certificate` is the path of its PEM certificate."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.certificate = directory / "ca.pem"
        self._lock = threading.Lock()
        key_file = directory / "ca.key"
        if key_file.exists() and self.certificate.exists():
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError(f"{key_file}: not an elliptic curve key")
            self._key = key
            self._certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        else:
            self._key = ec.generate_private_key(ec.SECP256R1())
            self._certificate = _self_signed(self._key)
            _write_key(key_file, self._key)
            self.certificate.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, names: Sequence[str]) -> tuple[Path, Path]:
        """Paths of the certificate chain and key of a server with these names or addresses."""
        return self._issue(names, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, names: Sequence[str]) -> tuple[Path, Path]:
        """Paths of a client's certificate chain and key, for mutual TLS."""
        return self._issue(names, ExtendedKeyUsageOID.CLIENT_AUTH)

    def server_context(self, names: Sequence[str]) -> ssl.SSLContext:
        """A server's TLS context with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server(names))
        return context

    def _issue(self, names: Sequence[str], usage: x509.ObjectIdentifier) -> tuple[Path, Path]:
        if not names:
            raise ValueError("a certificate needs a name")
        role = "server" if usage == ExtendedKeyUsageOID.SERVER_AUTH else "client"
        stem = f"{role}-{'-'.join(names)}".replace("*", "any").replace(":", "_").replace("/", "_")
        certificate_file = self.directory / f"{stem}.pem"
        key_file = self.directory / f"{stem}.key"
        with self._lock:
            if not (certificate_file.exists() and key_file.exists()):
                key = ec.generate_private_key(ec.SECP256R1())
                certificate = self._sign(names, key, usage)
                _write_key(key_file, key)
                chain = (certificate, self._certificate)
                certificate_file.write_bytes(
                    b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
                )
        return certificate_file, key_file

    def _sign(
        self, names: Sequence[str], key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier
    ) -> x509.Certificate:
        return (
            _builder(names[0], self._certificate.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(x509.ExtendedKeyUsage([usage]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
            .sign(self._key, hashes.SHA256())
        )


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatepost emulators CA")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder("Gatepost emulators CA", subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    # A day of grace, for peers whose clock is behind. A common name holds 64 characters at most.
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFETIME)
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
