#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_inbound_connector
version_added: 0.1.0
short_description: Manage inbound connectors of Exchange Online, with enhanced filtering
description:
  - Creates, changes, renames and deletes inbound connectors of Exchange Online.
  - Enhanced filtering for connectors, which lets Microsoft 365 see where a message came from before
    the gateway, is a part of the connector and is set with it.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name of the connector. It is what finds it, unless O(id) is set.
    type: str
  id:
    description:
      - GUID of an existing connector. With another O(name) than it has, it is renamed.
    type: str
  state:
    description:
      - Whether the connector is to be there.
    type: str
    choices: [present, absent]
    default: present
  enabled:
    description:
      - Whether the connector is in use. A new one is.
    type: bool
  connector_type:
    description:
      - Where the mail comes from. A new connector is V(Partner).
    type: str
    choices: [Partner, OnPremises]
  comment:
    description:
      - The description of the connector.
    type: str
  sender_domains:
    description:
      - The senders that the connector is for; V(*) means all. Needed to create a connector.
    type: list
    elements: str
  purge_sender_domains:
    description:
      - Whether to remove all that O(sender_domains) does not name.
    type: bool
    default: false
  sender_ip_addresses:
    description:
      - The addresses that the connector is for, each an IPv4 address or a CIDR range of /24 to /32.
        Needed to create a connector.
    type: list
    elements: str
  purge_sender_ip_addresses:
    description:
      - Whether to remove all that O(sender_ip_addresses) does not name.
    type: bool
    default: false
  require_tls:
    description:
      - Whether mail without TLS is rejected. A new connector requires it.
    type: bool
  restrict_domains_to_ip_addresses:
    description:
      - Whether mail from O(sender_domains) that comes from other addresses is rejected.
      - With V(*) that is all mail which does not come through the gateway. Turn it on only after
        the MX has moved; the playbook C(gatepost.mail.lock_down) looks before it does.
      - A new connector does not.
    type: bool
  enhanced_filtering:
    description:
      - Enhanced filtering for this connector. What is not given is left as it is.
    type: dict
    suboptions:
      skip_last_ip:
        description:
          - Whether to "Automatically detect and skip the last IP address".
        type: bool
      skip_ips:
        description:
          - Addresses to skip, where O(enhanced_filtering.skip_last_ip) is false.
        type: list
        elements: str
      users:
        description:
          - Recipients that enhanced filtering is for. An empty list means "Apply to entire
            organization".
        type: list
        elements: str
seealso:
  - name: SMTP relay
    description: The page of the SES developer guide, "Enhanced Filtering configuration
      (recommended)".
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html
  - module: gatepost.mail.m365_inbound_connector_info
extends_documentation_fragment:
  - gatepost.mail.attributes
  - gatepost.mail.microsoft
  - gatepost.mail.microsoft.write
"""

EXAMPLES = r"""
- name: Make the connector of the SES developer guide, with enhanced filtering for everybody
  gatepost.mail.m365_inbound_connector:
    name: Simple Email Service Mail Manager connector
    comment: Connector for filtering
    connector_type: Partner
    sender_domains: ["*"]
    sender_ip_addresses:
      - "{{ 'eu-west-1' | gatepost.mail.egress_range }}"
    require_tls: true
    enhanced_filtering:
      skip_last_ip: true
      users: []

- name: Delete it
  gatepost.mail.m365_inbound_connector:
    name: Simple Email Service Mail Manager connector
    state: absent
"""

RETURN = r"""
connector:
  description: The connector; C(null) when it is absent. In check mode what it would be.
  returned: success
  type: dict
  contains:
    id:
      description: Its GUID; C(null) in check mode when it is to be created.
      returned: always
      type: str
    name:
      description: Its name.
      returned: always
      type: str
    enabled:
      description: Whether it is in use.
      returned: always
      type: bool
    connector_type:
      description: V(Partner) or V(OnPremises).
      returned: always
      type: str
    comment:
      description: Its description.
      returned: always
      type: str
    sender_domains:
      description: The senders that it is for, in canonical spelling.
      returned: always
      type: list
      elements: str
    sender_ip_addresses:
      description: The addresses that it is for, in canonical spelling.
      returned: always
      type: list
      elements: str
    require_tls:
      description: Whether mail without TLS is rejected.
      returned: always
      type: bool
    restrict_domains_to_ip_addresses:
      description: Whether mail of its senders from other addresses is rejected.
      returned: always
      type: bool
    enhanced_filtering:
      description: C(skip_last_ip), C(skip_ips) and C(users).
      returned: always
      type: dict
document:
  description: The connector as Exchange Online prints it; in check mode as it is now.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import inbound_connector
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import (
    AUTH,
    WRITE,
    run,
)

ENHANCED_FILTERING = {
    "skip_last_ip": {"type": "bool"},
    "skip_ips": {"type": "list", "elements": "str"},
    "users": {"type": "list", "elements": "str"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "enabled": {"type": "bool"},
            "connector_type": {"type": "str", "choices": ["Partner", "OnPremises"]},
            "comment": {"type": "str"},
            "sender_domains": {"type": "list", "elements": "str"},
            "purge_sender_domains": {"type": "bool", "default": False},
            "sender_ip_addresses": {"type": "list", "elements": "str"},
            "purge_sender_ip_addresses": {"type": "bool", "default": False},
            "require_tls": {"type": "bool"},
            "restrict_domains_to_ip_addresses": {"type": "bool"},
            "enhanced_filtering": {"type": "dict", "options": ENHANCED_FILTERING},
            **AUTH,
            **WRITE,
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run(module, inbound_connector.prepare)


if __name__ == "__main__":
    main()
