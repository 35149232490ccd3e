"""SESv2 email identities. moto's verify at once and without DNS; these do as the service does.

A domain's DKIM status, and with it VerifiedForSendingStatus, is read from the emulated Route 53
on every read: SUCCESS while its records stand in a public hosted zone, PENDING otherwise. Easy
DKIM asks for three CNAME records, `TOKEN._domainkey.DOMAIN` to `TOKEN.dkim.amazonses.com`; a key
of one's own for the TXT record `SELECTOR._domainkey.DOMAIN` with its public half. An address is
verified by nothing here but its domain (ours). Tokens derive from account, region and name, so
they stay the same when an identity is made again (ours).
"""

import base64
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulators.aws import moto_state, validation
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope
from emulators.clock import Clock

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_HOSTED_ZONE = "dkim.amazonses.com"
_PAGE = 1000


@dataclass
class Identity:
    name: str
    created: float
    tokens: list[str]
    origin: str = "AWS_SES"
    public_key: str = ""
    """base64 of the public half of a key of one's own"""
    key_length: str = "RSA_2048_BIT"
    signing: bool = True
    forwarding: bool = True
    mail_from: dict[str, str] = field(default_factory=dict)
    configuration_set: str = ""
    policies: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_domain(self) -> bool:
        return "@" not in self.name


