# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Could Mail Manager use this secret? Judged before a relay or an ingress point names it.

A secret that was made elsewhere must be what the SES developer guide asks for (page "SMTP relay",
Outbound, steps 1 to 15; page "Ingress endpoints"): exactly the members of its purpose, under a
customer managed key that is enabled, with a key policy and a resource policy that let Mail Manager
in. `judge` is pure and says of each thing that is not so how to mend it; `of` reads what it needs.
No finding quotes a value, nor the names of members that do not belong there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    access,
    kms,
    policies,
    secretsmanager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Policy, Scope
from ansible_collections.gatepost.mail.plugins.module_utils.errors import ServiceError

T = TypeVar("T")

ERROR, WARNING = "error", "warning"
GONE = "Gone"
UNDECIPHERABLE = "the secret's value cannot be decrypted under its key"
_ELSEWHERE = "000000000000"


class Finding(NamedTuple):
    """One thing that is not as it must be.

    subject: secret, value, key, key_policy or secret_policy. problem, mend: parts of a sentence.
    level: "error" where Mail Manager could not use the secret, "warning" where that is not known or
    where it could, but more could than should.
    """

    subject: str
    problem: str
    mend: str
    level: str = ERROR

    def __str__(self) -> str:
        return f"{self.problem}; {self.mend}"


class Judgement(NamedTuple):
    """What is wrong with a secret, in the order of the page's steps."""

    arn: str
    purpose: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """One sentence each, for a module's failure."""
        return tuple(str(each) for each in self.findings if each.level == ERROR)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(str(each) for each in self.findings if each.level == WARNING)

    @property
    def usable(self) -> bool:
        return not self.errors


class Facts(NamedTuple):
    """What the judgement rests on.

    value: what is wrong with the members, "" if nothing. key_id: as the secret names it. key_state:
    as KMS says, or Gone. Policies are None where there is none. unread: subjects that could not be
    read, with the reason.
    """

    arn: str
    deleted: bool = False
    value: str = ""
    key_id: str = ""
    key_arn: str = ""
    key_manager: str = ""
    key_state: str = ""
    key_policy: Policy | None = None
    secret_policy: Policy | None = None
    unread: Mapping[str, str] = {}


def judge(facts: Facts, purpose: str, scope: Scope) -> tuple[Finding, ...]:
    """What is not as Mail Manager needs it, in the order of the page's steps. Pure."""
    region = facts.arn.split(":")[3]
    if region != scope.region:
        return (
            Finding(
                "secret",
                f"the secret is in {region}, where Mail Manager in {scope.region} cannot read it",
                f"store it in {scope.region}",
            ),
        )
    if facts.deleted:
        mend = "restore it: gatepost.mail.mailmanager_secret with state=present does"
        return (Finding("secret", "the secret is scheduled for deletion", mend),)
    found = [
        *_value(facts, purpose),
        *_key(facts, purpose, scope),
        *_secret_policy(facts, purpose, scope),
    ]
    unread = [
        Finding(
            subject,
            f"the {subject.replace('_', ' ')} could not be judged ({reason})",
            "make sure yourself that it is as the SES developer guide asks",
            WARNING,
        )
        for subject, reason in facts.unread.items()
    ]
    return (*found, *unread)


def value_problem(text: str | None, purpose: str) -> str:
    """What is wrong with a secret's text, "" if nothing. Never quotes it."""
    members = policies.PURPOSES[purpose].members
    listed = " and ".join(members)
    if text is None:
        return "the secret has no text value"
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return "the secret's value is not a JSON object"
    missing = [member for member in members if member not in content]
    if missing:
        return f"the secret has no member {' and no member '.join(missing)}"
    if len(content) > len(members):
        number = len(content) - len(members)
        return f"the secret has {number} member{'s' if number > 1 else ''} beside {listed}"
    for member in members:
        if not isinstance(content[member], str) or not content[member]:
            return f"the secret's member {member} is not a string of at least one character"
    return ""


def source(purpose: str, scope: Scope) -> str:
    """The ARN with which Mail Manager asks; the id is unknown before a relay is created."""
    return policies.source_arn(purpose, scope).replace("*", "new")


def mail_manager(purpose: str, action: str, resource: str, scope: Scope) -> access.Request:
    """Mail Manager's access on behalf of one of the account's relays or ingress points."""
    context = {
        "aws:sourceaccount": scope.account,
        "aws:sourcearn": source(purpose, scope),
        "aws:principalisawsservice": "true",
        "aws:principalservicename": policies.SERVICE,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }
    if action.startswith("kms:") and policies.PURPOSES[purpose].via_secrets_manager:
        context["kms:viaservice"] = f"secretsmanager.{scope.region}.amazonaws.com"
    return access.Request(
        access.service(policies.SERVICE), action, resource, context, _belongs_to_people
    )


def lets_in(
    policy: Policy | None, purpose: str, actions: tuple[str, ...], resource: str, scope: Scope
) -> access.Decision:
    """Whether Mail Manager may do all of these."""
    decisions = [
        access.decide(policy, mail_manager(purpose, action, resource, scope)) for action in actions
    ]
    for allowed in (False, None):
        for decision in decisions:
            if decision.allowed is allowed:
                return decision
    return access.Decision(True)


def _belongs_to_people(key: str) -> bool:
    """Condition keys that a service principal never carries."""
    return key.startswith("aws:principal") or key in ("aws:userid", "aws:username")


