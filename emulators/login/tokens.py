"""Access tokens: made for an application, judged by the services that they are for.

They are JWTs of version 1.0, as Exchange Online and Graph get them, signed with the tenant's key
(published at the keys endpoint). A token keeps the roles that its application had when it was
made. `revoke` ends all that were made before.
"""

from __future__ import annotations

import base64
import threading
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from emulators.clock import Clock
from emulators.login.assertions import SIGNATURE_ALONE
from emulators.login.directory import Application, Directory


class Unauthorized(Exception):
    """A token that a service does not take. kind: missing, malformed, expired, audience."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True)
class Token:
    """What a valid access token says."""

    client_id: str
    tenant_id: str
    roles: frozenset[str]
    wids: frozenset[str]


class Tokens:
    """Makes and judges the tenant's access tokens."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._valid_from = 0.0
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()

    def make(self, application: Application, service: str, audience: str) -> dict[str, Any]:
        """The token response of the client credentials grant."""
        now, lifetime = self._clock.now(), self._directory.token_lifetime
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._directory.tenant_id}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + lifetime),
            "appid": application.client_id,
            "appidacr": "2" if application.certificates else "1",
            "idtyp": "app",
            "oid": application.object_id,
            "sub": application.object_id,
            "tid": self._directory.tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
            # Finer than iat, so that a token of this very second can be told from revoked ones.
            "emulated_at": now,
        }
        if roles := application.roles(service):
            claims["roles"] = roles
        if wids := application.wids():
            claims["wids"] = wids
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})
        return {
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "ext_expires_in": int(lifetime),
            "access_token": token,
        }

    def judge(self, authorization: str, service: str) -> Token:
        """What the Authorization field of a request to a service stands for.

        Raises Unauthorized.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("missing", "Access token is empty.")
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                # Times are judged by the emulated clock, the audience by the service.
                options=SIGNATURE_ALONE,
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized("malformed", f"The access token is invalid: {error}.") from None
        audience = self._directory.cloud.resources[service][0]
        if claims["aud"] != audience:
            raise Unauthorized(
                "audience", f"The audience claim value is invalid '{claims['aud']}'."
            )
        with self._lock:
            revoked = claims["emulated_at"] <= self._valid_from
        if revoked or claims["exp"] <= self._clock.now():
            raise Unauthorized("expired", "Lifetime validation failed, the token is expired.")
        return Token(
            claims["appid"],
            claims["tid"],
            frozenset(claims.get("roles", ())),
            frozenset(claims.get("wids", ())),
        )

    def revoke(self) -> None:
        """End every token made so far."""
        with self._lock:
            self._valid_from = self._clock.now()

    def restart(self) -> None:
        """Take tokens of any time again: the clock has been set back."""
        with self._lock:
            self._valid_from = 0.0

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "use": "sig", "kid": self._key_id, "x5t": self._key_id}]}
