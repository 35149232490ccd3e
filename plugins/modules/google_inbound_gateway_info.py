#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: google_inbound_gateway_info
short_description: Say what is known about the inbound gateway of a Google Workspace tenant
version_added: 0.1.0
author: Gatepost maintainers (@gatepost)
description:
  - Gmail behind a gateway needs the inbound gateway setting of Google's administrator console.
    No API of Google reads or writes it,
    so this module reports, a sub-setting at a time, what is V(verified), V(attested) or
    V(unknown), and why.
  - V(verified) means read by Google's Policy API, should it ever show the setting, or proved by
    a delivered message.
  - V(attested) means that a named person stated exactly these settings
    (M(gatepost.mail.google_inbound_gateway_attestation)) and that the
    audit log, where it was read, shows no later change.
  - V(unknown) means neither; what contradicts the wish is V(unknown) too and is listed in
    RV(contradictions).
  - It returns exact instructions with the computed ranges and the console's page.
  - A source that was given and cannot be read is an error, never a verdict.
requirements:
  - google-auth and google-api-python-client, when O(credentials_file) is given
attributes:
  check_mode:
    description: Can run in check mode; it never changes anything.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  idempotent:
    description: It never changes anything.
    support: full
options:
  domain:
    description: The mail domain whose tenant is asked about.
    type: str
    required: true
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
    description: Whether "Automatically detect external IP" is wanted.
    type: bool
    default: true
  require_tls:
    description: Whether "Require TLS for connections from the email gateways listed above" is
      wanted.
    type: bool
    default: true
  reject_others:
    description: Whether "Reject all mail not from gateway IPs" is wanted.
    type: bool
    default: false
  attestation_file:
    description: The file of M(gatepost.mail.google_inbound_gateway_attestation). One that does
      not exist is no attestation.
    type: path
  message_file:
    description: A message that came through the gateway, raw as Gmail stored it. What it proves
      is taken into account.
    type: path
  credentials_file:
    description:
      - A service account's JSON file. Its client needs domain-wide delegation of the scopes
        cloud-identity.policies.readonly and
        admin.reports.audit.readonly.
      - Without it Google is not asked, and the result says so.
    type: path
  subject:
    description: The super administrator that the service account acts for. Needed with
      O(credentials_file).
    type: str
  endpoint:
    description: The URL of a server that is asked in Google's place, such as an emulator. If not
      set, the value of E(GATEPOST_GOOGLE_ENDPOINT) is used.
    type: str
seealso:
  - module: gatepost.mail.google_inbound_gateway_attestation
  - name: Set up an inbound mail gateway
    description: Google's page about the setting.
    link: https://support.google.com/a/answer/60730
"""

EXAMPLES = r"""
- name: What is known about the inbound gateway of example.com
  gatepost.mail.google_inbound_gateway_info:
    domain: example.com
    region: eu-west-1
    attestation_file: attestations/example.com.json
    credentials_file: "{{ lookup('ansible.builtin.env', 'GATEPOST_GOOGLE_CREDENTIALS') }}"
    subject: admin@example.com
  register: gateway

- name: Show what is left to do
  ansible.builtin.debug:
    var: gateway.instructions
  when: gateway.unknown | length > 0
"""

RETURN = r"""
settings:
  description: By sub-setting (enabled, gateway_ips, detect_external_ip, require_tls,
    reject_others) what is known.
  returned: success
  type: dict
  contains:
    desired:
      description: What is wanted.
      type: raw
    verdict:
      description: V(verified), V(attested) or V(unknown).
      type: str
    found:
      description: The value that was read or shown, null where none was.
      type: raw
    contradicted:
      description: Whether it was seen to differ from what is wanted.
      type: bool
    evidence:
      description: Sentences, the deciding one first.
      type: list
      elements: str
  sample:
    require_tls:
      desired: true
      verdict: attested
      found: null
      contradicted: false
      evidence: ["attested by Jane Roe on 2026-03-01 09:30 UTC"]
verified:
  description: Names of the verified sub-settings.
  returned: success
  type: list
  elements: str
attested:
  description: Names of the attested sub-settings.
  returned: success
  type: list
  elements: str
