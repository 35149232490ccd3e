#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_archive
version_added: 0.1.0
short_description: Manage archives of SES Mail Manager
description:
  - Creates, changes, renames and deletes archives of Amazon SES Mail Manager, in which rules keep
    messages.
  - A deleted archive is C(PENDING_DELETION) for 30 days, during which its messages are out of reach
    and its name is taken. The API cannot take the deletion back, so O(state=present) fails for such
    an archive, and O(state=absent) changes nothing more.
author:
  - Gatepost maintainers (@gatepost)
options:
  retention:
    description:
      - How long messages are kept, C(Retention) in the API. Needed to create an archive, because
        the API's own default is not documented.
      - C(retention_period) is one of V(THREE_MONTHS), V(SIX_MONTHS), V(NINE_MONTHS), V(ONE_YEAR),
        V(EIGHTEEN_MONTHS), V(TWO_YEARS), V(THIRTY_MONTHS), V(THREE_YEARS), V(FOUR_YEARS),
        V(FIVE_YEARS), V(SIX_YEARS), V(SEVEN_YEARS), V(EIGHT_YEARS), V(NINE_YEARS), V(TEN_YEARS) and
        V(PERMANENT).
    type: dict
  kms_key_arn:
    description:
      - The customer managed key that encrypts the messages, C(KmsKeyArn) in the API, by its ARN,
        its id, C(alias/NAME) or an alias's ARN. Cannot change after creation.
      - Not set when an archive is created, a key of AWS encrypts them.
    type: str
seealso:
  - name: Email archiving
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-archiving.html
  - module: gatepost.mail.mailmanager_archive_info
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
- name: Keep messages for a year
  gatepost.mail.mailmanager_archive:
    name: inbound
    retention:
      retention_period: ONE_YEAR
    tags:
      team: mail
  register: inbound

- name: Keep them for seven years from now on
  gatepost.mail.mailmanager_archive:
    name: inbound
    retention:
      retention_period: SEVEN_YEARS

- name: Rename the archive
  gatepost.mail.mailmanager_archive:
    id: "{{ inbound.archive.id }}"
    name: inbound-mail

- name: Delete an archive that no rule set names any more
  gatepost.mail.mailmanager_archive:
    name: inbound-mail
    state: absent
"""

RETURN = r"""
archive:
  description:
    - The archive; C(null) when there is none. In check mode what it would be, as far as that is
      known.
    - After a deletion it is there, with RV(archive.archive_state) V(PENDING_DELETION).
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
    archive_state:
      description: V(ACTIVE) or V(PENDING_DELETION).
      returned: when it exists
      type: str
    retention:
      description: C(retention_period).
      returned: always
      type: dict
    kms_key_arn:
      description: ARN of the key that encrypts the messages.
      returned: when it has one
      type: str
    created_timestamp:
      description: When it was created, ISO 8601.
      returned: when it exists
      type: str
    last_updated_timestamp:
      description: When it was last changed, ISO 8601.
      returned: when it exists
      type: str
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The archive as the API prints it.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.archive import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "retention": {"type": "dict"},
            "kms_key_arn": {"type": "str", "no_log": False},
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
