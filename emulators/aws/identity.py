"""One email identity: what it holds, what its DNS records say of it, and how it is shown.

A check (DKIM, MAIL FROM) is SUCCESS while its records stand in a public hosted zone of the emulated
Route 53, TEMPORARY_FAILURE when they stood before, FAILED when they did not for 72 hours, else
PENDING. Records that come later make it SUCCESS still (ours). Each read looks anew.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulators.aws import moto_state
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope

_HOSTED_ZONE = "dkim.amazonses.com"
# Documented: how long SES looks for records, and how often the key length may change.
_PATIENCE = 72 * 3600.0
_DAY = 86400.0
_KEY_SIZES = range(1024, 2049)


@dataclass
class Check:
    """The search for records: since when, and whether it ever found them."""

    since: float
    found: bool = False

    def status(self, stands: bool, now: float) -> str:
        if stands:
            self.found = True
            return "SUCCESS"
        if self.found:
            return "TEMPORARY_FAILURE"
        return "FAILED" if now >= self.since + _PATIENCE else "PENDING"


@dataclass
class MailFrom:
    domain: str
    behavior: str
    check: Check


@dataclass
class Identity:
    name: str
    created: float
    tokens: list[str]
    dkim: Check
    origin: str = "AWS_SES"
    public_key: str = ""
    """base64 of the public half of a key of one's own"""
    key_length: str = "RSA_2048_BIT"
    generated: float = 0.0
    """when the key of that length was made"""
    signing: bool = True
    forwarding: bool = True
    mail_from: MailFrom | None = None
    configuration_set: str = ""
    policies: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_domain(self) -> bool:
        return "@" not in self.name


def new(scope: Scope, name: str, now: float) -> Identity:
    return Identity(name, now, _tokens(scope, name), Check(now), generated=now)


def show(
    scope: Scope, identity: Identity, identities: dict[str, Identity], now: float
) -> dict[str, Any]:
    """As GetEmailIdentity shows it."""
    status = verification(scope, identity, identities, now)
    shown: dict[str, Any] = {
        "IdentityType": "DOMAIN" if identity.is_domain else "EMAIL_ADDRESS",
        "FeedbackForwardingStatus": identity.forwarding,
        "VerifiedForSendingStatus": status == "SUCCESS",
        "VerificationStatus": status,
        "DkimAttributes": _dkim(scope, identity, now),
        "Policies": dict(identity.policies),
        "Tags": tag_list(identity),
    }
    if identity.configuration_set:
        shown["ConfigurationSetName"] = identity.configuration_set
    if identity.mail_from:
        shown["MailFromAttributes"] = {
            "MailFromDomain": identity.mail_from.domain,
            "MailFromDomainStatus": _mail_from_status(scope, identity.mail_from, now),
            "BehaviorOnMxFailure": identity.mail_from.behavior,
        }
    return shown


def verification(
    scope: Scope, identity: Identity, identities: dict[str, Identity], now: float
) -> str:
    """The VerificationStatus: a domain's is its DKIM's, an address has its domain's."""
    if identity.is_domain:
        return dkim_status(scope, identity, now)
    domain = identities.get(identity.name.rpartition("@")[2])
    return "PENDING" if domain is None else dkim_status(scope, domain, now)


def dkim_status(scope: Scope, identity: Identity, now: float) -> str:
    return identity.dkim.status(_records_stand(scope, identity), now)


def sign_with(
    scope: Scope, identity: Identity, origin: str | None, attributes: dict[str, Any], now: float
) -> None:
    """Take over DkimSigningAttributes; origin None: what the attributes imply, at creation.

    Raises ServiceError.
    """
    selector = attributes.get("DomainSigningSelector")
    private_key = attributes.get("DomainSigningPrivateKey")
    if not identity.is_domain:
        raise bad("DKIM signing attributes belong to a domain")
    if bool(selector) != bool(private_key):
        raise bad("DomainSigningSelector and DomainSigningPrivateKey go together")
    if origin not in (None, "AWS_SES", "EXTERNAL"):
        raise bad(f"DKIM signing by the origin {origin} is not emulated")
    if (origin or ("EXTERNAL" if selector else "AWS_SES")) == "AWS_SES":
        if selector:
            raise bad("AWS_SES takes NextSigningKeyLength only")
        _use_easy_dkim(scope, identity, origin, attributes.get("NextSigningKeyLength"), now)
    else:
        if not selector or not private_key or "NextSigningKeyLength" in attributes:
            raise bad("EXTERNAL takes DomainSigningSelector and DomainSigningPrivateKey")
        public_key = _public_half(private_key)
        if (identity.public_key, identity.tokens) != (public_key, [selector]):
            identity.dkim = Check(now)
        identity.public_key = public_key
        identity.origin, identity.tokens = "EXTERNAL", [selector]


