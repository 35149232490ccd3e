"""The tenant: its names and cloud, its applications with their credentials and roles.

Promises: secrets are kept as digests and compared in constant time; an application that is not
here cannot sign in; roles and permissions are those of the moment at which a token is made.
`reset` returns to one tenant with one application that may do everything Gatepost needs.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from emulators.login.clouds import CLOUDS, Cloud

# Directory roles and their template ids, which tokens carry as `wids`.
DIRECTORY_ROLES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Security Reader": "5d6b6bb7-de71-4623-b4af-96380a352509",
}
# Application permissions that an administrator can consent to, by service.
PERMISSIONS = {
    "exchange": ("Exchange.ManageAsApp",),
    "graph": ("Mail.Read", "Mail.ReadBasic.All", "User.Read.All"),
}


@dataclass(frozen=True)
class Application:
    """An application with its service principal, or a managed identity.

    secret: a SHA-256 digest, empty without one. certificates: those registered. permissions:
    consented, as in PERMISSIONS. directory_roles: names of DIRECTORY_ROLES.
    """

    client_id: str
    object_id: str
    secret: bytes = field(default=b"", repr=False)
    certificates: tuple[x509.Certificate, ...] = ()
    permissions: frozenset[str] = frozenset()
    directory_roles: frozenset[str] = frozenset()
    enabled: bool = True
    secret_expired: bool = False

    def accepts(self, secret: str) -> bool:
        """Whether this is the application's client secret."""
        return bool(self.secret) and hmac.compare_digest(digest(secret), self.secret)

    def certificate(self, thumbprint: bytes) -> x509.Certificate | None:
        """The registered certificate with this SHA-1 or SHA-256 thumbprint, or None."""
        kinds: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA1(), hashes.SHA256())
        for one in self.certificates:
            if any(hmac.compare_digest(one.fingerprint(kind), thumbprint) for kind in kinds):
                return one
        return None

    def roles(self, service: str) -> list[str]:
        """The `roles` claim of a token for a service."""
        return sorted(self.permissions & set(PERMISSIONS[service]))

    def wids(self) -> list[str]:
        """The `wids` claim: the directory roles' template ids."""
        return sorted(DIRECTORY_ROLES[name] for name in self.directory_roles)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class Directory:
    """The tenant's directory, behind one lock. `domains`: verified domain names, default first."""

    def __init__(self, applications: tuple[Application, ...], identity: Application) -> None:
        self._lock = threading.RLock()
        self._first = applications
        self._first_identity = identity
        self.tenant_id = str(uuid.uuid4())
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.cloud: Cloud = CLOUDS["public"]
            self.domains: tuple[str, ...] = ("acme.onmicrosoft.com", "acme.com")
            self.token_lifetime = 3600.0
            self._applications = {one.client_id: one for one in self._first}
            self.identity: Application | None = self._first_identity

    def names(self, tenant: str) -> bool:
        """Whether a tenant segment of a path means this tenant."""
        return tenant.lower() in (self.tenant_id, *self.domains)

    def application(self, client_id: str) -> Application | None:
        with self._lock:
            return self._applications.get(client_id.lower())

    def applications(self) -> tuple[Application, ...]:
        with self._lock:
            return tuple(self._applications.values())

    def change(self, client_id: str, **changes: Any) -> Application:
        """Replace members of an application or of the managed identity.

        Raises LookupError for an unknown one.
        """
        with self._lock:
            if self.identity is not None and self.identity.client_id == client_id:
                self.identity = replace(self.identity, **changes)
                return self.identity
            found = self._applications.get(client_id)
            if found is None:
                raise LookupError(f"no application {client_id}")
            changed = replace(found, **changes)
            self._applications[client_id] = changed
            return changed

    def state(self) -> Mapping[str, Any]:
        """The directory for JSON, without secrets."""
        with self._lock:
            return {
                "tenant_id": self.tenant_id,
                "cloud": self.cloud.name,
                "domains": list(self.domains),
                "token_lifetime": self.token_lifetime,
                "applications": [_shown(one) for one in self._applications.values()],
                "managed_identity": None if self.identity is None else _shown(self.identity),
            }


def _shown(application: Application) -> dict[str, Any]:
    return {
        "client_id": application.client_id,
        "enabled": application.enabled,
        "has_secret": bool(application.secret),
        "secret_expired": application.secret_expired,
        "certificates": [
            one.fingerprint(hashes.SHA256()).hex().upper() for one in application.certificates
        ],
        "permissions": sorted(application.permissions),
        "directory_roles": sorted(application.directory_roles),
    }
