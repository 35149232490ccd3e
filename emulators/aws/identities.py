"""SESv2 email identities. moto's verify at once and without DNS; these do as the service does.

A domain's DKIM status, and with it VerifiedForSendingStatus, follows the emulated Route 53. Easy
DKIM asks for three CNAME records, `TOKEN._domainkey.DOMAIN` to `TOKEN.dkim.amazonses.com`; a key
of one's own for the TXT record `SELECTOR._domainkey.DOMAIN` with its public half. An address is
verified by nothing here but its domain (ours). Tokens derive from account, region and name, so
they stay the same when an identity is made again (ours).
"""

import base64
import re
import threading
from collections.abc import Callable
from typing import Any

from emulators.aws import identity, moto_state, validation
from emulators.aws.consistency import Consistency, History
from emulators.aws.errors import ServiceError
from emulators.aws.identity import Check, Identity, MailFrom, bad
from emulators.aws.scope import Scope
from emulators.clock import Clock

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_PAGE = 1000


class Identities:
    """All accounts and regions. `stores` is what is saved between runs."""

    def __init__(self, clock: Clock, consistency: Consistency) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._history = History(consistency)
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
            self._history.clear()
            self.stores.clear()

    def call(self, operation: str, request: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """Run one operation on the members of its input shape. Raises ServiceError."""
        model = validation.service_model("sesv2").operation_model(operation)
        found = validation.problems(model.input_shape, request)
        if found:
            raise bad(validation.refusal(found))
        with self._lock:
            live = self.stores.setdefault(scope, {})
            now = self._clock.now()
            self.stores[scope] = self._history.view(operation, scope, live, now)
            try:
                return self._operations[operation](scope, request)
            finally:
                self.stores[scope] = live

    def state(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        with self._lock:
            return [
                {"account": scope.account, "region": scope.region, "name": one.name}
                | {"status": identity.verification(scope, one, self.stores[scope], now)}
                for scope, identities in self.stores.items()
                for one in identities.values()
            ]

    def _create(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        name = request["EmailIdentity"]
        local, at, domain = name.rpartition("@")
        if not _DOMAIN.fullmatch(domain) or (at and not local):
            raise bad(f"EmailIdentity: {name} is neither a domain nor an address")
        identities = self.stores.setdefault(scope, {})
        # Domains and addresses are kept in lower case.
        name = name.lower()
        if name in identities:
            raise ServiceError("AlreadyExistsException", f"Email identity {name} already exist.")
        now = self._clock.now()
        made = identity.new(scope, name, now)
        made.configuration_set = _configuration_set(scope, request)
        made.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        if request.get("DkimSigningAttributes"):
            identity.sign_with(scope, made, None, request["DkimSigningAttributes"], now)
        identities[name] = made
        shown = identity.show(scope, made, identities, now)
        members = ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")
        return {member: shown[member] for member in members}

    def _get(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        found = self._find(scope, request)
        return identity.show(scope, found, self.stores[scope], self._clock.now())

    def _delete(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        del self.stores[scope][self._find(scope, request).name]
        return {}

    def _list(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        identities = self.stores.get(scope, {})
        size = request.get("PageSize", _PAGE)
        if not 1 <= size <= _PAGE:
            raise bad(f"PageSize must be between 1 and {_PAGE}")
        token = request.get("NextToken", "")
        try:
            after = base64.urlsafe_b64decode(token.encode()).decode()
        except ValueError:
            raise ServiceError("InvalidNextTokenException", "NextToken is not valid") from None
        names = sorted(name for name in identities if name > after)
        now = self._clock.now()
        shown = [identity.show(scope, identities[name], identities, now) for name in names[:size]]
        answer: dict[str, Any] = {
            "EmailIdentities": [
                {
                    "IdentityType": one["IdentityType"],
                    "IdentityName": name,
                    "SendingEnabled": one["VerifiedForSendingStatus"],
                    "VerificationStatus": one["VerificationStatus"],
                }
                for name, one in zip(names, shown, strict=False)
            ]
        }
        if len(names) > size:
            answer["NextToken"] = base64.urlsafe_b64encode(names[size - 1].encode()).decode()
        return answer

    def _put_dkim(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).signing = request.get("SigningEnabled", False)
        return {}

    def _put_signing(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        found, now = self._find(scope, request), self._clock.now()
        origin = request["SigningAttributesOrigin"]
        identity.sign_with(scope, found, origin, request.get("SigningAttributes") or {}, now)
        return {
            "DkimStatus": identity.dkim_status(scope, found, now),
            "DkimTokens": found.tokens,
        }

    def _put_feedback(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).forwarding = request.get("EmailForwardingEnabled", False)
        return {}

    def _put_mail_from(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        found = self._find(scope, request)
        domain = request.get("MailFromDomain", "").lower()
        behavior = request.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
        if domain and not domain.endswith("." + found.name.rpartition("@")[2]):
            raise bad("MailFromDomain must be a subdomain of the identity")
        if not domain:
            found.mail_from = None
        elif found.mail_from is not None and found.mail_from.domain == domain:
            found.mail_from.behavior = behavior
        else:
            found.mail_from = MailFrom(domain, behavior, Check(self._clock.now()))
        return {}

    def _put_configuration_set(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        self._find(scope, request).configuration_set = _configuration_set(scope, request)
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
        found = self._by_arn(scope, request)
        found.tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {}

    def _untag(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        found = self._by_arn(scope, request)
        for key in request["TagKeys"]:
            found.tags.pop(key, None)
        return {}

    def _list_tags(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": identity.tag_list(self._by_arn(scope, request))}

    def _by_arn(self, scope: Scope, request: dict[str, Any]) -> Identity:
        arn = request["ResourceArn"]
        prefix = f"arn:{scope.partition}:ses:{scope.region}:{scope.account}:identity/"
        if not arn.startswith(prefix):
            raise bad(f"ResourceArn: {arn} is not an identity of this account and region")
        return self._find(scope, {"EmailIdentity": arn.removeprefix(prefix)})

    def _find(self, scope: Scope, request: dict[str, Any]) -> Identity:
        name = request["EmailIdentity"]
        found = self.stores.get(scope, {}).get(name.lower())
        if found is None:
            raise ServiceError("NotFoundException", f"Email identity {name} does not exist.", 404)
        return found


def _configuration_set(scope: Scope, request: dict[str, Any]) -> str:
    name: str = request.get("ConfigurationSetName", "")
    if name and not moto_state.has_configuration_set(scope, name):
        raise ServiceError("NotFoundException", f"Configuration set <{name}> does not exist.", 404)
    return name
