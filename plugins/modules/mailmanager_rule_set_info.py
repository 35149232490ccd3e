#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_rule_set_info
version_added: 0.1.0
short_description: Read rule sets of SES Mail Manager
description:
  - Reads all rule sets of Amazon SES Mail Manager in a region, or one by name or id.
author:
  - Gatepost maintainers (@gatepost)
seealso:
  - module: gatepost.mail.mailmanager_rule_set
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes.info
  - gatepost.mail.mailmanager.info
"""

EXAMPLES = r"""
- name: Read all rule sets
  gatepost.mail.mailmanager_rule_set_info:
    region: eu-west-1
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.rule_sets | map(attribute='name') }}"

- name: Read a rule set by its name
  gatepost.mail.mailmanager_rule_set_info:
    name: main
"""

RETURN = r"""
rule_sets:
  description:
    - The rule sets, each as M(gatepost.mail.mailmanager_rule_set) returns it; none is an empty
      list.
  returned: success
  type: list
  elements: dict
documents:
  description: The same as the API prints them.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import inform
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import listed
from ansible_collections.gatepost.mail.plugins.module_utils.aws.rule_set import DEFINITION


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"name": {"type": "str"}, "id": {"type": "str"}},
        supports_check_mode=True,
    )
    inform(module, lambda options, services: listed(DEFINITION, options, services))


if __name__ == "__main__":
    main()