class Identities:
    """All accounts and regions. `stores` is what is saved between runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.stores: dict[Scope, dict[str, Identity]] = {}
        self._operations: dict[str, Callable[[Scope, dict[str, Any]], dict[str, Any]]] = {
            "CreateEmailIdentity": self._create,
            "GetEmailIdentity": self._get,
            "DeleteEmailIdentity": self._delete,
            "ListEmailIdentities": self._list,
            "PutEmailIdentityDkimAttributes": self._put_dkim,
            "PutEmailIdentityDkimSigningAttributes": self._put_signing,
            "PutEmailIdentityFeedbackAttributes": self._put_feedback,
            "PutEmailIdentityMailFromAttributes": self._put_mail_from,
            "PutEmailIdentityConfigurationSetAttributes": self._put_configuration_set,
            "CreateEmailIdentityPolicy": self._create_policy,
            "UpdateEmailIdentityPolicy": self._update_policy,
            "DeleteEmailIdentityPolicy": self._delete_policy,
            "GetEmailIdentityPolicies": self._get_policies,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def serves(self, operation: str, request: dict[str, Any]) -> bool:
        """False for other operations of SESv2 and for tags of other resources: moto's."""
        arn = request.get("ResourceArn")
        if isinstance(arn, str) and ":identity/" not in arn:
            return False
        return operation in self._operations

    def reset(self) -> None:
        with self._lock:
            self.stores.clear()

    def call(self, operation: str, request: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """Run one operation on the members of its input shape. Raises ServiceError."""
        model = validation.service_model("sesv2").operation_model(operation)
        found = validation.problems(model.input_shape, request)
        if found:
            raise _bad(validation.refusal(found))
        with self._lock:
            return self._operations[operation](scope, request)

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"account": scope.account, "region": scope.region, "name": one.name}
                | {"verified": _verified(scope, one, self.stores[scope])}
                for scope, identities in self.stores.items()
                for one in identities.values()
            ]

    def _create(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        name = request["EmailIdentity"]
        local, at, domain = name.rpartition("@")
        if not _DOMAIN.fullmatch(domain) or (at and not local):
            raise _bad(f"EmailIdentity: {name} is neither a domain nor an address")
        identities = self.stores.setdefault(scope, {})
        # Domains and addresses are kept in lower case.
        name = name.lower()
        if name in identities:
            raise ServiceError("AlreadyExistsException", f"Email identity {name} already exist.")
        identity = Identity(name, self._clock.now(), _tokens(scope, name))
        identity.configuration_set = request.get("ConfigurationSetName", "")
        identity.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        if request.get("DkimSigningAttributes"):
            _sign_with(scope, identity, None, request["DkimSigningAttributes"])
        identities[name] = identity
        shown = _show(scope, identity, identities)
        members = ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")
        return {member: shown[member] for member in members}

    def _get(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        return _show(scope, self._find(scope, request), self.stores[scope])

    def _delete(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        del self.stores[scope][self._find(scope, request).name]
        return {}

    def _list(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identities = self.stores.get(scope, {})
        size = request.get("PageSize", _PAGE)
        if not 1 <= size <= _PAGE:
            raise _bad(f"PageSize must be between 1 and {_PAGE}")
        token = request.get("NextToken", "")
        try:
            after = base64.urlsafe_b64decode(token.encode()).decode()
        except ValueError:
            raise ServiceError("InvalidNextTokenException", "NextToken is not valid") from None
        names = sorted(name for name in identities if name > after)
        answer: dict[str, Any] = {
            "EmailIdentities": [
                {
                    "IdentityType": "DOMAIN" if identities[name].is_domain else "EMAIL_ADDRESS",
                    "IdentityName": name,
                    "SendingEnabled": _verified(scope, identities[name], identities),
                    "VerificationStatus": _status(_verified(scope, identities[name], identities)),
                }
                for name in names[:size]
            ]
        }
        if len(names) > size:
            answer["NextToken"] = base64.urlsafe_b64encode(names[size - 1].encode()).decode()
        return answer

    def _put_dkim(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).signing = request.get("SigningEnabled", False)
        return {}

    def _put_signing(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identity = self._find(scope, request)
        origin = request["SigningAttributesOrigin"]
        _sign_with(scope, identity, origin, request.get("SigningAttributes") or {})
        return {
            "DkimStatus": _status(_records_stand(scope, identity)),
            "DkimTokens": identity.tokens,
        }

    def _put_feedback(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).forwarding = request.get("EmailForwardingEnabled", False)
        return {}

    def _put_mail_from(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identity = self._find(scope, request)
        domain = request.get("MailFromDomain", "")
        if domain and not domain.endswith("." + identity.name.rpartition("@")[2]):
            raise _bad("MailFromDomain must be a subdomain of the identity")
        behavior = request.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
        identity.mail_from = {"domain": domain, "behavior": behavior} if domain else {}
        return {}

    def _put_configuration_set(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).configuration_set = request.get("ConfigurationSetName", "")
        return {}

    def _create_policy(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        policies = self._find(scope, request).policies
        if request["PolicyName"] in policies:
            raise ServiceError("AlreadyExistsException", "a policy of that name exists already")
        policies[request["PolicyName"]] = request["Policy"]
        return {}

    def _update_policy(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        policies = self._find(scope, request).policies
        if request["PolicyName"] not in policies:
            raise ServiceError("NotFoundException", "there is no policy of that name", 404)
        policies[request["PolicyName"]] = request["Policy"]
        return {}

    def _delete_policy(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).policies.pop(request["PolicyName"], None)
        return {}

    def _get_policies(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        return {"Policies": dict(self._find(scope, request).policies)}

    def _tag(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identity = self._by_arn(scope, request)
        identity.tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {}

    def _untag(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identity = self._by_arn(scope, request)
        for key in request["TagKeys"]:
            identity.tags.pop(key, None)
        return {}

    def _list_tags(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": _tag_list(self._by_arn(scope, request))}

    def _by_arn(self, scope: Scope, request: dict[str, Any]) -> Identity:
        arn = request["ResourceArn"]
        prefix = f"arn:{scope.partition}:ses:{scope.region}:{scope.account}:identity/"
        if not arn.startswith(prefix):
            raise _bad(f"ResourceArn: {arn} is not an identity of this account and region")
        return self._find(scope, {"EmailIdentity": arn.removeprefix(prefix)})

    def _find(self, scope: Scope, request: dict[str, Any]) -> Identity:
        name = request["EmailIdentity"]
        found = self.stores.get(scope, {}).get(name.lower())
        if found is None:
            raise ServiceError("NotFoundException", f"Email identity {name} does not exist.", 404)
        return found


def _show(scope: Scope, identity: Identity, identities: dict[str, Identity]) -> dict[str, Any]:
    verified = _verified(scope, identity, identities)
    shown: dict[str, Any] = {
        "IdentityType": "DOMAIN" if identity.is_domain else "EMAIL_ADDRESS",
        "FeedbackForwardingStatus": identity.forwarding,
        "VerifiedForSendingStatus": verified,
        "VerificationStatus": _status(verified),
        "DkimAttributes": _dkim(scope, identity),
        "Policies": dict(identity.policies),
        "Tags": _tag_list(identity),
    }
    if identity.configuration_set:
        shown["ConfigurationSetName"] = identity.configuration_set
    if identity.mail_from:
        domain = identity.mail_from["domain"]
        stands = any(
            value.lower().rstrip(".").endswith(".amazonses.com")
            for value in _records(scope, domain, "MX")
        )
        shown["MailFromAttributes"] = {
            "MailFromDomain": domain,
            "MailFromDomainStatus": _status(stands),
            "BehaviorOnMxFailure": identity.mail_from["behavior"],
        }
    return shown


def _dkim(scope: Scope, identity: Identity) -> dict[str, Any]:
    if not identity.is_domain:
        return {
            "SigningEnabled": False,
            "Status": "NOT_STARTED",
            "SigningAttributesOrigin": "AWS_SES",
        }
    shown = {
        "SigningEnabled": identity.signing,
        "Status": _status(_records_stand(scope, identity)),
        "Tokens": identity.tokens,
        "SigningAttributesOrigin": identity.origin,
    }
    if identity.origin == "AWS_SES":
        shown |= {
            "SigningHostedZone": _HOSTED_ZONE,
            "NextSigningKeyLength": identity.key_length,
            "CurrentSigningKeyLength": identity.key_length,
            "LastKeyGenerationTimestamp": identity.created,
        }
    return shown


def _sign_with(
    scope: Scope, identity: Identity, origin: str | None, attributes: dict[str, Any]
) -> None:
    """Take over DkimSigningAttributes; origin None: what the attributes imply."""
    selector = attributes.get("DomainSigningSelector")
    private_key = attributes.get("DomainSigningPrivateKey")
    if not identity.is_domain:
        raise _bad("DKIM signing attributes belong to a domain")
    if bool(selector) != bool(private_key):
        raise _bad("DomainSigningSelector and DomainSigningPrivateKey go together")
    if origin not in (None, "AWS_SES", "EXTERNAL"):
        raise _bad(f"DKIM signing by the origin {origin} is not emulated")
    if (origin or ("EXTERNAL" if selector else "AWS_SES")) == "AWS_SES":
        if selector:
            raise _bad("AWS_SES takes NextSigningKeyLength only")
        identity.origin, identity.public_key = "AWS_SES", ""
        identity.tokens = _tokens(scope, identity.name)
        identity.key_length = attributes.get("NextSigningKeyLength", identity.key_length)
    else:
        if not selector or not private_key:
            raise _bad("EXTERNAL takes DomainSigningSelector and DomainSigningPrivateKey")
        identity.public_key = _public_half(private_key)
        identity.origin, identity.tokens = "EXTERNAL", [selector]


def _public_half(private_key: str) -> str:
    try:
        key = serialization.load_der_private_key(base64.b64decode(private_key), password=None)
    except ValueError:
        raise _bad("DomainSigningPrivateKey is not a base64 RSA private key") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _bad("DomainSigningPrivateKey is not a base64 RSA private key")
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()


def _verified(scope: Scope, identity: Identity, identities: dict[str, Identity]) -> bool:
    if identity.is_domain:
        return _records_stand(scope, identity)
    domain = identities.get(identity.name.rpartition("@")[2])
    return domain is not None and _records_stand(scope, domain)


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


def _status(good: bool) -> str:
    return "SUCCESS" if good else "PENDING"


def _tag_list(identity: Identity) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in identity.tags.items()]


def _bad(message: str) -> ServiceError:
    return ServiceError("BadRequestException", message)
