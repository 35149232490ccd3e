#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_connection_filter_policy_info
version_added: 0.1.0
short_description: Read the connection filter policies of Exchange Online
description:
  - Reads hosted connection filter policies, which hold the IP allow list and the IP block list.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Read only the policy of this name. One that does not exist is an error.
    type: str
seealso:
  - module: gatepost.mail.m365_connection_filter_policy
extends_documentation_fragment:
  - gatepost.mail.attributes.info
  - gatepost.mail.microsoft
"""

EXAMPLES = r"""
- name: Read who may send unfiltered
  gatepost.mail.m365_connection_filter_policy_info:
    name: Default
  register: filter

- name: Show the list
  ansible.builtin.debug:
    var: filter.policies[0].ip_allow_list
"""

RETURN = r"""
policies:
  description: The policies, each as M(gatepost.mail.m365_connection_filter_policy) returns it.
  returned: success
  type: list
  elements: dict
documents:
  description: The same as Exchange Online prints them.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import connection_filter
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import AUTH, inform


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "str"}, **AUTH}, supports_check_mode=True
    )
    inform(module, connection_filter.info)


if __name__ == "__main__":
    main()
