#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_domain_mx
version_added: 0.1.0
short_description: Point the MX of a domain at a gateway in Route 53, and back
description:
  - Moves the MX record of a domain whose DNS is in Route 53 to the hosts of a gateway, and restores
    what was there before.
  - What the MX was is kept in the record C(TXT _gatepost-mx.DOMAIN) of the same zone. Both are
    written in one batch, which Route 53 applies whole or not at all, so that the old value is never
    lost.
  - It does not ask whether the time has come. M(gatepost.mail.mail_domain_info) does.
author:
  - Gatepost maintainers (@gatepost)
options:
  domain:
    description:
      - The mail domain.
    type: str
    required: true
  state:
    description:
      - With V(present) the MX points at O(hosts) and nothing else.
      - With V(restored) what was there before the move is put back, with its TTL, and the kept
        value is deleted. Where no value is kept, nothing is done. An MX that somebody else has
        moved since is an error.
    type: str
    choices: [present, restored]
    default: present
  hosts:
    description:
      - The gateway's host names. Needed with O(state=present); in check mode empty ones are taken
        for a gateway that is still to be made.
    type: list
    elements: str
  preference:
    description:
      - The preference of every host.
    type: int
    default: 10
  ttl:
    description:
      - The TTL of the MX at the gateway, in seconds.
    type: int
    default: 300
  hosted_zone_id:
    description:
      - The hosted zone, where several have the same name.
    type: str
seealso:
  - module: gatepost.mail.mail_domain_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes
"""

EXAMPLES = r"""
- name: Read the ingress point
  gatepost.mail.mailmanager_ingress_point_info:
    region: eu-west-1
    name: gatepost-edge
  register: edge

- name: Let mail for example.com come to it
  gatepost.mail.mail_domain_mx:
    region: eu-west-1
    domain: example.com
    hosts: ["{{ edge.ingress_points[0].a_record }}"]

- name: Go back to what was before
  gatepost.mail.mail_domain_mx:
    region: eu-west-1
    domain: example.com
    state: restored
"""

RETURN = r"""
record:
  description: The MX; in check mode what it would be.
  returned: success
  type: dict
  contains:
    domain:
      description: The mail domain.
      returned: always
      type: str
    hosted_zone_id:
      description: The zone that it is in.
      returned: always
      type: str
    mx:
      description: Preferences and hosts, in order.
      returned: always
      type: list
      elements: str
    ttl:
      description: Its TTL in seconds; C(null) where there is no MX.
      returned: always
      type: int
    previous:
      description: What the MX was before the move; C(null) where nothing is kept.
      returned: always
      type: list
      elements: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import run
from ansible_collections.gatepost.mail.plugins.module_utils.dns import mx


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
            "hosts": {"type": "list", "elements": "str"},
            "preference": {"type": "int", "default": 10},
            "ttl": {"type": "int", "default": 300},
            "hosted_zone_id": {"type": "str"},
        },
        required_if=[("state", "present", ("hosts",))],
        supports_check_mode=True,
    )
    run(module, mx.prepare)


if __name__ == "__main__":
    main()