def _value(facts: Facts, purpose: str) -> list[Finding]:
    if "value" in facts.unread or not facts.value:
        return []
    if facts.value == UNDECIPHERABLE:
        if facts.key_state not in ("", "Enabled"):
            return []  # what is wrong is the key, and said of it
        return [Finding("value", facts.value, "store it anew under a key that can be used")]
    members = " and ".join(policies.PURPOSES[purpose].members)
    mend = f"store a JSON object of exactly {members}, or anything else fails to authenticate"
    return [Finding("value", facts.value, mend)]


def _key(facts: Facts, purpose: str, scope: Scope) -> list[Finding]:
    if "key" in facts.unread:
        return []
    another = (
        "give it a customer managed key: gatepost.mail.mailmanager_kms_key makes one, "
        "kms_key_id of gatepost.mail.mailmanager_secret sets it"
    )
    if facts.key_state == GONE:
        return [Finding("key", f"its key {facts.key_id} does not exist", another)]
    if facts.key_manager != "CUSTOMER":
        problem = f"the secret is encrypted under {facts.key_id or 'aws/secretsmanager'}"
        closed = "which no policy can open to Mail Manager"
        return [Finding("key", f"{problem}, {closed}", another)]
    if facts.key_state != "Enabled":
        mend = "gatepost.mail.mailmanager_kms_key with state=present enables it"
        return [Finding("key", f"its key {facts.key_arn} is {facts.key_state}", mend)]
    if "key_policy" in facts.unread:
        return []
    actions = policies.PURPOSES[purpose].key_actions
    mend = (
        f"add the statement {policies.PURPOSES[purpose].sid}: gatepost.mail.mailmanager_kms_key "
        f"with purpose={purpose} does"
    )
    title = f"the policy of its key {facts.key_arn}"
    return _policy("key_policy", title, facts.key_policy, purpose, actions, facts, scope, mend)


def _secret_policy(facts: Facts, purpose: str, scope: Scope) -> list[Finding]:
    if "secret_policy" in facts.unread:
        return []
    actions = policies.PURPOSES[purpose].secret_actions
    mend = (
        f"add the statement {policies.PURPOSES[purpose].sid}: gatepost.mail.mailmanager_secret "
        f"with purpose={purpose} does"
    )
    title, policy = "its resource policy", facts.secret_policy
    return _policy("secret_policy", title, policy, purpose, actions, facts, scope, mend)


def _policy(
    subject: str,
    title: str,
    policy: Policy | None,
    purpose: str,
    actions: tuple[str, ...],
    facts: Facts,
    scope: Scope,
    mend: str,
) -> list[Finding]:
    resource = facts.key_arn if subject == "key_policy" else facts.arn
    decision = lets_in(policy, purpose, actions, resource, scope)
    if decision.allowed is False:
        return [Finding(subject, f"{title} does not let Mail Manager in: {decision.reason}", mend)]
    if decision.allowed is None:
        problem = f"{title} may not let Mail Manager in: {decision.reason}"
        return [Finding(subject, problem, mend, WARNING)]
    elsewhere = Scope(scope.partition, _ELSEWHERE, scope.region)
    if lets_in(policy, purpose, actions, resource, elsewhere).allowed:
        problem = f"{title} lets Mail Manager in for every account, not for {scope.account} alone"
        narrow = "ask for aws:SourceAccount and aws:SourceArn in the statement that does"
        return [Finding(subject, problem, narrow, WARNING)]
    return []


def of(services: Services, reference: str, purpose: str) -> Judgement | None:
    """Read and judge the secret of this name or ARN; None if there is none.

    What nobody let us read is a warning, because who declares a relay need not be allowed to read
    its credentials. Raises ServiceError for any other failure.
    """
    scope = kms.scope(services)
    if reference.startswith("arn:") and reference.split(":")[3] != scope.region:
        return Judgement(reference, purpose, judge(Facts(reference), purpose, scope))
    secret = secretsmanager.describe(services["secretsmanager"], reference)
    if secret is None:
        return None
    facts = read(services, secret, purpose)
    return Judgement(secret.arn, purpose, judge(facts, purpose, scope))


def read(services: Services, secret: secretsmanager.Secret, purpose: str) -> Facts:
    """What there is to judge. The value is looked at and let go of."""
    facts = Facts(arn=secret.arn, deleted=secret.deleted, key_id=secret.key)
    if secret.deleted:
        return facts
    unread: dict[str, str] = {}

    def attempt(subject: str, reading: Callable[[], T]) -> T | None:
        try:
            return reading()
        except ServiceError as error:
            if not error.code.startswith("AccessDenied"):
                raise
            unread[subject] = str(error)
            return None

    manager = services["secretsmanager"]

    def problem() -> str:
        try:
            return value_problem(secretsmanager.value(manager, secret.arn), purpose)
        except ServiceError as error:
            if error.code != "DecryptionFailure":
                raise
            return UNDECIPHERABLE

    value = attempt("value", problem)
    policy = attempt(
        "secret_policy",
        lambda: policies.parsed(secretsmanager.policy(manager, secret.arn), "the secret"),
    )
    facts = facts._replace(value=value or "", secret_policy=policy, unread=unread)
    if not secret.key:
        return facts
    key = attempt("key", lambda: kms.describe(services["kms"], secret.key))
    if key is None:
        return facts if "key" in unread else facts._replace(key_state=GONE)
    key_policy = attempt(
        "key_policy", lambda: policies.parsed(kms.policy(services["kms"], key.id), "its key")
    )
    return facts._replace(
        key_arn=key.arn, key_manager=key.manager, key_state=key.state, key_policy=key_policy
    )
