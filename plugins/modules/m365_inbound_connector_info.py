#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_inbound_connector_info
version_added: 0.1.0
short_description: Read the inbound connectors of Exchange Online
description:
  - Reads inbound connectors with their enhanced filtering.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Read only the connector of this name.
    type: str
  id:
    description:
      - Read only the connector of this GUID.
    type: str
seealso:
  - module: gatepost.mail.m365_inbound_connector
extends_documentation_fragment:
  - gatepost.mail.attributes.info
  - gatepost.mail.microsoft
"""

EXAMPLES = r"""
- name: Read all inbound connectors
  gatepost.mail.m365_inbound_connector_info:
"""

RETURN = r"""
connectors:
  description:
    - The connectors, each as M(gatepost.mail.m365_inbound_connector) returns it; none is an empty
      list.
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
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import inbound_connector
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import AUTH, inform


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "str"}, "id": {"type": "str"}, **AUTH},
        supports_check_mode=True,
    )
    inform(module, inbound_connector.info)


if __name__ == "__main__":
    main()