def _use_easy_dkim(
    scope: Scope, identity: Identity, origin: str | None, length: str | None, now: float
) -> None:
    if identity.origin != "AWS_SES":
        identity.dkim = Check(now)
    identity.origin, identity.public_key = "AWS_SES", ""
    identity.tokens = _tokens(scope, identity.name)
    if length and length != identity.key_length:
        changed = identity.generated > identity.created
        if origin and changed and now < identity.generated + _DAY:
            raise bad("NextSigningKeyLength can be changed once a day")
        # The new key is made at once; the records stay as they are.
        identity.key_length = length
        if origin:
            identity.generated = now


def tag_list(identity: Identity) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in identity.tags.items()]


def bad(message: str) -> ServiceError:
    return ServiceError("BadRequestException", message)


def _dkim(scope: Scope, identity: Identity, now: float) -> dict[str, Any]:
    if not identity.is_domain:
        return {
            "SigningEnabled": False,
            "Status": "NOT_STARTED",
            "SigningAttributesOrigin": "AWS_SES",
        }
    shown = {
        "SigningEnabled": identity.signing,
        "Status": dkim_status(scope, identity, now),
        "Tokens": identity.tokens,
        "SigningAttributesOrigin": identity.origin,
    }
    if identity.origin == "AWS_SES":
        shown |= {
            "SigningHostedZone": _HOSTED_ZONE,
            "NextSigningKeyLength": identity.key_length,
            "CurrentSigningKeyLength": identity.key_length,
            "LastKeyGenerationTimestamp": identity.generated,
        }
    return shown


def _public_half(private_key: str) -> str:
    try:
        key = serialization.load_der_private_key(base64.b64decode(private_key), password=None)
    except ValueError:
        raise bad("DomainSigningPrivateKey is not a base64 RSA private key") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size not in _KEY_SIZES:
        raise bad("DomainSigningPrivateKey is not an RSA private key of 1024 to 2048 bits")
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()


def _mail_from_status(scope: Scope, mail_from: MailFrom, now: float) -> str:
    # Documented: exactly one MX record, of preference 10.
    wanted = ["10", f"feedback-smtp.{scope.region}.amazonses.com"]
    found = [value.lower().rstrip(".").split() for value in _records(scope, mail_from.domain, "MX")]
    return mail_from.check.status(found == [wanted], now)


def _records_stand(scope: Scope, identity: Identity) -> bool:
    if not identity.is_domain:
        return False
    names = {token: f"{token}._domainkey.{identity.name}" for token in identity.tokens}
    if identity.origin == "EXTERNAL":
        texts = _records(scope, names[identity.tokens[0]], "TXT")
        joined = ["".join(text.split('"')[1::2]).replace(" ", "") for text in texts]
        return any(f"p={identity.public_key}" in text.split(";") for text in joined)
    return all(
        f"{token}.{_HOSTED_ZONE}"
        in [value.lower().rstrip(".") for value in _records(scope, name, "CNAME")]
        for token, name in names.items()
    )


def _records(scope: Scope, name: str, kind: str) -> list[str]:
    """Values of the records of this name in every public zone that holds the name."""
    wanted = name.lower().rstrip(".")
    return [
        value
        for zone in moto_state.route53_zones(scope)
        if f".{wanted}".endswith("." + zone.name.lower().rstrip("."))
        for record in zone.rrsets
        if record.type == kind and record.name.lower().rstrip(".") == wanted
        for value in record.records
    ]


def _tokens(scope: Scope, name: str) -> list[str]:
    seed = f"{scope.account}/{scope.region}/{name}"
    return [
        base64.b32encode(hashlib.sha256(f"{seed}/{index}".encode()).digest()).decode()[:32].lower()
        for index in range(3)
    ]
