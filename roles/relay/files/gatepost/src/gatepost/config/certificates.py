"""The TLS that listeners speak: a context from the files that an ingress point names, and when its
certificate runs out.

TLS 1.2 and later. FIPS is REQUIRED with the ciphers below and TLS 1.2 alone: the ssl module cannot
choose the suites of TLS 1.3, one of which (ChaCha20-Poly1305) is not approved.
"""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Final

from gatepost.config.values import IngressPoint, ServerTls
from gatepost.errors import ConfigError

# SP 800-52r2 section 3.3.1.1: forward secrecy and AES-GCM.
FIPS_CIPHERS: Final = ":".join(
    f"ECDHE-{key}-AES{bits}-GCM-SHA{digest}"
    for bits, digest in ((256, 384), (128, 256))
    for key in ("ECDSA", "RSA")
)


def server_context(file: Path, point: IngressPoint) -> ssl.SSLContext | None:
    """None where the ingress point has no TLS. Raises ConfigError naming the file at fault."""
    if point.tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if point.tls_policy == "FIPS":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(FIPS_CIPHERS)
    path = f"{point.path}.tls"
    for name, each in (("certificate", point.tls.certificate), ("key", point.tls.key)):
        _readable(file, f"{path}.{name}", each)
    try:
        # Without a terminal nobody could type a key's passphrase.
        context.load_cert_chain(point.tls.certificate, point.tls.key, password=_no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        reason = f"{point.tls.certificate} and {point.tls.key}: {_clause(error)}"
        raise ConfigError(str(file), path, reason) from error
    if point.tls.client_ca is not None:
        _readable(file, f"{path}.client_ca", point.tls.client_ca)
        try:
            context.load_verify_locations(point.tls.client_ca)
        except ssl.SSLError as error:
            reason = f"{point.tls.client_ca}: {_clause(error)}"
            raise ConfigError(str(file), f"{path}.client_ca", reason) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def expiry(context: ssl.SSLContext, tls: ServerTls) -> float | None:
    """When the certificate runs out, in seconds since the epoch; None when it already has, or is
    not valid yet.

    Found by shaking hands in memory with a client that trusts this very certificate: the ssl module
    decodes no certificate that it has not verified.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(tls.certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server)
    theirs = context.wrap_bio(to_server, to_client, server_side=True)
    for _turn in range(4):
        try:
            ours.do_handshake()
        except ssl.SSLWantReadError:
            # A server that wants a client certificate refuses ours, after showing its own.
            with contextlib.suppress(ssl.SSLError):
                theirs.do_handshake()
        except ssl.SSLError:
            return None
        else:
            certificate = ours.getpeercert() or {}
            return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
    return None


def _readable(file: Path, path: str, named: Path) -> None:
    try:
        with named.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        raise ConfigError(str(file), path, f"{named}: {error.strerror}") from error


def _clause(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error) or "cannot be used"
    return str(reason).replace("_", " ").lower()


def _no_passphrase() -> str:
    raise ValueError("the key is protected by a passphrase")
