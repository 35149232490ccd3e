"""The token endpoint: a signed assertion of the emulator's service account for an access token.

Promises: the signature is verified with the account's public key, and `iss`, `aud`, `iat`, `exp`,
`sub` and `scope` are checked as Google checks them for domain-wide delegation (RFC 7523). An
access token names the user and the scopes that were granted; it ends after an hour or by `revoke`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.auth import exceptions, jwt

from emulators.google.errors import TokenError, unauthenticated
from emulators.google.tenant import Tenant

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# google-auth always writes Google's own address as the audience, whatever token_uri says.
AUDIENCE = "https://oauth2.googleapis.com/token"
_AUTH = "https://www.googleapis.com/auth/"
# What the administrator has delegated to the service account in the console.
DELEGATED = frozenset(
    _AUTH + name
    for name in (
        "cloud-identity.policies.readonly",
        "admin.reports.audit.readonly",
        "gmail.readonly",
        "gmail.metadata",
    )
)


@dataclass(frozen=True)
class Grant:
    """What an access token stands for. subject: the impersonated user."""

    subject: str
    scopes: frozenset[str]
    expires: datetime


class TokenEndpoint:
    """The service account of the tenant and the tokens that it was given."""

    lifetime = timedelta(hours=1)

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(20)
        self.email = "gatepost@example-project.iam.gserviceaccount.com"

    def service_account(self, token_uri: str) -> dict[str, str]:
        """The account's JSON file, as the console lets it be downloaded."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {
            "type": "service_account",
            "project_id": "example-project",
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": self.email,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }

    def exchange(self, form: Mapping[str, str]) -> dict[str, object]:
        """Answer a token request. Raises TokenError."""
        if form.get("grant_type") != GRANT:
            raise TokenError("unsupported_grant_type", f"grant_type must be {GRANT}")
        claims = self._claims(form.get("assertion", ""))
        if claims.get("iss") != self.email:
            raise TokenError("invalid_grant", "Invalid issuer: Not a valid email or user ID.")
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        subject = str(claims.get("sub", ""))
        if not subject:
            raise TokenError(
                "unauthorized_client", "The tenant's data needs a user to impersonate (sub).", 401
            )
        if not self._tenant.has_mailbox(subject):
            raise TokenError("invalid_grant", "Invalid email or User ID")
        if not scopes <= DELEGATED:
            raise TokenError(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client "
                "not authorized for any of the scopes requested.",
                401,
            )
        token = "ya29." + secrets.token_urlsafe(48)
        with self._lock:
            self._grants[token] = Grant(subject.lower(), scopes, self._tenant.now() + self.lifetime)
        return {
            "access_token": token,
            "expires_in": int(self.lifetime.total_seconds()),
            "token_type": "Bearer",
        }

    def grant(self, authorization: str) -> Grant:
        """What the Authorization field of a request stands for. Raises ApiError 401."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            grant = self._grants.get(token)
        if scheme.lower() != "bearer" or grant is None or grant.expires <= self._tenant.now():
            raise unauthenticated()
        return grant

    def revoke(self) -> None:
        """End every token."""
        with self._lock:
            self._grants.clear()

    def _claims(self, assertion: str) -> Mapping[str, object]:
        public = self._key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        try:
            claims: Mapping[str, object] = jwt.decode(
                assertion, certs={self._key_id: public}, audience=AUDIENCE
            )
        except exceptions.InvalidValue as error:
            raise TokenError("invalid_grant", f"Invalid JWT: {error}") from None
        except (exceptions.GoogleAuthError, ValueError) as error:
            raise TokenError("invalid_grant", f"Invalid JWT Signature. {error}") from None
        return claims
