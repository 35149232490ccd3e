# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies of keys and secrets that let Mail Manager in, and how they join what is there. Pure.

Statements are found by their Sid: one of ours replaces the one of the same Sid, every other one
stays as and where it is. Sources: SES developer guide, "SMTP relay" (steps 9 and 14), "Ingress
endpoints"; the KMS console's own default policy, whose Sids are used, so that keys made there and
here read the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws.access import as_list
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError

Statement = dict[str, Any]
Policy = dict[str, Any]

VERSION = "2012-10-17"
SERVICE = "ses.amazonaws.com"
ROOT_SID = "Enable IAM User Permissions"
ADMINISTRATORS_SID = "Allow access for Key Administrators"
USERS_SID = "Allow use of the key"
_ADMINISTRATION = (
    *("Create*", "Describe*", "Enable*", "List*", "Put*", "Update*", "Revoke*", "Disable*"),
    *("Get*", "Delete*", "TagResource", "UntagResource"),
    *("ScheduleKeyDeletion", "CancelKeyDeletion", "RotateKeyOnDemand"),
)


@dataclass(frozen=True)
class Scope:
    """Whose account, where."""

    partition: str
    account: str
    region: str


@dataclass(frozen=True)
class Purpose:
    """What a key or secret is for: who uses it, and what that takes."""

    sid: str
    resource: str
    key_actions: tuple[str, ...]
    secret_actions: tuple[str, ...]
    via_secrets_manager: bool = True
    members: tuple[str, ...] = ()


PURPOSES: Mapping[str, Purpose] = {
    "relay": Purpose(
        "AllowMailManagerRelay",
        "mailmanager-smtp-relay/*",
        ("kms:Decrypt", "kms:DescribeKey"),
        ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
        members=("username", "password"),
    ),
    "ingress_point": Purpose(
        "AllowMailManagerIngressPoint",
        "mailmanager-ingress-point/*",
        ("kms:Decrypt",),
        ("secretsmanager:GetSecretValue",),
        members=("password",),
    ),
    "trust_store": Purpose(
        "AllowMailManagerTrustStore",
        "mailmanager-ingress-point/*",
        ("kms:Decrypt", "kms:DescribeKey"),
        (),
        via_secrets_manager=False,
    ),
}


def key_statement(purpose: str, scope: Scope) -> Statement:
    """What lets Mail Manager decrypt with a key."""
    what = PURPOSES[purpose]
    equal = {"aws:SourceAccount": scope.account}
    if what.via_secrets_manager:
        equal = {"kms:ViaService": f"secretsmanager.{scope.region}.amazonaws.com", **equal}
    return _statement(what.sid, what.key_actions, equal, source_arn(purpose, scope))


def secret_statement(purpose: str, scope: Scope) -> Statement:
    """What lets Mail Manager read a secret."""
    what = PURPOSES[purpose]
    equal = {"aws:SourceAccount": scope.account}
    return _statement(what.sid, what.secret_actions, equal, source_arn(purpose, scope))


def root_statement(scope: Scope) -> Statement:
    """What lets the account administer its key through IAM. A key without it may be lost."""
    return {
        "Sid": ROOT_SID,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{scope.partition}:iam::{scope.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def administrators_statement(principals: Sequence[str]) -> Statement:
    """What the console gives to key administrators."""
    return _granted(ADMINISTRATORS_SID, principals, [f"kms:{each}" for each in _ADMINISTRATION])


def users_statement(principals: Sequence[str]) -> Statement:
    """What the console gives to key users."""
    actions = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey"]
    return _granted(USERS_SID, principals, [f"kms:{action}" for action in actions])


def merged(current: Policy | None, put: Sequence[Statement], removed: Sequence[str] = ()) -> Policy:
    """The policy with these statements in it, by Sid, and without those of the removed Sids.

    A statement that says the same already stays as it is spelled.
    """
    policy: Policy = {**(current or {"Version": VERSION})}
    statements = [
        each for each in as_list(policy.get("Statement")) if each.get("Sid") not in removed
    ]
    for new in put:
        places = [i for i, each in enumerate(statements) if each.get("Sid") == new["Sid"]]
        if not places:
            statements.append(new)
        elif not same({"Statement": [statements[places[0]]]}, {"Statement": [new]}):
            statements[places[0]] = new
    policy["Statement"] = statements
    return policy


def same(one: Policy | None, other: Policy | None) -> bool:
    """Whether two policies mean the same, however they are spelled and ordered."""
    if one is None or other is None:
        return one is other
    return not compare_policies(_listed(one), _listed(other))


def parsed(text: str | None, what: str) -> Policy | None:
    """A policy document as the service returned it. Raises GatepostError."""
    if not text:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise GatepostError(f"the policy of {what} is not a JSON object; mend it by hand first")
    return document


def _listed(policy: Policy) -> Policy:
    return {**policy, "Statement": as_list(policy.get("Statement"))}


def source_arn(purpose: str, scope: Scope) -> str:
    """What Mail Manager asks on behalf of: any of the account's relays, or ingress points."""
    resource = PURPOSES[purpose].resource
    return f"arn:{scope.partition}:ses:{scope.region}:{scope.account}:{resource}"


def _statement(
    sid: str, actions: Sequence[str], equal: Mapping[str, str], source: str
) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": list(actions),
        "Resource": "*",
        "Condition": {"StringEquals": dict(equal), "ArnLike": {"aws:SourceArn": source}},
    }


def _granted(sid: str, principals: Sequence[str], actions: Sequence[str]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": list(actions),
        "Resource": "*",
    }
