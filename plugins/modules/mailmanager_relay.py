#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mailmanager_relay
version_added: 0.1.0
short_description: Manage SMTP relays of SES Mail Manager
description:
  - Creates, changes, renames and deletes SMTP relays of Amazon SES Mail Manager.
  - An inbound relay goes to Google Workspace or Microsoft 365 on port 25 without authentication; an
    outbound relay authenticates with a secret that M(gatepost.mail.mailmanager_secret) makes.
author:
  - Gatepost maintainers (@gatepost)
options:
  server_name:
    description:
      - Host name or address of the SMTP server, C(ServerName) in the API. Needed to create a relay.
    type: str
  server_port:
    description:
      - Port of the SMTP server, C(ServerPort) in the API, 1 to 65535. Needed to create a relay.
    type: int
  authentication:
    description:
      - How the relay authenticates, C(Authentication) in the API; exactly one of C(secret_arn) and
        C(no_authentication). Needed to create a relay.
      - C(secret_arn) is the ARN or the name of a secret that holds C(username) and C(password).
        Before the relay is given another secret than it has, the secret is judged. One that Mail
        Manager could not use is an error that says what to mend. What the caller may not read of
        it, and what is risky, is a warning.
      - C(no_authentication) is an empty mapping. To a server that is neither Google's nor
        Microsoft's the module warns, because SES supports no other.
    type: dict
seealso:
  - name: SMTP relay
    description: The page of the SES developer guide.
    link: https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html
  - module: gatepost.mail.mailmanager_relay_info
  - module: gatepost.mail.mailmanager_secret
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
- name: Relay inbound mail to Google Workspace
  gatepost.mail.mailmanager_relay:
    name: RelayToGoogleWorkspace
    server_name: aspmx.l.google.com
    server_port: 25
    authentication:
      no_authentication: {}

- name: Have a key that Mail Manager may use
  gatepost.mail.mailmanager_kms_key:
    alias: gatepost
    purpose: relay

- name: Have a secret with the credentials for an Exchange server
  gatepost.mail.mailmanager_secret:
    name: gatepost/RelayToMyExchangeServer
    purpose: relay
    kms_key_id: alias/gatepost
    username: relay@example.com
    password: "{{ exchange_password | default('only-an-example') }}"

- name: Relay outbound mail to the Exchange server, with the credentials
  gatepost.mail.mailmanager_relay:
    name: RelayToMyExchangeServer
    server_name: exchange.example.com
    server_port: 587
    authentication:
      secret_arn: gatepost/RelayToMyExchangeServer
    tags:
      team: mail
  register: outbound

- name: Have it dial another server; what is not set stays as it is
  gatepost.mail.mailmanager_relay:
    name: RelayToMyExchangeServer
    server_name: exchange2.example.com

- name: Rename the relay
  gatepost.mail.mailmanager_relay:
    id: "{{ outbound.relay.id }}"
    name: RelayToExchangeOnSite

- name: Delete a relay that no rule set names any more
  gatepost.mail.mailmanager_relay:
    name: RelayToExchangeOnSite
    state: absent
"""

RETURN = r"""
relay:
  description:
    - The relay; C(null) when it is absent. In check mode what it would be, as far as that is
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
    server_name:
      description: Host name of the SMTP server.
      returned: always
      type: str
    server_port:
      description: Port of the SMTP server.
      returned: always
      type: int
    authentication:
      description: C(secret_arn), or C(no_authentication) and an empty mapping.
      returned: always
      type: dict
    created_timestamp:
      description: When it was created, in ISO 8601.
      returned: once it exists
      type: str
    last_modified_timestamp:
      description: When it was changed last, in ISO 8601.
      returned: once it exists
      type: str
    tags:
      description: Its tags.
      returned: always
      type: dict
document:
  description: The relay as the API prints it, which is what a relay host takes too.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gatepost.mail.plugins.module_utils.aws.lifecycle import prepare
from ansible_collections.gatepost.mail.plugins.module_utils.aws.main import STATE, TAGS, run
from ansible_collections.gatepost.mail.plugins.module_utils.aws.relay import DEFINITION


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "server_name": {"type": "str"},
            "server_port": {"type": "int"},
            "authentication": {"type": "dict"},
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
