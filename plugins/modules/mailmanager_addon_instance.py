#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_addon_instance
version_added: 0.1.0
short_description: Manage instances of add-ons of SES Mail Manager
description:
  - Creates and deletes instances of add-ons of Amazon SES Mail Manager. An instance is what rules
    and traffic policies name as C(analyzer) of an C(analysis).
  - O(name) is the add-on's, C(AddonName) in the API. It stands for the subscription too, which must
    be there, see M(gatepost.mail.mailmanager_addon_subscription). A subscription has one instance.
author:
  - Gatepost maintainers (@gatepost)
options: {}
seealso:
  - name: Email Add Ons
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-addons.html
  - module: gatepost.mail.mailmanager_addon_instance_info
  - module: gatepost.mail.mailmanager_addon_subscription
  - module: gatepost.mail.mailmanager_rule_set
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
  - gatepost.mail.mailmanager
"""

EXAMPLES = r"""
- name: Subscribe to an add-on
  gatepost.mail.mailmanager_addon_subscription:
    name: SPAMHAUS_DBL
    accept_charges: true

- name: Make the add-on an instance, which rules can ask
  gatepost.mail.mailmanager_addon_instance:
    name: SPAMHAUS_DBL

- name: Drop mail with a listed domain
  gatepost.mail.mailmanager_rule_set:
    name: filter
    rules:
      - name: drop-listed
        conditions:
          - boolean_expression:
              evaluate:
                analysis:
                  analyzer: SPAMHAUS_DBL
                  result_field: addon.isListed
              operator: IS_TRUE
        actions:
          - drop: {}

- name: Take the rule set away again
  gatepost.mail.mailmanager_rule_set:
    name: filter
    state: absent

- name: Delete an instance that nothing names any more
  gatepost.mail.mailmanager_addon_instance:
    name: SPAMHAUS_DBL
    state: absent
"""

RETURN = r"""
addon_instance:
  description:
    - The instance; C(null) when it is absent. In check mode what it would be, as far as that is
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
    addon_subscription:
      description: Name of the subscription, which is the add-on's.
      returned: always
      type: str
    addon_subscription_id:
      description: Id of the subscription.
      returned: when it exists
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
  description: The instance as the API prints it, with its id.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.addon_instance import (
    DEFINITION,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.lifecycle import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
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
