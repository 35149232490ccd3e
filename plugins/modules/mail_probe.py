#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_probe
version_added: 0.1.0
short_description: Send a marked message through a gateway, find it in the mailbox, and judge it
description:
  - Sends one message to a gateway, waits until it is in the recipient's mailbox, reads it back raw,
    and judges by what the provider wrote into it whether the gateway's settings are in force.
  - The mailbox is read by Gmail's API, by Microsoft Graph or by IMAP, as O(provider) says.
  - What the message proves is returned with its evidence, which are the hops with their delays and
    TLS versions, and one finding a setting. Whether that is enough is for the play to say.
  - In check mode nothing is sent.
author:
  - Gatepost maintainers (@gatepost)
options:
  provider:
    description:
      - Where the mailbox is. V(other) is any server with IMAP.
    type: str
    choices: [google_workspace, microsoft_365, other]
    required: true
  gateway_host:
    description:
      - The gateway's host name or address. For Mail Manager, the A record of the ingress point.
    type: str
    required: true
  gateway_port:
    description:
      - Its port.
      - If not set, the value of E(GATEPOST_INGRESS_PORT) is used.
    type: int
    default: 25
  resolver:
    description:
      - The resolver that is asked for the address of O(gateway_host), as an IP address with or
        without a port; the machine's, if not set.
      - If not set, the value of E(GATEPOST_DNS_RESOLVER) is used.
    type: str
  gateway_tls:
    description:
      - Whether TLS is used where it is offered, is required, is required with a certificate that is
        valid for O(gateway_host), or is not used.
    type: str
    choices: [may, require, verify, none]
    default: may
  helo:
    description:
      - The name given at EHLO; the machine's, if not set.
    type: str
  mail_from:
    description:
      - The sender. Its domain should let this machine send, or the message may be taken for spam.
    type: str
    required: true
  rcpt_to:
    description:
      - The recipient.
    type: str
    required: true
  subject:
    description:
      - The subject of the message.
    type: str
    default: Gatepost probe
  region:
    description:
      - The AWS region of Mail Manager; its SMTP relay range is the gateway's. Excludes
        O(gateway_ips).
    type: str
  gateway_ips:
    description:
      - The CIDR ranges that the gateway delivers from. Excludes O(region).
    type: list
    elements: str
  mailbox:
    description:
      - The mailbox to look in, where it is not that of O(rcpt_to).
    type: str
  credentials_file:
    description:
      - For Google, a service account's JSON file with domain-wide delegation of the scope
        gmail.readonly.
    type: path
  endpoint:
    description:
      - For Google, the URL of a server that is asked in its place.
      - If not set, the value of E(GATEPOST_GOOGLE_ENDPOINT) is used.
    type: str
  connector:
    description:
      - For Microsoft, the inbound connector that the message should be attributed to. The message
        trace is read to see; one that is not there yet proves nothing.
    type: str
  imap_host:
    description:
      - For V(other), the IMAP server.
    type: str
  imap_port:
    description:
      - Its port.
    type: int
    default: 993
  imap_tls:
    description:
      - Whether TLS begins with the connection or by STARTTLS. The certificate is judged in both
        cases.
    type: str
    choices: [implicit, starttls]
    default: implicit
  imap_username:
    description:
      - The user name.
    type: str
  imap_password:
    description:
      - The password.
    type: str
  imap_folders:
    description:
      - The folders to look in; INBOX and what the server calls junk, if not set.
    type: list
    elements: str
  message_file:
    description:
      - Where to write the message as it was delivered, for other modules and for the records.
    type: path
  wait_timeout:
    description:
      - How long to wait for the message, in seconds.
    type: int
    default: 300
requirements:
  - google-auth and google-api-python-client, for O(provider=google_workspace)
  - dnspython, for O(resolver)
seealso:
  - module: gatepost.mail.google_inbound_gateway_info
  - module: gatepost.mail.m365_inbound_connector_info
extends_documentation_fragment:
  - gatepost.mail.microsoft
