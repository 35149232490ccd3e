#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: google_inbound_gateway_attestation
short_description: Record that a person saw the inbound gateway's settings in Google's console
version_added: 0.1.0
author: Gatepost maintainers (@gatepost)
description:
  - No API of Google reads or writes the inbound gateway of Gmail. What nobody can read,
    somebody can look at and put their name to.
  - This module keeps that statement in a JSON file, with who, when and a hash of exactly the
    settings that were seen.
  - The statement is void as soon as other settings are wanted, for example another region; then
    it must be made again.
  - It sets nothing at Google, and it holds no secret.
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing it.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
  idempotent:
    description: A second run with the same options changes nothing; the time of the first
      statement stays.
    support: full
options:
  domain:
    description: The mail domain whose Google Workspace tenant was looked at.
    type: str
    required: true
  path:
    description: The JSON file of the statement, on the controller or wherever the module runs.
      Its folder is made when missing.
    type: path
    required: true
  state:
    description: Whether the statement stands, or is withdrawn.
    type: str
    choices: [present, absent]
    default: present
  attested_by:
    description:
      - The person who saw the settings, by name or address.
      - Needed with O(state=present).
    type: str
  region:
    description: The AWS region of Mail Manager; its SMTP relay range is the gateway IP.
      Excludes O(gateway_ips).
    type: str
  gateway_ips:
    description: The gateways' CIDR ranges, for gateways other than Mail Manager. Excludes
      O(region).
    type: list
    elements: str
  detect_external_ip:
    description: Whether "Automatically detect external IP" is selected.
    type: bool
    default: true
  require_tls:
    description: Whether "Require TLS for connections from the email gateways listed above" is
      selected.
    type: bool
    default: true
  reject_others:
    description: Whether "Reject all mail not from gateway IPs" is selected; leave it off until
      the MX has moved.
    type: bool
    default: false
  note:
    description: Anything worth keeping with the statement, such as the number of a ticket.
    type: str
    default: ""
seealso:
  - module: gatepost.mail.google_inbound_gateway_info
"""

EXAMPLES = r"""
- name: State that the console shows what Mail Manager in eu-west-1 needs
  gatepost.mail.google_inbound_gateway_attestation:
    domain: example.com
    region: eu-west-1
    attested_by: Jane Roe
    note: CHG-1042
    path: attestations/example.com.json

- name: Withdraw the statement
  gatepost.mail.google_inbound_gateway_attestation:
    domain: example.com
    state: absent
    path: attestations/example.com.json
"""

RETURN = r"""
attestation:
  description: What the file says after the run, or would say in check mode; null when it is
    absent.
  returned: success
  type: dict
  sample:
    version: 1
    domain: example.com
    settings:
      enabled: true
      gateway_ips: ["206.55.133.0/24"]
      detect_external_ip: true
      require_tls: true
      reject_others: false
    settings_hash: sha256:6f3c
    attested_by: Jane Roe
    attested_at: "2026-03-01T09:30:00Z"
    note: CHG-1042
voided:
  description: Whether a statement about other settings stood there before.
  returned: success
  type: bool
"""

import json
from datetime import UTC, datetime

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google import attestation, settings


def wanted(params, current):
    """The attestation that should stand, None for none; pure but for the clock."""
    if params["state"] == "absent":
        if current is not None and current.settings.domain != params["domain"].lower():
            raise BadOption("domain", f"the file speaks of {current.settings.domain}")
        return None
    seen = settings.desired(
        params["domain"],
        region=params["region"],
        gateway_ips=params["gateway_ips"],
        detect_external_ip=params["detect_external_ip"],
        require_tls=params["require_tls"],
        reject_others=params["reject_others"],
    )
    who = attestation.person(params["attested_by"])
    return attestation.change(current, seen, who, params["note"], datetime.now(UTC))


def run(params, check_mode):
    """The module's result. Raises GatepostError."""
    current = attestation.read(params["path"])
    desired = wanted(params, current)
    if desired != current and not check_mode:
        if desired is None:
            attestation.remove(params["path"])
        else:
            attestation.write(params["path"], desired)
            desired = attestation.read(params["path"])
    before, after = (one and one.document() for one in (current, desired))
    return {
        "changed": before != after,
        "attestation": after,
        "voided": bool(current and desired and not current.covers(desired.settings)),
        "diff": {
            "before_header": params["path"],
            "after_header": params["path"],
            "before": _text(before),
            "after": _text(after),
        },
    }


def _text(document):
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n" if document else ""


def main():
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "attested_by": {"type": "str"},
            "region": {"type": "str"},
            "gateway_ips": {"type": "list", "elements": "str"},
            "detect_external_ip": {"type": "bool", "default": True},
            "require_tls": {"type": "bool", "default": True},
            "reject_others": {"type": "bool", "default": False},
            "note": {"type": "str", "default": ""},
        },
        mutually_exclusive=[("region", "gateway_ips")],
        required_if=[
            ("state", "present", ("attested_by",)),
            ("state", "present", ("region", "gateway_ips"), True),
        ],
        supports_check_mode=True,
    )
    try:
        result = run(module.params, module.check_mode)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
