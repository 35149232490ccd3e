#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sesv2_email_identity_info
version_added: 0.1.0
short_description: Read which domains Amazon SES has verified
description:
  - Reads the email identities of all domains in a region, or of one.
author:
  - Gatepost maintainers (@gatepost)
options:
  domain:
    description:
      - Return only the identity of this domain.
    type: str
seealso:
  - module: gatepost.mail.sesv2_email_identity
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - gatepost.mail.attributes.info
"""

EXAMPLES = r"""
- name: Read whether a domain is verified
  gatepost.mail.sesv2_email_identity_info:
    domain: example.com
"""

RETURN = r"""
identities:
  description:
    - The identities, each as M(gatepost.mail.sesv2_email_identity) returns it. The record of a key
      of one's own is not among the records, because SES does not tell it.
  returned: success
  type: list
  elements: dict
documents:
  description: The same as the API prints them.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity import info
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import inform


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"domain": {"type": "str"}},
        supports_check_mode=True,
    )
    inform(module, info)


if __name__ == "__main__":
    main()
