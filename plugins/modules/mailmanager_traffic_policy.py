#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_traffic_policy
version_added: 0.1.0
short_description: Manage traffic policies of SES Mail Manager
description:
  - Creates, changes, renames and deletes traffic policies of Amazon SES Mail Manager, which say
    whose mail an ingress point lets in.
author:
  - Gatepost maintainers (@gatepost)
options:
  default_action:
    description:
      - What happens to mail that no statement matches. Needed to create a traffic policy.
    type: str
    choices: [ALLOW, DENY]
  policy_statements:
    description:
      - All statements. A set one replaces those that are there. Needed to create a traffic policy.
      - A statement holds C(action) and at least one of C(conditions), in the shape of the API's
        C(CreateTrafficPolicy). DENY statements are judged before ALLOW ones.
    type: list
    elements: raw
  max_message_size_bytes:
    description:
      - The largest message that is let in, in bytes. The service offers no way to take a limit away
        that was set once.
    type: int
seealso:
  - name: Traffic policies and policy statements
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-filters.html
  - module: gatepost.mail.mailmanager_traffic_policy_info
  - module: gatepost.mail.mailmanager_ingress_point
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
  - gatepost.mail.mailmanager
"""

EXAMPLES = r"""
- name: Let in what is for example.com, over TLS 1.2 or newer
  gatepost.mail.mailmanager_traffic_policy:
    name: edge
    default_action: DENY
    policy_statements:
      - action: ALLOW
        conditions:
          - string_expression:
              evaluate:
                attribute: RECIPIENT
              operator: ENDS_WITH
              values: ["@example.com"]
          - tls_expression:
              evaluate:
                attribute: TLS_PROTOCOL
              operator: MINIMUM_TLS_VERSION
              value: TLS1_2
    max_message_size_bytes: 20971520
"""

RETURN = r"""
traffic_policy:
  description:
    - The traffic policy; C(null) when it is absent. In check mode what it would be, as far as
      that is known.
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
      description: Its name.
      returned: always
      type: str
    default_action:
      description: What happens to mail that no statement matches.
      returned: always
      type: str
    policy_statements:
      description: The statements.
      returned: always
      type: list
      elements: dict
    max_message_size_bytes:
      description: The largest message that is let in.
      returned: when it is set
      type: int
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The traffic policy as the API prints it, which is what a relay host takes too.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.traffic_policy import DEFINITION


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "default_action": {"type": "str", "choices": ["ALLOW", "DENY"]},
            "policy_statements": {"type": "list", "elements": "raw"},
            "max_message_size_bytes": {"type": "int"},
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
