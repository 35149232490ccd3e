#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_kms_key_info
version_added: 0.1.0
short_description: Read customer managed keys and what SES Mail Manager could use them for
description:
  - Reads one key of AWS KMS by its alias, or all keys of a region that have one; AWS's own keys are
    left out.
author:
  - Gatepost maintainers (@gatepost)
options:
  alias:
    description:
      - Alias of the key, with or without C(alias/).
    type: str
seealso:
  - module: gatepost.mail.mailmanager_kms_key
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes.info
"""

EXAMPLES = r"""
- name: Read what a key serves
  gatepost.mail.mailmanager_kms_key_info:
    alias: gatepost-smtp-relay
  register: found

- name: Say which secrets are encrypted under it
  ansible.builtin.debug:
    var: found['keys'] | map(attribute='used_by') | flatten
"""

RETURN = r"""
keys:
  description:
    - The keys as M(gatepost.mail.mailmanager_kms_key) returns them; empty if there is none of the
      alias.
  returned: success
  type: list
  elements: dict
  contains:
    purposes:
      description:
        - For which of V(relay), V(ingress_point), V(trust_store) its policy lets Mail Manager in.
      returned: always
      type: list
      elements: str
    used_by:
      description: The secrets, archives and trust stores that are encrypted under it.
      returned: always
      type: list
      elements: str
documents:
  description: The key policies, as IAM spells them.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.kms_key_info import info
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import inform


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"alias": {"type": "str"}},
        supports_check_mode=True,
    )
    inform(module, info)


if __name__ == "__main__":
    main()
