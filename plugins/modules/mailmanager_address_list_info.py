#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_address_list_info
version_added: 0.1.0
short_description: Read address lists of SES Mail Manager
description:
  - Reads all address lists of Amazon SES Mail Manager in a region, or one by name or id, and counts
    their members, with a call for every thousand of them.
author:
  - Gatepost maintainers (@gatepost)
options:
  members:
    description:
      - Whether to return the members too, C(Addresses) of the API's C(ListMembersOfAddressList).
    type: bool
    default: false
seealso:
  - module: gatepost.mail.mailmanager_address_list
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes.info
  - gatepost.mail.mailmanager.info
"""

EXAMPLES = r"""
- name: Read all address lists
  gatepost.mail.mailmanager_address_list_info:
    region: eu-west-1

- name: Read one with its members
  gatepost.mail.mailmanager_address_list_info:
    name: partners
    members: true
  register: partners

- name: Show the members
  ansible.builtin.debug:
    msg: "{{ partners.address_lists | map(attribute='members') | flatten }}"
"""

RETURN = r"""
address_lists:
  description:
    - The address lists, each as M(gatepost.mail.mailmanager_address_list) returns it; none is an
      empty list.
  returned: success
  type: list
  elements: dict
  contains:
    members:
      description: Its members, sorted.
      returned: when O(members) is set
      type: list
      elements: str
documents:
  description: The same as the API prints them, without members.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.address_list import listed
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import inform


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "members": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    inform(module, listed)


if __name__ == "__main__":
    main()
