#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_address_list
version_added: 0.1.0
short_description: Manage address lists of SES Mail Manager
description:
  - Creates and deletes address lists of Amazon SES Mail Manager, and adds and removes their
    members. Rules and traffic policies ask whether an address is in one.
  - Where more than 25 members are new, an import job brings them in; its file goes to the link that
    the service hands out, and what it imported is counted. Up to 25 are registered one by one.
  - The diff shows how many members there are and which come and go, at most 100 on either side.
author:
  - Gatepost maintainers (@gatepost)
options:
  members:
    description:
      - Entries that the list must hold, each an C(Address) in the API. They join those that are
        there, see O(purge_members). Not set, the members are left alone.
      - An entry is an address, or holds one C(*), which stands for any characters. Before the C(@)
        it has none or 3 to 19 characters beside it, such as V(*@example.com) and
        V(sales-*@example.com). In a domain it is the first label, with 2 to 9 labels after it, such
        as V(ann@*.example.com) and V(*.example.com).
      - Entries that differ in case alone are the same. A list holds at most 100000.
    type: list
    elements: str
  purge_members:
    description:
      - Whether members that O(members) does not hold are removed. Other tools and people may keep
        members in the same list, so that this must be asked for.
    type: bool
    default: false
seealso:
  - name: Address lists
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-addlist.html
  - module: gatepost.mail.mailmanager_address_list_info
  - module: gatepost.mail.mailmanager_traffic_policy
  - module: gatepost.mail.mailmanager_rule_set
notes:
  - The API cannot rename an address list.
  - O(wait) and O(wait_timeout) are about the import job. Without waiting nothing says whether all
    members were imported; the next run finds out.
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
- name: Keep a list of those whose mail is always let in
  gatepost.mail.mailmanager_address_list:
    name: partners
    members:
      - ann@example.org
      - "*@example.net"
      - "*.example.com"

- name: Add one more member
  gatepost.mail.mailmanager_address_list:
    name: partners
    members:
      - bob@example.org

- name: Hold these members and no others
  gatepost.mail.mailmanager_address_list:
    name: partners
    members:
      - bob@example.org
    purge_members: true

- name: Delete a list that no rule set and no traffic policy names any more
  gatepost.mail.mailmanager_address_list:
    name: partners
    state: absent
"""

RETURN = r"""
address_list:
  description:
    - The address list; C(null) when it is absent. In check mode what it would be, as far as that is
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
    member_count:
      description:
        - How many members it holds. M(gatepost.mail.mailmanager_address_list_info) tells which.
      returned: always
      type: int
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
  description: The address list as the API prints it, without its members.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.address_list import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, WAIT, run


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "members": {"type": "list", "elements": "str"},
            "purge_members": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            **STATE,
            **TAGS,
            **WAIT,
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    run(module, prepare)


if __name__ == "__main__":
    main()
