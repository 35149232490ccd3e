#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: m365_content_filter_policy
version_added: 0.1.0
short_description: Say whether an SPF hard fail alone makes a message spam in Exchange Online
description:
  - Sets "SPF record, hard fail" of the anti-spam inbound policies (hosted content filter policies).
  - Behind a gateway that keeps the sender, SPF is checked against the gateway's address and fails
    for most mail, so that the setting must be off.
  - A message meets one policy, a custom one or the default one. So all policies that are in force
    are set, unless one is named.
author:
  - Gatepost maintainers (@gatepost)
options:
  name:
    description:
      - Name of the one policy to set. Without it, all that are in force are set, which are the
        default one and those that an enabled rule applies.
    type: str
  mark_as_spam_spf_record_hard_fail:
    description:
      - Whether an SPF hard fail marks a message as spam.
    type: bool
    required: true
seealso:
  - name: SMTP relay
    description: The page of the SES developer guide, "ensure that SPF record, hard fail is set to
      Off".
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html
  - module: gatepost.mail.m365_content_filter_policy_info
extends_documentation_fragment:
  - gatepost.mail.attributes
  - gatepost.mail.microsoft
  - gatepost.mail.microsoft.write
"""

EXAMPLES = r"""
- name: Do not mark mail as spam because of the gateway's address
  gatepost.mail.m365_content_filter_policy:
    mark_as_spam_spf_record_hard_fail: false
"""

RETURN = r"""
policies:
  description: The policies that are meant; in check mode what they would be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
    is_default:
      description: Whether it is the default policy.
      returned: always
      type: bool
    in_force:
      description: Whether it is the default policy or an enabled rule applies it.
      returned: always
      type: bool
    rules:
      description: Names of the rules that apply it.
      returned: always
      type: list
      elements: str
    mark_as_spam_spf_record_hard_fail:
      description: Whether an SPF hard fail marks a message as spam.
      returned: always
      type: bool
documents:
  description: The same as Exchange Online prints them; in check mode as they are now.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import content_filter
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import (
    AUTH,
    WRITE,
    run,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "mark_as_spam_spf_record_hard_fail": {"type": "bool", "required": True},
            **AUTH,
            **WRITE,
        },
        supports_check_mode=True,
    )
    run(module, content_filter.prepare)


if __name__ == "__main__":
    main()
