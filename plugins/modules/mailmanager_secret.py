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
  - The value is read and compared, and written only if it differs. It is never shown; what diffs
    and results show of it is which version bears which staging label.
  - A new value leaves the one before it readable as C(AWSPREVIOUS), so that whatever still uses it
    goes on, until O(previous=retire).
  - The statement is merged into the resource policy by its Sid; other statements stay.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name of the secret, C(Name) in the API. It cannot change.
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
      - User name for the SMTP server of a relay, the member C(username) of C(SecretString).
    type: str
  password:
    description:
      - Password for the SMTP server of a relay, or of an ingress point's clients, the member
        C(password) of C(SecretString).
      - Needed to create a secret. Not set, the value of an existing secret is left alone.
    type: str
  update_password:
    description:
      - With V(always) the value is read and, where it differs, replaced. With V(on_create) it is
        written when the secret is created and not even read afterwards.
    type: str
    choices: [always, on_create]
    default: always
  stage:
    description:
      - Which staging label the value should bear at least, C(VersionStages) in the API.
      - With V(current) the value is what Mail Manager reads, C(AWSCURRENT). Where a version holds
        it as C(AWSPENDING) already, that version is promoted rather than another one written.
      - With V(pending) a value that is not the current one is written as C(AWSPENDING), which
        nobody uses yet. That is the first step of a rotation, while the server is taught the new
        password; the second one is the same task with V(current).
    type: str
    choices: [current, pending]
    default: current
  previous:
    description:
      - With V(retire) the label C(AWSPREVIOUS) is taken off the value before the current one, so
        that nobody can read or use it any longer. A value that this very run replaces is retired
        at once; use a task of its own, after everything has followed.
    type: str
    choices: [keep, retire]
    default: keep
  rotate_now:
    description:
      - Rotate the secret in this run, and in every run with this option.
      - Where a function rotates it (see O(rotation)), the function is started and not waited for.
      - Where none does, a password of 32 letters and digits is made up by Secrets Manager and
        written; the user name stays. With O(stage=pending) a password that was made up before and
        is still pending is kept, and promoted with O(stage=current).
      - The value before it stays readable as C(AWSPREVIOUS).
    type: bool
    default: false
  rotation:
    description:
      - The function that changes the value on a schedule. Not set, it is left alone.
      - Beside it O(password) is for creating the secret alone; set O(update_password=on_create).
    type: dict
    suboptions:
      enabled:
        description:
          - With V(false) the secret rotates no longer.
        type: bool
        default: true
      lambda_arn:
        description:
          - ARN of the Lambda function, C(RotationLambdaARN) in the API. Not set, the one that the
            secret has is kept.
        type: str
      automatically_after_days:
        description:
          - Days between rotations, 1 to 1000, C(RotationRules.AutomaticallyAfterDays) in the API.
            One of this and O(rotation.schedule_expression) is needed.
        type: int
      schedule_expression:
        description:
          - Such as C(rate(30 days)) or C(cron(0 4 1 * ? *)), C(RotationRules.ScheduleExpression) in
            the API.
        type: str
      duration:
        description:
          - How many hours the window of a rotation is open, such as C(3h),
            C(RotationRules.Duration) in the API.
        type: str
  kms_key_id:
    description:
      - Alias, id or ARN of the customer managed key, C(KmsKeyId) in the API. Needed for
        O(state=present).
    type: str
  description:
    description:
      - Description of the secret, C(Description) in the API.
    type: str
  recovery_window_in_days:
    description:
      - For O(state=absent), for how many days the secret can still be restored, 7 to 30,
        C(RecoveryWindowInDays) in the API.
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
attributes:
  idempotent:
    support: partial
    description: A second run with the same options changes nothing, save with O(rotate_now).
seealso:
  - module: gatepost.mail.mailmanager_secret_info
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

- name: Rotate, first step, store the new password where nobody reads it yet
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    purpose: relay
    username: "{{ lookup('ansible.builtin.env', 'RELAY_USERNAME') }}"
    password: "{{ lookup('ansible.builtin.env', 'RELAY_PASSWORD_NEW') }}"
    stage: pending
    kms_key_id: alias/gatepost-smtp-relay

- name: Second step, once the server takes both passwords, let Mail Manager use the new one
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    purpose: relay
    username: "{{ lookup('ansible.builtin.env', 'RELAY_USERNAME') }}"
    password: "{{ lookup('ansible.builtin.env', 'RELAY_PASSWORD_NEW') }}"
    kms_key_id: alias/gatepost-smtp-relay

- name: Third step, once everything has followed, retire the old one
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    purpose: relay
    kms_key_id: alias/gatepost-smtp-relay
    previous: retire

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
    deletion_scheduled:
      description: V(false), where a scheduled deletion is to be taken back.
      returned: in check mode, for such a secret
      type: bool
    tags:
      description: Its tags.
      returned: always
      type: dict
    versions:
      description:
        - The id of the version that bears each staging label; C((new)) in check mode for one that
          is to be written.
      returned: always
      type: dict
      sample: {AWSCURRENT: 0b8ed9b3-8a8b-4a34-9be5-5c2dbf9ef1c8}
    rotation:
      description:
        - Whether a function rotates it (C(enabled)), with C(lambda_arn) and the rules as in
          O(rotation).
      returned: when it is known
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
            "stage": {"type": "str", "choices": ["current", "pending"], "default": "current"},
            "previous": {"type": "str", "choices": ["keep", "retire"], "default": "keep"},
            "rotate_now": {"type": "bool", "default": False},
            "rotation": {
                "type": "dict",
                "options": {
                    "enabled": {"type": "bool", "default": True},
                    "lambda_arn": {"type": "str"},
                    "automatically_after_days": {"type": "int"},
                    "schedule_expression": {"type": "str"},
                    "duration": {"type": "str"},
                },
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
