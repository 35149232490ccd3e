# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy that a key should have, and that it never locks out who sets it. Pure.

Statements are merged by their Sid; the account root's and every foreign one stay. KMS has a safety
check of its own, which is never bypassed; this one speaks before anything is changed, in check mode
too.
"""

from __future__ import annotations

from ansible_collections.gatepost.mail.plugins.module_utils.aws import access, policies
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms import Caller
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key_options import Wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Policy, Scope
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption


def desired_policy(want: Wanted, scope: Scope, current: Policy | None) -> Policy:
    """The key policy that should stand; a new key's begins with the account root's statement."""
    base = current or {"Version": policies.VERSION, "Statement": [policies.root_statement(scope)]}
    put = [policies.key_statement(want.purpose, scope)]
    removed = []
    for principals, sid, statement in (
        (want.administrators, policies.ADMINISTRATORS_SID, policies.administrators_statement),
        (want.users, policies.USERS_SID, policies.users_statement),
    ):
        if principals:
            put.append(statement(principals))
        elif principals is not None:
            removed.append(sid)
    return policies.merged(base, put, removed)


def refuse_lockout(now: Policy | None, after: Policy, caller: Caller, key: str) -> None:
    """Raises BadOption if the caller could change the key's policy before and not afterwards.

    now: None for a key that is to be created. key: its ARN, or what stands for one.
    """
    could = now is None or _may_change(now, caller, key)
    if could and not _may_change(after, caller, key):
        raise BadOption(
            "administrators",
            f"with this list {caller.arn} could no longer change the key's policy, because no "
            "statement leaves that to the account; put the caller's user or role in the list",
        )


def _may_change(policy: Policy, caller: Caller, key: str) -> bool:
    request = access.Request(access.caller(caller.arn), "kms:PutKeyPolicy", key)
    return access.decide(policy, request).allowed is True
