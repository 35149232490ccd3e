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
      - C(Type) in the API. V(OPEN) takes mail from anybody, V(AUTH) from clients with a password,
        V(MTLS) from clients with a certificate. Needed to create an ingress point; cannot change
        afterwards.
    type: str
    choices: [OPEN, AUTH, MTLS]
  rule_set:
    description:
      - Name, id or ARN of the rule set, C(RuleSetId) in the API. Needed to create an ingress point.
    type: str
  traffic_policy:
    description:
      - Name, id or ARN of the traffic policy, C(TrafficPolicyId) in the API. Needed to create an
        ingress point.
    type: str
  tls_policy:
    description:
      - Whether clients must use TLS, C(TlsPolicy) in the API. V(OPTIONAL) is for V(OPEN) ingress
        points and private V(AUTH) ones alone. V(FIPS), in regions of the US and Canada alone, can
        neither be set nor left after creation.
      - Not set when an ingress point is created, the service chooses, by region.
    type: str
    choices: [REQUIRED, OPTIONAL, FIPS]
  status:
    description:
      - Whether the ingress point takes mail, C(StatusToUpdate) in the API. Not set, it is left as
        it is; a new one is V(ACTIVE).
    type: str
    choices: [ACTIVE, CLOSED]
  network_configuration:
    description:
      - C(NetworkConfiguration) in the API. Exactly one of C(public_network_configuration) with
        C(ip_type) V(IPV4) or V(DUAL_STACK), and C(private_network_configuration) with
        C(vpc_endpoint_id). Cannot change after creation.
      - Not set when an ingress point is created, it is public with V(IPV4).
    type: dict
  smtp_password:
    description:
      - For O(type=AUTH), the password of the clients, stored by the service, 8 to 64 characters,
        C(SmtpPassword) of C(IngressPointConfiguration) in the API. It cannot be read, so see
        O(update_password).
      - The service lets a password that it stores in for 14 days after it was replaced.
    type: str
  secret_arn:
    description:
      - For O(type=AUTH), the ARN or name of a secret that holds C(password) alone, instead of
        O(smtp_password); C(SecretArn) of C(IngressPointConfiguration) in the API.
      - Before the ingress point is given another secret than it has, the secret is judged. One that
        Mail Manager could not use is an error that says what to mend.
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
      - For O(type=MTLS), whose client certificates are trusted, C(TrustStore) of
        C(TlsAuthConfiguration) in the API. A set one replaces the one that is there.
      - It is compared by certificates and revocation lists. Comments, line lengths, order and
        repetition mean nothing. Diffs show SHA-256 fingerprints.
    type: dict
    suboptions:
      ca_content:
        description:
          - Certificates of the authorities, PEM, C(CAContent) in the API.
        type: str
        required: true
      crl_content:
        description:
          - Revocation lists, PEM, one an authority, C(CrlContent) in the API.
        type: str
      kms_key_arn:
        description:
          - The key that encrypts the trust store, C(KmsKeyArn) in the API, by its ARN, its id,
            C(alias/NAME) or an alias's ARN. M(gatepost.mail.mailmanager_kms_key) makes one with
            C(purpose=trust_store).
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
- name: Drop all mail until there are better rules
  gatepost.mail.mailmanager_rule_set:
    name: main
    rules:
      - actions:
          - drop: {}

- name: Let in what is for example.com
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

- name: Have a key that Mail Manager may use for the passwords of clients
  gatepost.mail.mailmanager_kms_key:
    alias: gatepost-submission
    purpose: ingress_point

- name: Have a secret with the password of the clients
  gatepost.mail.mailmanager_secret:
    name: gatepost/submission
    purpose: ingress_point
    kms_key_id: alias/gatepost-submission
    password: "{{ submission_password | default('only-an-example') }}"

- name: Receive mail from applications that authenticate
  gatepost.mail.mailmanager_ingress_point:
    name: submission
    type: AUTH
    rule_set: main
    traffic_policy: edge
    secret_arn: gatepost/submission

- name: Receive mail within a VPC only, through its endpoint
  gatepost.mail.mailmanager_ingress_point:
    name: inside
    type: OPEN
    rule_set: main
    traffic_policy: edge
    network_configuration:
      private_network_configuration:
        vpc_endpoint_id: vpce-0123456789abcdef0

- name: Delete an ingress point
  gatepost.mail.mailmanager_ingress_point:
    name: inside
    state: absent
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
      returned: once it exists, or when O(tls_policy) is set
      type: str
    network_configuration:
      description: C(public_network_configuration) or C(private_network_configuration).
      returned: once it exists, or when O(network_configuration) is set
      type: dict
    authentication:
      description:
        - How clients authenticate, without any value. One of C(secret_arn), C(smtp_password), which
          says that there is one, and C(trust_store) with fingerprints in C(ca_content) and
          C(crl_content), and C(kms_key_arn).
      returned: for V(AUTH) and V(MTLS)
      type: dict
    rule_set_id:
      description: Id of its rule set.
      returned: once it exists
      type: str
    traffic_policy_id:
      description: Id of its traffic policy.
      returned: once it exists
      type: str
    ingress_point_auth_configuration:
      description:
        - How clients authenticate, as C(GetIngressPoint) tells it; of a password which version is
          in force, of certificates all.
      returned: once it exists, for V(AUTH) and V(MTLS)
      type: dict
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