attributes:
  check_mode:
    support: full
    description: Sends nothing and says so.
  diff_mode:
    support: N/A
    description: Changes no setting, so that there is nothing to show.
  idempotent:
    support: N/A
    description: Sends one message each time. It changes no setting and never reports a change.
"""

EXAMPLES = r"""
- name: Read where the gateway is
  gatepost.mail.mailmanager_ingress_point_info:
    region: eu-west-1
    name: gatepost-edge
  register: edge

- name: Prove the way of mail for example.com at Google Workspace
  gatepost.mail.mail_probe:
    provider: google_workspace
    gateway_host: "{{ edge.ingress_points[0].a_record }}"
    region: eu-west-1
    mail_from: probe@example.org
    rcpt_to: postmaster@example.com
    credentials_file: "{{ lookup('ansible.builtin.env', 'GATEPOST_GOOGLE_CREDENTIALS') }}"
    message_file: evidence/example.com.eml
  register: probe

- name: Require the proof
  ansible.builtin.assert:
    that: probe.proved
    fail_msg: "{{ probe.findings | to_nice_json }}"
"""

RETURN = r"""
sent:
  description: The C(message_id), and the gateway's C(reply), C(tls) and C(cipher); C(null) in check
    mode.
  returned: success
  type: dict
seconds:
  description: How long it took from the gateway's reply until the message was found; C(null) in
    check mode.
  returned: success
  type: float
proved:
  description:
    - Whether the message went through the gateway with TLS and the provider saw where it came from
      before. Of V(other) only the first can be said. False in check mode.
  returned: success
  type: bool
findings:
  description:
    - By setting, whether it C(holds) (C(null) when the message says nothing of it) and the
      C(proof).
  returned: success
  type: dict
  sample:
    skip_last_ip:
      holds: true
      proof: 206.55.133.9 was skipped; the origin is 198.51.100.7
hops:
  description:
    - The servers that took the message, in order, each with C(received_by), C(sent_by), C(address),
      C(protocol), C(tls), C(cipher), C(at) and C(delay) in seconds.
  returned: success
  type: list
  elements: dict
connecting_ip:
  description: Who the provider took the message from.
  returned: success
  type: str
original_ip:
  description: Where the provider thinks that it came from.
  returned: success
  type: str
tls:
  description: The TLS version with which the provider took it, empty without TLS.
  returned: success
  type: str
"""

import re
import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.gatepost.mail.plugins.module_utils import providers
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.dns import resolver
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    headers,
    login,
    trace,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.main import (
    AUTH,
    exchange_online,
    graph,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google import client, settings
from ansible_collections.gatepost.mail.plugins.module_utils.mail import imap, probe, proof, smtp


def run(params, check_mode):
    """The module's result. Raises GatepostError."""
    sender = probe.address("mail_from", params["mail_from"])
    recipient = probe.address("rcpt_to", params["rcpt_to"])
    wanted = settings.desired(
        recipient.rpartition("@")[2], region=params["region"], gateway_ips=params["gateway_ips"]
    )
    mailbox = params["mailbox"] or recipient
    find = _finder(params, mailbox)
    exchange = exchange_online(params) if params["connector"] else None
    if check_mode:
        nothing = proof.judge(b"", params["provider"], wanted.gateway_ips)
        return {"sent": None, "seconds": None, **nothing.document(), "proved": False}
    made = probe.compose(sender, recipient, params["subject"], uuid.uuid4().hex, datetime.now(UTC))
    taken = smtp.send(_gateway(params), made.content, sender, recipient)
    start = time.monotonic()
    raw = until(
        f"message {made.message_id} (taken by the gateway: {taken.reply}) in {mailbox}",
        lambda: find(made.message_id),
        lambda found: found is not None,
        params["wait_timeout"],
    )
    seconds = round(time.monotonic() - start, 3)
    _keep(params["message_file"], raw)
    judged = proof.judge(raw, params["provider"], wanted.gateway_ips).document()
    if exchange is not None:
        events = trace.details(exchange, made.message_id, recipient) or ()
        found = headers.judge_trace(events, params["connector"])
        judged["findings"]["connector"] = asdict(found)
    sent = {"message_id": made.message_id, **taken.document()}
    return {"sent": sent, "seconds": seconds, **judged}