unknown:
  description: Names of the sub-settings that nothing is known about.
  returned: success
  type: list
  elements: str
contradictions:
  description: Names of the sub-settings that were seen to differ from what is wanted.
  returned: success
  type: list
  elements: str
settings_hash:
  description: The hash that an attestation of these settings is bound to.
  returned: success
  type: str
instructions:
  description: What a person does in the console, in order, with the computed ranges.
  returned: success
  type: list
  elements: str
console_url:
  description: The console's page.
  returned: success
  type: str
attestation:
  description: The statement in O(attestation_file), null when there is none.
  returned: success
  type: dict
attestation_valid:
  description: Whether it speaks of exactly these settings.
  returned: success
  type: bool
policy_api:
  description: Whether the Policy API was asked, and the policies that can be the inbound
    gateway's, raw.
  returned: success
  type: dict
audit_log:
  description: Whether the audit log was asked; its events on the inbound gateway, and Gmail's
    other changes of settings.
  returned: success
  type: dict
message:
  description: What the delivered message showed, null when none was given.
  returned: success
  type: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google import (
    client,
    inbound_gateway,
    settings,
    verdicts,
)


def run(params):
    """The module's result. Raises GatepostError."""
    wanted = settings.desired(
        params["domain"],
        region=params["region"],
        gateway_ips=params["gateway_ips"],
        detect_external_ip=params["detect_external_ip"],
        require_tls=params["require_tls"],
        reject_others=params["reject_others"],
    )
    access = None
    if params["credentials_file"]:
        access = client.Access(params["credentials_file"], params["endpoint"])
    report = inbound_gateway.inspect(
        wanted,
        attestation_file=params["attestation_file"],
        access=access,
        admin=params["subject"],
        message=_message(params["message_file"]),
    )
    return {"changed": False, **_result(report)}


def _message(path):
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadOption("message_file", f"{path}: {error.strerror}") from None


def _result(report):
    events = report.events or []
    attested, proof = report.attestation, report.message
    return {
        "settings": {one.name: one.document() for one in report.verdicts},
        "verified": report.by_verdict(verdicts.VERIFIED),
        "attested": report.by_verdict(verdicts.ATTESTED),
        "unknown": report.by_verdict(verdicts.UNKNOWN),
        "contradictions": report.contradictions,
        "settings_hash": report.settings.digest(),
        "instructions": settings.instructions(report.settings),
        "console_url": settings.CONSOLE_URL,
        "attestation": attested.document() if attested else None,
        "attestation_valid": bool(attested and attested.covers(report.settings)),
        "policy_api": {
            "asked": report.policies is not None,
            "note": _note(report.policies),
            "policies": report.policies or [],
        },
        "audit_log": {
            "asked": report.events is not None,
            "matched": [one.document() for one in events if one.concerns_inbound_gateway],
            "unmatched": [one.document() for one in events if not one.concerns_inbound_gateway],
        },
        "message": proof
        and {
            "proved": proof.proved,
            "connecting_ip": proof.connecting_ip,
            "tls": proof.tls,
            "client_ip": proof.client_ip,
            "dmarc": proof.dmarc,
        },
    }


def _note(policies):
    if policies is None:
        return inbound_gateway.NOT_ASKED
    return "shows the setting" if policies else "does not show the setting"


def main():
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "region": {"type": "str"},
            "gateway_ips": {"type": "list", "elements": "str"},
            "detect_external_ip": {"type": "bool", "default": True},
            "require_tls": {"type": "bool", "default": True},
            "reject_others": {"type": "bool", "default": False},
            "attestation_file": {"type": "path"},
            "message_file": {"type": "path"},
            "credentials_file": {"type": "path"},
            "subject": {"type": "str"},
            "endpoint": {"type": "str", "fallback": (env_fallback, ["GATEPOST_GOOGLE_ENDPOINT"])},
        },
        mutually_exclusive=[("region", "gateway_ips")],
        required_one_of=[("region", "gateway_ips")],
        required_by={"credentials_file": ("subject",)},
        supports_check_mode=True,
    )
    if module.params["credentials_file"] and client.IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib(client.REQUIREMENTS), exception=client.IMPORT_ERROR
        )
    try:
        result = run(module.params)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
