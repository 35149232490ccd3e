# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access tokens for an application, by Microsoft's own library msal.

Three ways to sign in: a certificate, a client secret, a managed identity. No secret appears in a
message or a repr. Needs msal and requests.
"""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.clouds import Cloud

try:
    import msal
    import requests

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

REQUIREMENTS = "msal and requests"
TIMEOUT = 60
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.S)
_PLACE = re.compile(r"[A-Za-z0-9.-]+")


class SignInFailed(GatepostError):
    """No access token was to be had."""


@dataclass(frozen=True)
class Identity:
    """Who signs in. tenant: its GUID or a domain of it; not needed by a managed identity."""

    tenant: str | None
    client_id: str | None
    certificate_file: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    managed: bool = False


@dataclass(frozen=True)
class Token:
    """tenant: the GUID of the tenant that it is for."""

    value: str = field(repr=False)
    tenant: str


def identity(options: Mapping[str, Any]) -> Identity:
    """Who the options say: a managed identity, else a certificate, else a secret. Pure.

    Raises BadOption.
    """
    if options["managed_identity"]:
        return Identity(None, options.get("client_id"), managed=True)
    for name in ("tenant_id", "client_id"):
        if not options.get(name):
            raise BadOption(name, "is needed, unless managed_identity is true")
    if not _PLACE.fullmatch(options["tenant_id"]):
        raise BadOption("tenant_id", "is neither a GUID nor a domain")
    who = Identity(options["tenant_id"], options["client_id"])
    if options.get("certificate_file"):
        return replace(
            who,
            certificate_file=options["certificate_file"],
            passphrase=options.get("certificate_passphrase"),
        )
    if not options.get("client_secret"):
        raise BadOption(
            "certificate_file", "or client_secret is needed, unless managed_identity is true"
        )
    return replace(who, secret=options["client_secret"])


def session(ca_file: str | None) -> Any:
    """A requests.Session. ca_file: trust the authorities in it alone, whatever the environment
    says; the environment's proxies are not used then either."""
    if IMPORT_ERROR is not None:
        raise SignInFailed(f"the libraries {REQUIREMENTS} are not installed")
    made = requests.Session()
    if ca_file:
        if not Path(ca_file).is_file():
            raise BadOption("ca_file", f"{ca_file}: there is no such file")
        made.trust_env = False
        made.verify = ca_file
    return made


def sign_in(who: Identity, cloud: Cloud, resource: str, http: Any) -> Token:
    """A token for a resource, asked for anew. Raises SignInFailed, BadOption."""
    client = _TimedOut(http)
    try:
        if who.managed:
            answer = _managed(who, resource, client)
        else:
            answer = _confidential(who, cloud, resource, client)
    except (requests.RequestException, ValueError, KeyError) as error:
        # A key's parser may quote what it read.
        reason = error if isinstance(error, requests.RequestException) else type(error).__name__
        raise SignInFailed(f"signing in at {cloud.login}: {reason}") from None
    if "access_token" not in answer:
        told = str(answer.get("error_description") or answer.get("error") or "no reason was given")
        first = told.splitlines()[0] if told else ""
        raise SignInFailed(f"signing in at {cloud.login}: {answer.get('error')}: {first}")
    return Token(answer["access_token"], _tenant(answer["access_token"]))


def _confidential(who: Identity, cloud: Cloud, resource: str, http: Any) -> dict[str, Any]:
    application = msal.ConfidentialClientApplication(
        who.client_id,
        authority=f"{cloud.login}/{who.tenant}",
        client_credential=_credential(who),
        http_client=http,
        # The clouds' addresses are known; asking a third server about them would add one to trust.
        instance_discovery=False,
    )
    answer: dict[str, Any] = application.acquire_token_for_client([f"{resource}/.default"])
    return answer


def _managed(who: Identity, resource: str, http: Any) -> dict[str, Any]:
    which = (
        msal.UserAssignedManagedIdentity(client_id=who.client_id)
        if who.client_id
        else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(which, http_client=http)
    answer: dict[str, Any] = client.acquire_token_for_client(resource=resource)
    return answer


def _credential(who: Identity) -> Any:
    if who.certificate_file is None:
        return who.secret
    try:
        text = Path(who.certificate_file).read_text(encoding="ascii", errors="replace")
    except OSError as error:
        reason = error.strerror
        raise BadOption("certificate_file", f"{who.certificate_file}: {reason}") from None
    key, certificate = _KEY.search(text), _CERTIFICATE.search(text)
    if key is None or certificate is None:
        raise BadOption(
            "certificate_file",
            f"{who.certificate_file}: must hold a private key and its certificate, as PEM",
        )
    credential = {"private_key": key[0], "public_certificate": certificate[0]}
    return {**credential, "passphrase": who.passphrase} if who.passphrase else credential


def _tenant(token: str) -> str:
    """The claim `tid`, read to know where to send requests; the token is not judged here."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        tenant = str(claims["tid"])
    except (IndexError, ValueError, KeyError, TypeError):
        raise SignInFailed("the access token does not say which tenant it is for") from None
    if not _PLACE.fullmatch(tenant):
        raise SignInFailed("the access token names a tenant that is no GUID")
    return tenant


class _TimedOut:
    """The session as msal uses it, with a limit to every wait."""

    def __init__(self, http: Any) -> None:
        self._http = http

    def get(self, url: str, **options: Any) -> Any:
        return self._http.get(url, **{"timeout": TIMEOUT, **options})

    def post(self, url: str, **options: Any) -> Any:
        return self._http.post(url, **{"timeout": TIMEOUT, **options})

    def close(self) -> None:
        self._http.close()
