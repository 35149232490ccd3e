"""The identity platform as a part of the emulators.

    GET  /login/tenant       the tenant: id, cloud, domains, applications, the managed identity
    POST /login/tenant       change some of cloud, token_lifetime (seconds)
    POST /login/application  change some of permissions, directory_roles, enabled, secret_expired;
                             of the application that `env` announces, or of `client_id`
    POST /login/identity     the same of the managed identity; {"present": false} takes it away
    POST /login/certificates {"pem": [PEM…]}: the certificates registered on the application
    POST /login/revoke       end every access token

emulators.json gets `login`, an https URL below which every tenant's authority lies, and in `env`
GATEPOST_M365_TENANT, GATEPOST_M365_CLIENT_ID, GATEPOST_M365_CERTIFICATE (a PEM file with key and
certificate), GATEPOST_M365_CLIENT_SECRET, GATEPOST_M365_AUTHORITY, GATEPOST_M365_CA, and
AZURE_POD_IDENTITY_AUTHORITY_HOST, where msal looks for a managed identity.
"""

from __future__ import annotations

import datetime
import os
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulators.component import Context, Handler
from emulators.login.app import LoginApp
from emulators.login.clouds import CLOUDS, LOGIN_HOSTS
from emulators.login.directory import DIRECTORY_ROLES, PERMISSIONS, Application, Directory, digest
from emulators.login.imds import ImdsApp
from emulators.login.tokens import Tokens
from emulators.web import Web

LOOPBACK = ("localhost", "127.0.0.1")
_ALL = frozenset(one for names in PERMISSIONS.values() for one in names)


def create(context: Context) -> LoginComponent:
    return LoginComponent(context)


class LoginComponent:
    """`directory` and `tokens` are what Exchange Online and Graph build on."""

    name = "login"

    def __init__(self, context: Context) -> None:
        self._secret = secrets.token_urlsafe(30)
        self._pem, certificate = _self_signed("gatepost")
        roles = frozenset({"Exchange Administrator"})
        application = Application(
            client_id=str(uuid.uuid4()),
            object_id=str(uuid.uuid4()),
            secret=digest(self._secret),
            certificates=(certificate,),
            permissions=_ALL,
            directory_roles=roles,
        )
        identity = Application(
            client_id=str(uuid.uuid4()),
            object_id=str(uuid.uuid4()),
            permissions=_ALL,
            directory_roles=roles,
        )
        self._client_id = application.client_id
        self._identity_id = identity.client_id
        self._first_identity = identity
        self.directory = Directory((application,), identity)
        self.tokens = Tokens(self.directory, context.clock)
        self._run = context.run
        self._ca = context.ca.certificate
        self._web = Web(
            LoginApp(self.directory, self.tokens, context.faults),
            name="login",
            tls=context.ca.server_context([*LOOPBACK, *LOGIN_HOSTS]),
        )
        self._imds = Web(ImdsApp(self.directory, self.tokens, context.faults), name="imds")
        self._started = False

    def start(self) -> dict[str, Any]:
        url, imds = self._web.start(), self._imds.start()
        self._started = True
        path = self._run / "m365-application.pem"
        _write(path, self._pem)
        return {
            "login": url,
            "env": {
                "GATEPOST_M365_TENANT": self.directory.tenant_id,
                "GATEPOST_M365_CLIENT_ID": self._client_id,
                "GATEPOST_M365_CERTIFICATE": str(path),
                "GATEPOST_M365_CLIENT_SECRET": self._secret,
                "GATEPOST_M365_AUTHORITY": url,
                "GATEPOST_M365_CA": str(self._ca),
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": imds,
            },
        }

    def stop(self) -> None:
        if self._started:
            self._web.stop()
            self._imds.stop()

    def reset(self) -> None:
        """The first tenant; its key and its application's credentials stay."""
        self.directory.reset()
        self.tokens.restart()

    def state(self) -> Any:
        return self.directory.state()

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /login/tenant": lambda _body: self.directory.state(),
            "POST /login/tenant": self._set_tenant,
            "POST /login/application": self._set_application,
            "POST /login/identity": self._set_identity,
            "POST /login/certificates": self._set_certificates,
            "POST /login/revoke": self._revoke,
        }

    def _set_tenant(self, body: Any) -> Any:
        members = _members(body, "cloud", "token_lifetime")
        if "cloud" in members and members["cloud"] not in CLOUDS:
            raise ValueError(f"cloud: one of {', '.join(CLOUDS)}")
        lifetime = members.get("token_lifetime", 1)
        if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or lifetime <= 0:
            raise ValueError("token_lifetime: must be a number of seconds")
        if "cloud" in members:
            self.directory.cloud = CLOUDS[members["cloud"]]
        if "token_lifetime" in members:
            self.directory.token_lifetime = float(lifetime)
        return self.directory.state()

    def _set_application(self, body: Any) -> Any:
        names = ("client_id", "permissions", "directory_roles", "enabled", "secret_expired")
        members = _members(body, *names)
        client_id = str(members.pop("client_id", self._client_id))
        self.directory.change(client_id, **_changes(members))
        return self.directory.state()

    def _set_identity(self, body: Any) -> Any:
        members = _members(body, "present", "permissions", "directory_roles", "enabled")
        present = members.pop("present", True)
        if not isinstance(present, bool):
            raise ValueError("present: must be true or false")
        changes = _changes(members)
        if not present:
            self.directory.identity = None
        else:
            self.directory.identity = self.directory.identity or self._first_identity
            self.directory.change(self._identity_id, **changes)
        return self.directory.state()

    def _set_certificates(self, body: Any) -> Any:
        pems = _members(body, "pem").get("pem")
        if not isinstance(pems, list) or not all(isinstance(one, str) for one in pems):
            raise ValueError("pem: must be a list of certificates")
        certificates = tuple(x509.load_pem_x509_certificate(one.encode()) for one in pems)
        self.directory.change(self._client_id, certificates=certificates)
        return self.directory.state()

    def _revoke(self, _body: Any) -> Any:
        self.tokens.revoke()
        return {}


def _changes(members: dict[str, Any]) -> dict[str, Any]:
    """The members of an application as Directory.change takes them. Raises ValueError."""
    known = {"permissions": _ALL, "directory_roles": frozenset(DIRECTORY_ROLES)}
    changes: dict[str, Any] = {}
    for name, value in members.items():
        if name not in known:
            if not isinstance(value, bool):
                raise ValueError(f"{name}: must be true or false")
            changes[name] = value
            continue
        if not isinstance(value, list) or not set(value) <= known[name]:
            raise ValueError(f"{name}: must be a list of {', '.join(sorted(known[name]))}")
        changes[name] = frozenset(value)
    return changes


def _members(body: Any, *names: str) -> dict[str, Any]:
    if not isinstance(body, dict) or not set(body) <= set(names):
        raise ValueError(f"the body must be an object with some of {', '.join(names)}")
    return dict(body)


def _self_signed(name: str) -> tuple[bytes, x509.Certificate]:
    """A key with a self-signed certificate as one PEM, as administrators make them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem + certificate.public_bytes(serialization.Encoding.PEM), certificate


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
