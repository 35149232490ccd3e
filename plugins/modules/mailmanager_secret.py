#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_secret
version_added: 0.1.0
short_description: Manage secrets that SES Mail Manager reads
description:
  - Creates, changes, restores and deletes secrets of AWS Secrets Manager that hold exactly the
    members that Mail Manager accepts, under a customer managed key, with the resource policy that
    lets Mail Manager read them.
  - The value is read and compared, and written only if it differs. It is never shown.
  - The statement is merged into the resource policy by its Sid; other statements stay.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name of the secret. It cannot change.
    type: str
    required: true
  purpose:
    description:
      - What the secret is for. V(relay) holds O(username) and O(password), V(ingress_point)
        O(password) alone. Needed for O(state=present).
    type: str
    choices: [relay, ingress_point]
  username:
    description:
      - User name for the SMTP server of a relay.
    type: str
  password:
    description:
      - Password for the SMTP server of a relay, or of an ingress point's clients.
      - Needed to create a secret. Not set, the value of an existing secret is left alone.
    type: str
  update_password:
    description:
      - With V(always) the value is read and, where it differs, replaced. With V(on_create) it is
        written when the secret is created and not even read afterwards.
    type: str
    choices: [always, on_create]
    default: always
  kms_key_id:
    description:
      - Alias, id or ARN of the customer managed key. Needed for O(state=present).
    type: str
  description:
    description:
      - Description of the secret.
    type: str
  recovery_window_in_days:
    description:
      - For O(state=absent), for how many days the secret can still be restored, 7 to 30.
    type: int
    default: 30
  state:
    description:
      - Whether the secret is to be there. A secret that is scheduled for deletion counts as absent,
        and is restored by V(present).
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Delete the secret although a relay or an ingress point still names it.
    type: bool
    default: false
seealso:
  - module: gatepost.mail.mailmanager_kms_key
  - module: gatepost.mail.mailmanager_relay
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
"""

EXAMPLES = r"""
- name: Store the credentials of an outbound relay
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    purpose: relay
    username: "{{ lookup('ansible.builtin.env', 'RELAY_USERNAME') }}"
    password: "{{ lookup('ansible.builtin.env', 'RELAY_PASSWORD') }}"
    kms_key_id: alias/gatepost-smtp-relay

- name: Delete it, restorable for a week
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    recovery_window_in_days: 7
    state: absent
"""

RETURN = r"""
secret:
  description: The secret without its value; C(null) when it is absent.
  returned: success
  type: dict
  contains:
    arn:
      description: Its ARN; C(null) in check mode when it is to be created.
      returned: always
      type: str
    name:
      description: Its name.
      returned: always
      type: str
    description:
      description: Its description.
      returned: when it is known
      type: str
    kms_key_id:
      description: ARN of its key.
      returned: always
      type: str
    policy:
      description: Its resource policy.
      returned: when it is known
      type: dict
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The secret as the API's C(DescribeSecret) prints it.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret import prepare


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "purpose": {"type": "str", "choices": ["relay", "ingress_point"]},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "update_password": {
                "type": "str",
                "choices": ["always", "on_create"],
                "default": "always",
                "no_log": False,
            },
            "kms_key_id": {"type": "str", "no_log": False},
            "description": {"type": "str"},
            "recovery_window_in_days": {"type": "int", "default": 30},
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
        },
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
