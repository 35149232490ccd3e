#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_ingress_point
version_added: 0.1.0
short_description: Manage ingress points of SES Mail Manager
description:
  - Creates, changes, renames, closes and deletes ingress points of Amazon SES Mail Manager, which
    receive mail. RV(ingress_point.a_record) is what the domain's MX record points at.
  - A state that passes is waited for before anything is compared, and after a change until the
    state has held twice.
author:
  - Gatepost maintainers (@gatepost)
options:
  type:
    description:
      - V(OPEN) takes mail from anybody, V(AUTH) from clients with a password, V(MTLS) from clients
        with a certificate. Needed to create an ingress point; cannot change afterwards.
    type: str
    choices: [OPEN, AUTH, MTLS]
  rule_set:
    description:
      - Name or id of the rule set. Needed to create an ingress point.
    type: str
  traffic_policy:
    description:
      - Name or id of the traffic policy. Needed to create an ingress point.
    type: str
  tls_policy:
    description:
      - Whether clients must use TLS. V(OPTIONAL) is for V(OPEN) ingress points and private V(AUTH)
        ones alone. V(FIPS) can neither be set nor left after creation.
    type: str
    choices: [REQUIRED, OPTIONAL, FIPS]
  status:
    description:
      - Whether the ingress point takes mail. Not set, it is left as it is.
    type: str
    choices: [ACTIVE, CLOSED]
  network_configuration:
    description:
      - Exactly one of C(public_network_configuration) with C(ip_type) V(IPV4) or V(DUAL_STACK), and
        C(private_network_configuration) with C(vpc_endpoint_id). Cannot change after creation.
    type: dict
  smtp_password:
    description:
      - For O(type=AUTH), the password of the clients, stored by the service, 8 to 64 characters. It
        cannot be read, so see O(update_password).
    type: str
  secret_arn:
    description:
      - For O(type=AUTH), the ARN or name of a secret that holds C(password) alone, instead of
        O(smtp_password).
    type: str
  update_password:
    description:
      - With V(on_create) O(smtp_password) is written when the ingress point is created or
        begins to use one; with V(always) in every run, which then always reports a change.
    type: str
    choices: [on_create, always]
    default: on_create
  trust_store:
    description:
      - For O(type=MTLS), whose client certificates are trusted.
    type: dict
    suboptions:
      ca_content:
        description:
          - Certificates of the authorities, PEM.
        type: str
        required: true
      crl_content:
        description:
          - Revocation lists, PEM.
        type: str
      kms_key_arn:
        description:
          - ARN of the key that encrypts the trust store.
        type: str
seealso:
  - name: Ingress endpoints
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-ingress.html
  - module: gatepost.mail.mailmanager_ingress_point_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
  - gatepost.mail.mailmanager
  - gatepost.mail.mailmanager.wait
"""

EXAMPLES = r"""
- name: Receive mail for a domain
  gatepost.mail.mailmanager_ingress_point:
    name: edge
    type: OPEN
    rule_set: main
    traffic_policy: edge
    tls_policy: OPTIONAL
  register: edge

- name: Show what the MX record must point at
  ansible.builtin.debug:
    var: edge.ingress_point.a_record

- name: Take no mail for a while
  gatepost.mail.mailmanager_ingress_point:
    name: edge
    status: CLOSED

- name: Receive mail from applications that authenticate
  gatepost.mail.mailmanager_ingress_point:
    name: submission
    type: AUTH
    rule_set: main
    traffic_policy: edge
    secret_arn: gatepost/submission
"""

RETURN = r"""
ingress_point:
  description:
    - The ingress point; C(null) when it is absent. In check mode what it would be, as far as that
      is known.
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
    status:
      description: V(ACTIVE), V(CLOSED), or a state that passes.
      returned: once it exists, or when O(status) is set
      type: str
    type:
      description: V(OPEN), V(AUTH) or V(MTLS).
      returned: always
      type: str
    a_record:
      description: The host name that the MX record must point at.
      returned: once it was active
      type: str
    rule_set:
      description: Name of its rule set.
      returned: always
      type: str
    traffic_policy:
      description: Name of its traffic policy.
      returned: always
      type: str
    tls_policy:
      description: Whether clients must use TLS.
      returned: always
      type: str
    authentication:
      description: How clients authenticate, without any value; digests for certificates.
      returned: for V(AUTH) and V(MTLS)
      type: dict
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The ingress point as the API prints it, which is what a relay host takes too.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.ingress_point import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, WAIT, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "type": {"type": "str", "choices": ["OPEN", "AUTH", "MTLS"]},
            "rule_set": {"type": "str"},
            "traffic_policy": {"type": "str"},
            "tls_policy": {"type": "str", "choices": ["REQUIRED", "OPTIONAL", "FIPS"]},
            "status": {"type": "str", "choices": ["ACTIVE", "CLOSED"]},
            "network_configuration": {"type": "dict"},
            "smtp_password": {"type": "str", "no_log": True},
            "secret_arn": {"type": "str", "no_log": False},
            "update_password": {
                "type": "str",
                "choices": ["on_create", "always"],
                "default": "on_create",
                "no_log": False,
            },
            "trust_store": {
                "type": "dict",
                "options": {
                    "ca_content": {"type": "str", "required": True},
                    "crl_content": {"type": "str"},
                    "kms_key_arn": {"type": "str", "no_log": False},
                },
            },
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
            **WAIT,
        },
        required_one_of=[("name", "id")],
        mutually_exclusive=[("smtp_password", "secret_arn", "trust_store")],
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
