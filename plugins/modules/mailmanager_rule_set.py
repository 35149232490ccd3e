#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_rule_set
version_added: 0.1.0
short_description: Manage rule sets of SES Mail Manager
description:
  - Creates, changes, renames and deletes rule sets of Amazon SES Mail Manager, which say what
    happens to mail that an ingress point has accepted.
author:
  - Gatepost maintainers (@gatepost)
options:
  rules:
    description:
      - All rules, in order, C(Rules) in the API. A set one replaces those that are there. Needed to
        create a rule set. A rule set has at most 40 rules, and 10 Relay and Send actions in all.
      - A rule holds C(actions) and, if need be, C(name), C(conditions), all of which must match,
        and C(unless), none of which may; at most 10 of each.
      - A condition is exactly one of C(boolean_expression), C(string_expression),
        C(number_expression), C(ip_expression), C(verdict_expression) and C(dmarc_expression). Each
        holds C(evaluate) (not C(dmarc_expression)), C(operator), and C(values), or C(value) for a
        number.
      - C(boolean_expression) evaluates C(attribute) (V(READ_RECEIPT_REQUESTED), V(TLS),
        V(TLS_WRAPPED)), C(analysis) or C(is_in_address_list).
      - C(string_expression) evaluates C(attribute) (V(MAIL_FROM), V(HELO), V(RECIPIENT), V(SENDER),
        V(FROM), V(SUBJECT), V(TO), V(CC)), C(mime_header_attribute) (an C(X-) header),
        C(client_certificate_attribute) or C(analysis).
      - C(number_expression) evaluates C(attribute) V(MESSAGE_SIZE), C(ip_expression) V(SOURCE_IP),
        C(verdict_expression) V(SPF), V(DKIM) or C(analysis). C(dmarc_expression) compares the
        policy of the sender's domain.
      - C(is_in_address_list) holds C(attribute) and C(address_lists), one name, id or ARN of an
        address list. C(analysis) holds C(analyzer), the name, id or ARN of an add-on instance, and
        C(result_field).
      - An action is exactly one of C(relay) (C(relay), its name, id or ARN, and C(mail_from)),
        C(archive) (C(target_archive), its name, id or ARN), C(send) (C(role_arn)), C(drop),
        C(add_header) (C(header_name), C(header_value)), C(replace_recipient) (C(replace_with)),
        C(bounce) (C(role_arn), C(sender), C(status_code), C(smtp_reply_code),
        C(diagnostic_message), C(message)),
        C(write_to_s3) (C(role_arn), C(s3_bucket), C(s3_prefix), C(s3_sse_kms_key_id)),
        C(publish_to_sns) (C(topic_arn), C(role_arn), C(encoding), C(payload_type)),
        C(invoke_lambda) (C(function_arn), C(invocation_type), C(role_arn), C(retry_time_minutes)),
        C(deliver_to_mailbox) (C(mailbox_arn), C(role_arn)) and
        C(deliver_to_q_business) (C(application_id), C(index_id), C(role_arn)).
      - C(action_failure_policy) of an action defaults to V(CONTINUE) and C(mail_from) of C(relay)
        to V(PRESERVE), as in the console, C(encoding) to V(UTF-8) and C(payload_type) to
        V(CONTENT), as documented. They are always sent.
    type: list
    elements: raw
  tests:
    description:
      - What the rules must pass before anything is changed. It is carried out on the controller, by
        the same code that a relay host and C(gatepost explain) decide by, on the rules that the
        module predicts, with the names of relays.
      - If a case fails, the task fails and nothing is changed. In check mode the tests run too.
    type: dict
    suboptions:
      cases:
        description: Files of cases, in the format of C(gatepost policy test), docs/policy-tests.md.
        type: list
        elements: path
        default: []
      samples:
        description:
          - A folder of messages (C(*.eml)). Those that the new rules treat differently from the
            rules that are there are named in a warning; C(--diff) shows how.
          - Nothing is compared when the rule set is to be created.
        type: path
      samples_source_ip:
        description: The client's address of samples that nothing else tells it of.
        type: str
      samples_helo:
        description: The client's HELO of samples that nothing else tells it of.
        type: str
      traffic_policy:
        description:
          - The traffic policy in front of the rules, in the shape of the API's
            C(CreateTrafficPolicy). Without it every recipient is admitted.
        type: dict
      same:
        description: Whether a sample that would be treated differently fails the task.
        type: bool
        default: false
