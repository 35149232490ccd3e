#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_addon_subscription
version_added: 0.1.0
short_description: Manage subscriptions to add-ons of SES Mail Manager
description:
  - Subscribes to add-ons of Amazon SES Mail Manager, which analyze mail, and ends subscriptions.
  - O(name) is the add-on's, C(AddonName) in the API, such as V(SPAMHAUS_DBL), V(TRENDMICRO_VSAPI),
    V(ABUSIX_MAIL_INTELLIGENCE) and V(VADE_ADVANCED_EMAIL_SECURITY). An add-on has one subscription.
author:
  - Gatepost maintainers (@gatepost)
options:
  accept_charges:
    description:
      - Says that the add-on's terms of use and its price are accepted, which is what creating a
        subscription means. Without it none is created, in check mode neither.
      - A subscription that is there already needs it no more.
    type: bool
    default: false
seealso:
  - name: Email Add Ons
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-addons.html
  - module: gatepost.mail.mailmanager_addon_subscription_info
  - module: gatepost.mail.mailmanager_addon_instance
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
  - gatepost.mail.mailmanager
"""

EXAMPLES = r"""
- name: Subscribe to the domain block list of Spamhaus, which costs money
  gatepost.mail.mailmanager_addon_subscription:
    name: SPAMHAUS_DBL
    accept_charges: true

- name: End a subscription that has no instance any more
  gatepost.mail.mailmanager_addon_subscription:
    name: SPAMHAUS_DBL
    state: absent
"""

RETURN = r"""
addon_subscription:
  description:
    - The subscription; C(null) when it is absent. In check mode what it would be, as far as that is
      known.
  returned: success
  type: dict
  contains:
    id:
      description: Its id; C(null) in check mode when it is to be created.
      returned: always
      type: str
    arn:
      description: Its ARN; C(null) in check mode when it is to be created.
      returned: always
      type: str
    name:
      description: Name of the add-on.
      returned: always
      type: str
    created_timestamp:
      description: When it was created, ISO 8601.
      returned: when it exists
      type: str
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The subscription as the API prints it, with its id.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.addon_subscription import (
    DEFINITION,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.lifecycle import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "accept_charges": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run(module, lambda options, services: prepare(DEFINITION, options, services))


if __name__ == "__main__":
    main()
