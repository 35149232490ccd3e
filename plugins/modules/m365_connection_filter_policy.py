#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_connection_filter_policy
version_added: 0.1.0
short_description: Manage the IP allow and block lists of Exchange Online
description:
  - Adds entries to the IP allow list and the IP block list of a hosted connection filter policy,
    and removes entries from them.
  - The lists are shared with other teams. Entries that are not named are left alone, whoever writes
    meanwhile, unless a O(purge_ip_allow_list) or O(purge_ip_block_list) says otherwise.
  - "Mail from an address on the allow list skips spam filtering. That is what the SES developer
    guide asks for; whether you want it is discussed in the collection's documentation (mode
    C(enhanced_filtering_only))."
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name of the policy. It must exist; policies are neither made nor deleted.
    type: str
    default: Default
  state:
    description:
      - Whether the entries are to be on the lists, or not.
    type: str
    choices: [present, absent]
    default: present
  ip_allow_list:
    description:
      - Entries of the list "Always allow messages from the following IP addresses or address
        range".
      - Each is an IPv4 address, a range such as V(192.0.2.1-192.0.2.9), or a CIDR range of /24 to
        /32. The spelling does not matter when entries are compared. A list takes 1273 entries.
    type: list
    elements: str
  purge_ip_allow_list:
    description:
      - Whether to remove all entries that O(ip_allow_list) does not name.
    type: bool
    default: false
  ip_block_list:
    description:
      - Entries of the list "Always block messages from the following IP addresses or address
        range", written as in O(ip_allow_list).
    type: list
    elements: str
  purge_ip_block_list:
    description:
      - Whether to remove all entries that O(ip_block_list) does not name.
    type: bool
    default: false
  enable_safe_list:
    description:
      - Whether senders on Microsoft's own safe list skip spam filtering.
    type: bool
seealso:
  - name: SMTP relay
    description: The page of the SES developer guide, "Add Mail Manager IP addresses to the Allow
      list".
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html
  - module: gatepost.mail.m365_connection_filter_policy_info
  - module: gatepost.mail.m365_inbound_connector
extends_documentation_fragment:
  - gatepost.mail.attributes
  - gatepost.mail.microsoft
  - gatepost.mail.microsoft.write
"""

EXAMPLES = r"""
- name: Let mail from Mail Manager in eu-west-1 in
  gatepost.mail.m365_connection_filter_policy:
    ip_allow_list:
      - "{{ 'eu-west-1' | gatepost.mail.egress_range }}"

- name: Take it off the list again, for enhanced filtering alone
  gatepost.mail.m365_connection_filter_policy:
    ip_allow_list:
      - "{{ 'eu-west-1' | gatepost.mail.egress_range }}"
    state: absent
"""

RETURN = r"""
policy:
  description: The policy; in check mode what it would be.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
    is_default:
      description: Whether it is the default policy.
      returned: always
      type: bool
    ip_allow_list:
      description: All entries, those of others too, in canonical spelling and in order.
      returned: always
      type: list
      elements: str
    ip_block_list:
      description: The same for the block list.
      returned: always
      type: list
      elements: str
    enable_safe_list:
      description: Whether Microsoft's safe list is used.
      returned: always
      type: bool
document:
  description: The policy as Exchange Online prints it; in check mode as it is now.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import connection_filter
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import (
    AUTH,
    WRITE,
    run,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "Default"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ip_allow_list": {"type": "list", "elements": "str"},
            "purge_ip_allow_list": {"type": "bool", "default": False},
            "ip_block_list": {"type": "list", "elements": "str"},
            "purge_ip_block_list": {"type": "bool", "default": False},
            "enable_safe_list": {"type": "bool"},
            **AUTH,
            **WRITE,
        },
        required_one_of=[("ip_allow_list", "ip_block_list", "enable_safe_list")],
        supports_check_mode=True,
    )
    run(module, connection_filter.prepare)


if __name__ == "__main__":
    main()