seealso:
  - name: Rule sets
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-rules.html
  - module: gatepost.mail.mailmanager_rule_set_info
  - module: gatepost.mail.mailmanager_relay
  - module: gatepost.mail.mailmanager_archive
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
- name: Relay to Google Workspace
  gatepost.mail.mailmanager_relay:
    name: RelayToGoogleWorkspace
    server_name: aspmx.l.google.com
    server_port: 25
    authentication:
      no_authentication: {}

- name: Relay to Exchange Online
  gatepost.mail.mailmanager_relay:
    name: RelayToMyExchangeServer
    server_name: example-com.mail.protection.outlook.com
    server_port: 25
    authentication:
      no_authentication: {}

- name: Keep messages for a year
  gatepost.mail.mailmanager_archive:
    name: inbound
    retention:
      retention_period: ONE_YEAR

- name: List the addresses that are on Exchange already
  gatepost.mail.mailmanager_address_list:
    name: on-exchange
    members: [ann@example.com]

- name: Archive all, drop what is not sent over TLS, and split by recipient
  gatepost.mail.mailmanager_rule_set:
    name: by-recipient
    rules:
      - name: keep
        actions:
          - archive:
              target_archive: inbound
      - name: tls-only
        conditions:
          - boolean_expression:
              evaluate:
                attribute: TLS
              operator: IS_FALSE
        actions:
          - drop: {}
      - name: on-exchange
        conditions: &on_exchange
          - boolean_expression:
              evaluate:
                is_in_address_list:
                  attribute: RECIPIENT
                  address_lists: [on-exchange]
              operator: IS_TRUE
        actions:
          - relay:
              relay: RelayToMyExchangeServer
              action_failure_policy: DROP
      - name: rest
        unless: *on_exchange
        actions:
          - add_header:
              header_name: X-Gatepost
              header_value: rest
          - relay:
              relay: RelayToGoogleWorkspace

- name: Delete a rule set that no ingress point holds any more
  gatepost.mail.mailmanager_rule_set:
    name: by-recipient
    state: absent

- name: Relay what comes from gmail.com to Exchange, the rest to Google Workspace
  gatepost.mail.mailmanager_rule_set:
    name: main
    rules:
      - name: gmail-to-exchange
        conditions: &from_gmail
          - string_expression:
              evaluate:
                attribute: FROM
              operator: CONTAINS
              values: [gmail.com]
        actions:
          - relay:
              relay: RelayToMyExchangeServer
      - name: rest-to-google
        unless: *from_gmail
        actions:
          - relay:
              relay: RelayToGoogleWorkspace
              mail_from: PRESERVE
              action_failure_policy: CONTINUE

- name: Change the rules only if they pass their cases, and say what changes for past mail
  gatepost.mail.mailmanager_rule_set:
    name: main
    rules:
      - name: all-to-google
        actions:
          - relay:
              relay: RelayToGoogleWorkspace
    tests:
      cases: [policy-cases.yml]
      samples: samples
"""

RETURN = r"""
rule_set:
  description:
    - The rule set; C(null) when it is absent. In check mode what it would be, as far as that is
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
      description: Its name.
      returned: always
      type: str
    rules:
      description:
        - The rules, with names for relays, archives, address lists and add-on instances, and with
          defaults stated.
      returned: always
      type: list
      elements: dict
    created_date:
      description: When it was created, in ISO 8601.
      returned: once it exists
      type: str
    last_modification_date:
      description: When it was changed last, in ISO 8601.
      returned: once it exists
      type: str
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The rule set as the API prints it, which is what a relay host takes too.
  returned: success
  type: dict
policy_tests:
  description: What became of O(tests).
  returned: when O(tests) is set and there was something to judge
  type: dict
  contains:
    passed:
      description: How many cases passed.
      returned: always
      type: int
    failed:
      description: How many failed.
      returned: always
      type: int
    cases:
      description: Each case with C(case), C(file), C(passed) and C(problems).
      returned: always
      type: list
      elements: dict
    samples:
      description: How many samples were compared.
      returned: when samples were compared
      type: int
    different:
      description: The samples that the new rules treat differently.
      returned: when samples were compared
      type: list
      elements: str
    undecided:
      description: The samples that lack something which a rule asks, such as an SPF result.
      returned: when samples were compared
      type: list
      elements: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.lifecycle import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
from ansible_collections.gatepost.mail.plugins.module_utils.aws.rule_set import DEFINITION
from ansible_collections.gatepost.mail.plugins.module_utils.policy_gate import SPEC


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "rules": {"type": "list", "elements": "raw"},
            "tests": SPEC,
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    if module.params["tests"] is not None:
        # A gate that is not there must not look like one that is passed.
        module.fail_json(msg="tests: are carried out by the action plugin, which did not run")
    run(module, lambda options, services: prepare(DEFINITION, options, services))


if __name__ == "__main__":
    main()
