#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_content_filter_policy_info
version_added: 0.1.0
short_description: Read the anti-spam inbound policies of Exchange Online
description:
  - Reads hosted content filter policies, and which of them are in force.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Read only the policy of this name. One that does not exist is an error.
    type: str
seealso:
  - module: gatepost.mail.m365_content_filter_policy
extends_documentation_fragment:
  - gatepost.mail.attributes.info
  - gatepost.mail.microsoft
"""

EXAMPLES = r"""
- name: Read the anti-spam policies
  gatepost.mail.m365_content_filter_policy_info:
  register: spam

- name: Require that no policy in force marks mail as spam because of the gateway's address
  ansible.builtin.assert:
    that: not item.mark_as_spam_spf_record_hard_fail
  loop: "{{ spam.policies | selectattr('in_force') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
policies:
  description:
    - The policies, each as M(gatepost.mail.m365_content_filter_policy) returns it, those that are
      not in force too.
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
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import content_filter
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import AUTH, inform


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "str"}, **AUTH}, supports_check_mode=True
    )
    inform(module, content_filter.info)


if __name__ == "__main__":
    main()
