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
      - What happens to mail that no statement matches, C(DefaultAction) in the API. Needed to
        create a traffic policy.
    type: str
    choices: [ALLOW, DENY]
  policy_statements:
    description:
      - All statements, C(PolicyStatements) in the API. A set one replaces those that are there.
        Needed to create a traffic policy. A policy has at most 20 statements of 10 conditions.
      - A statement holds C(action), V(ALLOW) or V(DENY), and C(conditions), all of which must
        match. DENY statements are judged before ALLOW ones.
      - A condition is exactly one of C(string_expression), C(ip_expression), C(ipv6_expression),
        C(tls_expression) and C(boolean_expression). Each holds C(evaluate), C(operator) and
        C(values), or C(value) for TLS, none for a boolean one.
      - C(string_expression) evaluates C(attribute) V(RECIPIENT), or C(analysis), with C(operator)
        V(EQUALS), V(NOT_EQUALS), V(STARTS_WITH), V(ENDS_WITH) or V(CONTAINS).
      - C(ip_expression) evaluates C(attribute) V(SENDER_IP), C(ipv6_expression) V(SENDER_IPV6),
        with V(CIDR_MATCHES) or V(NOT_CIDR_MATCHES).
      - C(tls_expression) evaluates C(attribute) V(TLS_PROTOCOL) with V(MINIMUM_TLS_VERSION) or
        V(IS), V(TLS1_2) or V(TLS1_3).
      - C(boolean_expression) evaluates C(analysis) or C(is_in_address_list) with V(IS_TRUE) or
        V(IS_FALSE).
      - C(is_in_address_list) holds C(attribute) V(RECIPIENT) and C(address_lists), one name, id or
        ARN of an address list.
      - C(analysis) holds C(analyzer), the name, id or ARN of an add-on instance, and
        C(result_field).
    type: list
    elements: raw
  max_message_size_bytes:
    description:
      - The largest message that is let in, in bytes, C(MaxMessageSizeBytes) in the API. The service
        offers no way to take a limit away that was set once.
    type: int
seealso:
  - name: Traffic policies and policy statements
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-filters.html
  - module: gatepost.mail.mailmanager_traffic_policy_info
  - module: gatepost.mail.mailmanager_ingress_point
  - module: gatepost.mail.mailmanager_address_list
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
- name: Keep a list of recipients that get no mail from outside
  gatepost.mail.mailmanager_address_list:
    name: internal
    members: [all-staff@example.com]

- name: Let in what is for example.com, over TLS 1.2 or newer, except for those
  gatepost.mail.mailmanager_traffic_policy:
    name: edge
    default_action: DENY
    policy_statements:
      - action: DENY
        conditions:
          - boolean_expression:
              evaluate:
                is_in_address_list:
                  attribute: RECIPIENT
                  address_lists: [internal]
              operator: IS_TRUE
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
  register: edge

- name: Rename the policy
  gatepost.mail.mailmanager_traffic_policy:
    id: "{{ edge.traffic_policy.id }}"
    name: front

- name: Delete a policy that no ingress point holds any more
  gatepost.mail.mailmanager_traffic_policy:
    name: front
    state: absent
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
      description: The statements, with names for address lists and add-on instances.
      returned: always
      type: list
      elements: dict
    max_message_size_bytes:
      description: The largest message that is let in.
      returned: when it is set
      type: int
    created_timestamp:
      description: When it was created, in ISO 8601.
      returned: once it exists
      type: str
    last_updated_timestamp:
      description: When it was changed last, in ISO 8601.
      returned: once it exists
      type: str
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
from ansible_collections.gatepost.mail.plugins.module_utils.aws.lifecycle import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
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
