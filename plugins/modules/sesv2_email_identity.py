#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sesv2_email_identity
version_added: 0.1.0
short_description: Manage domains that Amazon SES has verified
description:
  - Creates and deletes email identities of domains with Easy DKIM, returns the DNS records to
    publish, publishes them in Route 53 if asked to, and waits until the domain is verified.
  - Mail Manager attempts no delivery to recipients of a domain that is not verified.
author:
  - Gatepost maintainers (@gatepost)
options:
  domain:
    description:
      - The domain.
    type: str
    required: true
  publish_dns:
    description:
      - With V(route53) the DKIM records are put into the public hosted zone of the domain, or of
        the nearest domain above it. With V(none) RV(identity.dkim_records) says what to publish.
    type: str
    choices: [none, route53]
    default: none
  hosted_zone_id:
    description:
      - The hosted zone, where several have the same name.
    type: str
  wait:
    description:
      - Whether to wait until the domain is verified.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait at most, in seconds.
    type: int
    default: 600
  state:
    description:
      - Whether the identity is to be there. With V(absent) and O(publish_dns=route53) its records
        are removed too.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: gatepost.mail.sesv2_email_identity_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
"""

EXAMPLES = r"""
- name: Verify a domain whose DNS is in Route 53
  gatepost.mail.sesv2_email_identity:
    domain: example.com
    publish_dns: route53
    wait: true

- name: Ask for the records to publish elsewhere
  gatepost.mail.sesv2_email_identity:
    domain: example.net
  register: identity

- name: Show them
  ansible.builtin.debug:
    var: identity.identity.dkim_records
"""

RETURN = r"""
identity:
  description: The identity; C(null) when it is absent.
  returned: success
  type: dict
  contains:
    domain:
      description: The domain.
      returned: always
      type: str
    verified:
      description: Whether SES has verified the domain.
      returned: always
      type: bool
    dkim_status:
      description:
        - What SES says of the DKIM records; C(null) in check mode when it is to be created.
      returned: always
      type: str
    dkim_records:
      description: The DNS records to publish, each with C(name), C(type) and C(value).
      returned: always
      type: list
      elements: dict
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The identity as the API's C(GetEmailIdentity) prints it.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "publish_dns": {"type": "str", "choices": ["none", "route53"], "default": "none"},
            "hosted_zone_id": {"type": "str"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 600},
            **STATE,
            **TAGS,
        },
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