def _finder(params, mailbox):
    """How to look for a message, by its Message-ID."""
    if params["provider"] == providers.GOOGLE_WORKSPACE:
        access = client.Access(params["credentials_file"], params["endpoint"])
        return lambda message_id: client.find_message(access, mailbox, message_id)
    if params["provider"] == providers.MICROSOFT_365:
        messages = graph(params)
        return lambda message_id: messages.find_message(mailbox, message_id)
    return imap.Mailbox(
        host=params["imap_host"],
        port=params["imap_port"],
        username=params["imap_username"],
        password=params["imap_password"],
        tls=params["imap_tls"],
        folders=params["imap_folders"],
        ca_file=params["ca_file"],
    ).find_message


def _gateway(params):
    return smtp.Gateway(
        address=_address(params["gateway_host"], params["resolver"]),
        host=params["gateway_host"],
        port=params["gateway_port"],
        tls=params["gateway_tls"],
        helo=params["helo"],
        ca_file=params["ca_file"],
    )


def _address(host, asked):
    """The host's address by the resolver that was named, else None."""
    if not asked or re.fullmatch(r"[0-9.]+|[0-9a-f:]+", host, re.I):
        return None
    found = resolver.Dns((resolver.server("resolver", asked),)).addresses(host)
    if not found:
        raise BadOption("gateway_host", f"{host} has no address")
    return found[0]


def _keep(path, raw):
    if path is None:
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(raw)
    except OSError as error:
        raise BadOption("message_file", f"{path}: {error.strerror}") from None


def main():
    module = AnsibleModule(
        argument_spec={
            "provider": {"type": "str", "choices": list(proof.PROVIDERS), "required": True},
            "gateway_host": {"type": "str", "required": True},
            "gateway_port": {
                "type": "int",
                "default": 25,
                "fallback": (env_fallback, ["GATEPOST_INGRESS_PORT"]),
            },
            "resolver": {"type": "str", "fallback": (env_fallback, ["GATEPOST_DNS_RESOLVER"])},
            "gateway_tls": {"type": "str", "choices": list(smtp.TLS), "default": smtp.MAY},
            "helo": {"type": "str"},
            "mail_from": {"type": "str", "required": True},
            "rcpt_to": {"type": "str", "required": True},
            "subject": {"type": "str", "default": "Gatepost probe"},
            "region": {"type": "str"},
            "gateway_ips": {"type": "list", "elements": "str"},
            "mailbox": {"type": "str"},
            "credentials_file": {"type": "path"},
            "endpoint": {"type": "str", "fallback": (env_fallback, ["GATEPOST_GOOGLE_ENDPOINT"])},
            "connector": {"type": "str"},
            "imap_host": {"type": "str"},
            "imap_port": {"type": "int", "default": 993},
            "imap_tls": {
                "type": "str",
                "choices": [imap.IMPLICIT, imap.STARTTLS],
                "default": imap.IMPLICIT,
            },
            "imap_username": {"type": "str"},
            "imap_password": {"type": "str", "no_log": True},
            "imap_folders": {"type": "list", "elements": "str"},
            "message_file": {"type": "path"},
            "wait_timeout": {"type": "int", "default": 300},
            **AUTH,
        },
        mutually_exclusive=[("region", "gateway_ips")],
        required_one_of=[("region", "gateway_ips")],
        required_if=[
            ("provider", "google_workspace", ("credentials_file",)),
            ("provider", "other", ("imap_host", "imap_username", "imap_password")),
        ],
        supports_check_mode=True,
    )
    needed = (
        (module.params["provider"] == "google_workspace", client),
        (module.params["provider"] == "microsoft_365", login),
        (bool(module.params["resolver"]), resolver),
    )
    for wanted, library in needed:
        if wanted and library.IMPORT_ERROR:
            module.fail_json(
                msg=missing_required_lib(library.REQUIREMENTS), exception=library.IMPORT_ERROR
            )
    try:
        result = run(module.params, module.check_mode)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
