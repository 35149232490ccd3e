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
  - Creates, changes and deletes email identities of domains, with DKIM by SES's keys or by your
    own and with a custom MAIL FROM domain.
  - Returns the DNS records to publish, publishes them in Route 53 if asked to, and waits until the
    domain is verified.
  - Mail Manager attempts no delivery to recipients of a domain that is not verified.
author:
  - Gatepost maintainers (@gatepost)
options:
  domain:
    description:
      - The domain, C(EmailIdentity) in the API.
    type: str
    required: true
  dkim_signing_enabled:
    description:
      - Whether SES signs what it sends for the domain, C(DkimAttributes.SigningEnabled) in the API.
    type: bool
    default: true
  dkim_key_length:
    description:
      - Have SES make the keys (Easy DKIM), of this length,
        C(DkimSigningAttributes.NextSigningKeyLength) in the API. Not set, what is there is left
        alone; a new identity gets the length that SES chooses.
    type: str
    choices: [RSA_1024_BIT, RSA_2048_BIT]
  dkim_selector:
    description:
      - Sign with a key of your own under this selector,
        C(DkimSigningAttributes.DomainSigningSelector) in the API.
    type: str
  dkim_private_key:
    description:
      - The private key for O(dkim_selector), RSA of 1024 to 2048 bits, PEM without a passphrase or
        the base64 inside of it, C(DkimSigningAttributes.DomainSigningPrivateKey) in the API.
      - Its public half makes the TXT record among RV(identity.dns_records). Reading it needs the
        Python library cryptography.
    type: str
  update_dkim_private_key:
    description:
      - SES never tells a private key, so that it cannot be compared. With V(on_create) it is sent
        when the selector is new to the identity. With V(always) it is sent in every run, which is
        a change in every run.
    type: str
    choices: [always, on_create]
    default: on_create
  mail_from_domain:
    description:
      - The custom MAIL FROM domain, a subdomain of O(domain), C(MailFromDomain) in the API. An
        empty text takes it away; not set, it is left alone.
    type: str
  mail_from_behavior_on_mx_failure:
    description:
      - What SES does while the MX record of O(mail_from_domain) is not in the DNS,
        C(BehaviorOnMxFailure) in the API. A new one gets V(USE_DEFAULT_VALUE) where this is not
        set.
    type: str
    choices: [USE_DEFAULT_VALUE, REJECT_MESSAGE]
  configuration_set_name:
    description:
      - The configuration set that is used for the domain's mail by default, C(ConfigurationSetName)
        in the API. An empty text takes it away; not set, it is left alone.
    type: str
  publish_dns:
    description:
      - With V(route53) the records are put into the public hosted zone of the domain, or of the
        nearest domain above it, in one change. With V(none) RV(identity.dns_records) says what to
        publish.
      - A record that somebody else put there is an error, before anything is changed. An SPF record
        joins the other texts of its name.
      - Records of settings that are given up are left in the zone.
    type: str
    choices: [none, route53]
    default: none
  hosted_zone_id:
    description:
      - The hosted zone, where several have the same name.
    type: str
  overwrite_dns:
    description:
      - Overwrite a record of somebody else, which the diff shows.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the domain is verified, and until SES has found the MX record of
        O(mail_from_domain) where that is set.
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
        are removed too, where they stand as they should.
    type: str
    choices: [present, absent]
    default: present
attributes:
  idempotent:
    support: partial
    description:
      - A second run with the same options changes nothing, save with
        O(update_dkim_private_key=always).
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
    var: identity.identity.dns_records

- name: Send bounces to a domain of one's own, and refuse to send while its MX record is missing
  gatepost.mail.sesv2_email_identity:
    domain: example.com
    dkim_key_length: RSA_2048_BIT
    mail_from_domain: bounce.example.com
    mail_from_behavior_on_mx_failure: REJECT_MESSAGE
    publish_dns: route53

- name: Sign with a key of one's own
  gatepost.mail.sesv2_email_identity:
    domain: example.org
    dkim_selector: gatepost
    dkim_private_key: "{{ lookup('ansible.builtin.env', 'DKIM_PRIVATE_KEY') }}"
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
    dkim_signing:
      description: Whether SES signs what it sends for the domain.
      returned: always
      type: bool
    dkim_origin:
      description: Whose keys it signs with, C(AWS_SES) or C(EXTERNAL).
      returned: when it is known
      type: str
    dkim_selector:
      description: The selector of a key of one's own, else C(null).
      returned: when it is known
      type: str
    dkim_key_length:
      description: The length of SES's keys, else C(null).
      returned: when it is known
      type: str
    mail_from_domain:
      description: The custom MAIL FROM domain, C(null) if there is none.
      returned: when it is known
      type: str
    mail_from_behavior_on_mx_failure:
      description: What SES does while its MX record is missing.
      returned: when it is known
      type: str
    mail_from_status:
      description: What SES says of its MX record; C(null) if there is no such domain.
      returned: always
      type: str
    configuration_set_name:
      description: The configuration set, C(null) if there is none.
      returned: when it is known
      type: str
    dns_records:
      description:
        - The DNS records to publish, each with C(type), C(name) and C(value), in this order, DKIM,
          then MX and SPF of the custom MAIL FROM domain. In check mode those that are known.
        - The record of a key of one's own is there where O(dkim_private_key) is set.
      returned: always
      type: list
      elements: dict
      sample:
        - {type: MX, name: bounce.example.com, value: 10 feedback-smtp.eu-west-1.amazonses.com}
    dkim_records:
      description: Those among RV(identity.dns_records) that are DKIM's.
      returned: always
      type: list
      elements: dict
    published:
      description: What the hosted zone holds at these types and names.
      returned: with O(publish_dns=route53)
      type: dict
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
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity_options import (
    BEHAVIORS,
    KEY_LENGTHS,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "dkim_signing_enabled": {"type": "bool", "default": True},
            "dkim_key_length": {"type": "str", "choices": list(KEY_LENGTHS), "no_log": False},
            "dkim_selector": {"type": "str"},
            "dkim_private_key": {"type": "str", "no_log": True},
            "update_dkim_private_key": {
                "type": "str",
                "choices": ["always", "on_create"],
                "default": "on_create",
                "no_log": False,
            },
            "mail_from_domain": {"type": "str"},
            "mail_from_behavior_on_mx_failure": {"type": "str", "choices": list(BEHAVIORS)},
            "configuration_set_name": {"type": "str"},
            "publish_dns": {"type": "str", "choices": ["none", "route53"], "default": "none"},
            "hosted_zone_id": {"type": "str"},
            "overwrite_dns": {"type": "bool", "default": False},
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
