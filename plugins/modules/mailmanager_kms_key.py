#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_kms_key
version_added: 0.1.0
short_description: Manage customer managed keys that SES Mail Manager uses
description:
  - Creates, changes, enables and deletes keys of AWS KMS whose policy lets Mail Manager decrypt
    with them.
  - The statements are merged into the key policy by their Sid; the account root's statement and
    all others stay. A policy with which the caller could no longer change the key is refused.
  - A key is created with a tag that names its alias, which is taken off again once the alias
    stands, so that a run that was cut off in between finds it. This needs C(kms:TagResource) and,
    while there is no key of the alias, C(kms:ListKeys) and C(kms:ListResourceTags).
author:
  - Gatepost maintainers (@gatepost)
options:
  alias:
    description:
      - Alias of the key, with or without C(alias/), C(AliasName) in the API. It is what finds the
        key.
    type: str
    required: true
  purpose:
    description:
      - What Mail Manager uses the key for, which decides the statement in its policy. Needed for
        O(state=present).
      - V(relay) and V(ingress_point) are for the secrets of relays and ingress points, read through
        Secrets Manager; V(trust_store) is for an ingress point's trust store. A key may serve
        several, each by a task of its own.
    type: str
    choices: [relay, ingress_point, trust_store]
  description:
    description:
      - Description of the key, C(Description) in the API.
    type: str
  administrators:
    description:
      - ARNs of the users and roles that may administer the key, the statement
        C(Allow access for Key Administrators) of its policy. An empty list takes the statement
        away; not set, it is left alone.
    type: list
    elements: str
  users:
    description:
      - ARNs of the users and roles that may use the key, the statement C(Allow use of the key) of
        its policy. An empty list takes the statement away; not set, it is left alone.
    type: list
    elements: str
  pending_window_in_days:
    description:
      - For O(state=absent), for how many days the deletion can still be cancelled, 7 to 30,
        C(PendingWindowInDays) in the API.
    type: int
    default: 30
  state:
    description:
      - Whether the key is to be there. A key with a pending deletion counts as absent; V(present)
        cancels the deletion and enables the key.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Delete the key although a secret, an archive or a trust store is still encrypted under it.
        Such a one is lost then.
    type: bool
    default: false
seealso:
  - module: gatepost.mail.mailmanager_kms_key_info
  - module: gatepost.mail.mailmanager_secret
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
"""

EXAMPLES = r"""
- name: Make the key for the credentials of relays
  gatepost.mail.mailmanager_kms_key:
    alias: gatepost-smtp-relay
    description: Encrypts the credentials of Mail Manager's SMTP relays
    purpose: relay
    administrators:
      - arn:aws:iam::123456789012:role/KeyAdministrators
    users:
      - arn:aws:iam::123456789012:role/MailEngineers

- name: Let it serve AUTH ingress points as well
  gatepost.mail.mailmanager_kms_key:
    alias: gatepost-smtp-relay
    purpose: ingress_point

- name: Schedule its deletion once no secret uses it any more
  gatepost.mail.mailmanager_kms_key:
    alias: gatepost-smtp-relay
    state: absent
    pending_window_in_days: 7
"""

RETURN = r"""
key:
  description: The key; C(null) when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Its id; C(null) in check mode when it is to be created.
      returned: always
      type: str
    arn:
      description: Its ARN; C(null) in check mode when it is to be created.
      returned: always
      type: str
    alias:
      description: Its alias.
      returned: always
      type: str
    description:
      description: Its description.
      returned: when it is known
      type: str
    key_state:
      description: V(Enabled) once the module has run.
      returned: always
      type: str
    policy:
      description: Its key policy.
      returned: always
      type: dict
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The key policy, as IAM spells it.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "alias": {"type": "str", "required": True},
            "purpose": {"type": "str", "choices": ["relay", "ingress_point", "trust_store"]},
            "description": {"type": "str"},
            "administrators": {"type": "list", "elements": "str"},
            "users": {"type": "list", "elements": "str"},
            "pending_window_in_days": {"type": "int", "default": 30},
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
        },
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
