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
      - All rules, in order. A set one replaces those that are there. Needed to create a rule set.
      - A rule holds C(actions) and, if need be, C(name), C(conditions) and C(unless), in the
        shape of
        the API's C(CreateRuleSet).
      - C(relay) of a Relay action is the name, id or ARN of a relay.
      - In a Relay action C(mail_from) defaults to V(PRESERVE) and C(action_failure_policy) to
        V(CONTINUE), as in the console; both are always sent.
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
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - gatepost.mail.attributes
  - gatepost.mail.mailmanager
"""

EXAMPLES = r"""
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
      description: The rules, with names for relays and defaults stated.
      returned: always
      type: list
      elements: dict
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
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import prepare
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
