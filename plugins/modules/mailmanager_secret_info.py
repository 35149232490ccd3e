#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_secret_info
version_added: 0.1.0
short_description: Read secrets and judge whether SES Mail Manager can use them
description:
  - Reads one secret of AWS Secrets Manager, or all of a region, and judges them if asked to. Never
    returns or shows a value.
  - What a relay or an ingress point cannot work with is said with how to mend it, which matters for
    secrets that were made by other means.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name or ARN of the secret. Not set, all secrets that are not to be deleted are returned.
    type: str
  purpose:
    description:
      - Judge whether Mail Manager can use the secret for a V(relay) or for an V(ingress_point).
      - The value is read for that, its members are looked at, and nothing of it is kept.
    type: str
    choices: [relay, ingress_point]
seealso:
  - module: gatepost.mail.mailmanager_secret
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes.info
"""

EXAMPLES = r"""
- name: Read whether a relay could use a secret that somebody made in the console
  gatepost.mail.mailmanager_secret_info:
    name: exchange/credentials
    purpose: relay
  register: found

- name: Say what is to be mended
  ansible.builtin.debug:
    var: found.secrets | map(attribute='judgement.findings') | flatten
"""

RETURN = r"""
secrets:
  description:
    - The secrets as M(gatepost.mail.mailmanager_secret) returns them, without their values; empty
      if there is none of the name.
    - Of a secret that is scheduled for deletion only C(arn), C(name) and C(tags) are known.
  returned: success
  type: list
  elements: dict
  contains:
    deletion_scheduled:
      description: Whether it is scheduled for deletion.
      returned: always
      type: bool
    kms_key_id:
      description: ARN of its key.
      returned: unless it is scheduled for deletion
      type: str
    versions:
      description: The id of the version that bears each staging label.
      returned: unless it is scheduled for deletion
      type: dict
    judgement:
      description: Whether Mail Manager can use it for the purpose.
      returned: when O(purpose) is set
      type: dict
      contains:
        purpose:
          description: What it was judged for.
          returned: always
          type: str
        usable:
          description: Whether nothing is wrong that would keep Mail Manager from using it.
          returned: always
          type: bool
        findings:
          description:
            - What is not as it should be, each with C(subject) (C(secret), C(value), C(key),
              C(key_policy) or C(secret_policy)), C(problem), C(mend) and C(level) (C(error) or
              C(warning)).
          returned: always
          type: list
          elements: dict
documents:
  description: The same secrets as the API's C(DescribeSecret) prints them.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import inform
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_info import info


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "purpose": {"type": "str", "choices": ["relay", "ingress_point"]},
        },
        supports_check_mode=True,
    )
    inform(module, info)


if __name__ == "__main__":
    main()
