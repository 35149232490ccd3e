"""The judge of a client assertion: a JWT that an application signed with its certificate's key.

A pure function of the assertion, the application and the time. Checked, in this order: it parses
and names an algorithm and a thumbprint; the certificate is registered and itself in force; the
signature; the times; `iss` and `sub` are the client; `aud` is this token endpoint. Source: RFC 7523
section 3; "Microsoft identity platform application authentication certificate credentials".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from emulators.login.directory import Application
from emulators.login.errors import AadError, bad_assertion

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ("RS256", "PS256")
# Claims are judged here, with the service's words.
SIGNATURE_ALONE: Options = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_iss": False,
    "verify_jti": False,
    "verify_nbf": False,
    "verify_sub": False,
}
# How far a client's clock may be off, and how long an assertion may live, in seconds.
_SKEW = 300.0
_LONGEST = 86400.0


def issuer(assertion: str) -> str:
    """The client that an assertion claims to be from, unverified. Raises AadError."""
    return str(_unverified(assertion)[1].get("iss", ""))


def judge(
    assertion: str, application: Application, audiences: Collection[str], now: float
) -> Mapping[str, Any]:
    """The verified claims. audiences: what `aud` may be. now: seconds since the epoch.

    Raises AadError as the token endpoint answers.
    """
    header, claims = _unverified(assertion)
    certificate = _certificate(header, application, now)
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise bad_assertion(
            700027,
            "Client assertion failed signature validation. [Reason - The key is not an RSA key.]",
        )
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=list(_ALGORITHMS),
            options=SIGNATURE_ALONE,
        )
    except jwt.InvalidTokenError as error:
        raise bad_assertion(
            700027,
            "Client assertion failed signature validation. [Reason - The key was not found or the "
            f"signature does not verify: {error}]",
        ) from None
    _check_times(claims, now)
    if claims.get("iss") != application.client_id or claims.get("sub") != application.client_id:
        raise bad_assertion(
            700021,
            "Client assertion application identifier doesn't match 'client_id' parameter. Review "
            "the documentation at https://aka.ms/certificate-credentials.",
        )
    if str(claims.get("aud")) not in audiences:
        raise bad_assertion(
            700023,
            f"Client assertion audience claim does not match Realm issuer: {claims.get('aud')!r}.",
        )
    return claims


def _unverified(assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        decoded = jwt.decode_complete(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise AadError(
            "invalid_request", 50027, f"JWT token is invalid or malformed: {error}."
        ) from None
    return decoded["header"], decoded["payload"]


def _certificate(
    header: Mapping[str, Any], application: Application, now: float
) -> x509.Certificate:
    if header.get("alg") not in _ALGORITHMS:
        raise bad_assertion(
            5002723, f"Invalid JWT token. Unsupported signature algorithm {header.get('alg')!r}."
        )
    stated = [header[name] for name in ("x5t#S256", "x5t") if name in header]
    if not stated:
        raise bad_assertion(
            5002730,
            "Invalid JWT token. The header names no certificate: x5t#S256 or x5t is needed.",
        )
    found = [application.certificate(_thumbprint(one)) for one in stated]
    certificate = found[0]
    if certificate is None or any(one is not certificate for one in found):
        raise bad_assertion(
            700027,
            "The certificate with identifier used to sign the client assertion is not registered "
            f"on application. [Reason - The key was not found., Thumbprint of key used by client: "
            f"'{stated[0]}']",
        )
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise bad_assertion(
            700027,
            "Client assertion failed signature validation. [Reason - The key used is expired., "
            f"Thumbprint of key used by client: '{stated[0]}']",
        )
    return certificate


def _thumbprint(value: object) -> bytes:
    text = str(value)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_assertion(
            5002730, f"Invalid JWT token. The thumbprint {text!r} is not base64url."
        ) from None


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
    for name, value in times.items():
        if value is None and name != "exp":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise AadError(
                "invalid_request", 50027, f"JWT token is invalid or malformed: {name} is no number."
            )
    expires = float(times["exp"] or 0)
    begins = float(times["nbf"] if times["nbf"] is not None else times["iat"] or 0)
    if not begins - _SKEW <= now < expires + _SKEW or expires - now > _LONGEST:
        raise bad_assertion(
            700024,
            "Client assertion is not within its valid time range. Current time: "
            f"{_utc(now)}, assertion valid from {_utc(begins)}, expiry time of assertion "
            f"{_utc(expires)}. Review the documentation at "
            "https://aka.ms/certificate-credentials.",
        )


def _utc(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds!r} seconds"
