#!/usr/bin/python
# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_domain_info
version_added: 0.1.0
short_description: Say what the DNS of a mail domain holds, and what must change before its MX moves
description:
  - Reads the MX of a domain on every authoritative server and at a resolver, with its TTL; SPF,
    DKIM selectors, DMARC, TLS reporting, and MTA-STS with its policy.
  - Says whether the MX points at a gateway, and lists in order what must change before it may.
  - A server or a record that cannot be read is never taken for one that is not there. An
    authoritative server that does not answer is reported, and stands in the way of a move; a
    resolver that does not answer makes the module fail.
author:
  - Gatepost maintainers (@gatepost)
options:
  domain:
    description:
      - The mail domain.
    type: str
    required: true
  gateway_hosts:
    description:
      - The host names that the MX points at, or is to point at. For Mail Manager, the A record of
        the ingress point. Without them nothing is said about a move.
    type: list
    elements: str
    default: []
  dkim_selectors:
    description:
      - Selectors whose DKIM keys are read.
    type: list
    elements: str
    default: []
  mta_sts:
    description:
      - Whether to fetch the MTA-STS policy, where the domain has one.
    type: bool
    default: true
  mta_sts_port:
    description:
      - The port of the policy's HTTPS server.
      - If not set, the value of E(GATEPOST_MTA_STS_PORT) is used.
    type: int
    default: 443
  ca_file:
    description:
      - A PEM file with the certificate authorities to trust for the policy, in place of the
        system's.
      - If not set, the value of E(GATEPOST_MTA_STS_CA) is used.
    type: path
  resolver:
    description:
      - The resolver to ask, as an IP address with or without a port; the machine's, if not set.
      - If not set, the value of E(GATEPOST_DNS_RESOLVER) is used.
    type: str
  nameserver_port:
    description:
      - The port of the authoritative servers.
      - If not set, the value of E(GATEPOST_DNS_PORT) is used.
    type: int
    default: 53
  timeout:
    description:
      - How long to wait for an answer, in seconds.
    type: float
    default: 5
requirements:
  - dnspython
seealso:
  - module: gatepost.mail.mail_domain_mx
extends_documentation_fragment:
  - gatepost.mail.attributes.info
"""

EXAMPLES = r"""
- name: Ask what stands between example.com and its gateway
  gatepost.mail.mail_domain_info:
    domain: example.com
    gateway_hosts: [inbound-1.mail-manager-smtp.eu-west-1.amazonaws.com]
    dkim_selectors: [selector1, selector2]
  register: dns

- name: Show what must change, in order
  ansible.builtin.debug:
    msg: "{{ dns.changes | map(attribute='do') }}"
"""

RETURN = r"""
domain:
  description: The domain, in lower-case ASCII.
  returned: success
  type: str
zone:
  description: The zone that it is in.
  returned: success
  type: str
mx:
  description: What each server says.
  returned: success
  type: dict
  contains:
    servers:
      description: By authoritative server, C(server), C(address), C(mx), C(ttl) and C(error).
      returned: always
      type: list
      elements: dict
    resolver:
      description: The same of the resolver.
      returned: always
      type: dict
points_at_gateway:
  description: Whether every authoritative server and the resolver name O(gateway_hosts) and no
    other.
  returned: success
  type: bool
servers_agree:
  description: Whether all authoritative servers answer, and the same.
  returned: success
  type: bool
ready:
  description: Whether nothing in the DNS stands in the way of moving the MX.
  returned: success
  type: bool
changes:
  description:
    - What to change, in this order. What is C(blocking) must be done before the MX moves.
  returned: success
  type: list
  elements: dict
  sample:
    - topic: MTA-STS
      do: 'Add "mx: mx.example.net" to the policy of mta-sts.example.com, and keep what is there'
      why: senders that enforce it refuse a host that it does not name
      blocking: true
hosts:
  description: By host of the gateway, its C(addresses), and whether it is an C(alias).
  returned: success
  type: dict
spf:
  description: The SPF record with C(includes), the qualifier of C(all) and C(problems), or C(null).
  returned: success
  type: dict
dkim:
  description: By selector, the key record with C(tags) and C(problems), or C(null).
  returned: success
  type: dict
dmarc:
  description: The DMARC record with C(tags), C(problems) and the name that it stands C(at), or
    C(null).
  returned: success
  type: dict
mta_sts:
  description:
    - The MTA-STS C(record), C(null) without one; the C(policy), C(null) where none was fetched, and
      the C(error) that says why.
  returned: success
  type: dict
tls_reporting:
  description: The TLS reporting record with C(tags) and C(problems), or C(null).
  returned: success
  type: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.gatepost.mail.plugins.module_utils.dns import (
    facts,
    judgement,
    policy_file,
    resolver,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.providers import canonical_domain


def run(params):
    """The module's result. Raises GatepostError."""
    domain = _domain("domain", params["domain"])
    named = enumerate(params["gateway_hosts"])
    hosts = [_domain(f"gateway_hosts[{index}]", host) for index, host in named]
    dns = resolver.Dns(
        resolvers=(resolver.server("resolver", params["resolver"]),)
        if params["resolver"]
        else resolver.system_resolvers(),
        port=params["nameserver_port"],
        timeout=params["timeout"],
    )
    fetch = _fetch(params) if params["mta_sts"] else None
    found = facts.gather(dns, domain, hosts, params["dkim_selectors"], fetch)
    return {"changed": False, **shown(found), **judgement.judge(found, hosts).document()}


def _domain(option, text):
    try:
        return canonical_domain(text)
    except ValueError as error:
        raise BadOption(option, str(error)) from None


def _fetch(params):
    context = policy_file.trust(params["ca_file"])
    return lambda domain, addresses: policy_file.fetch(
        domain,
        addresses,
        context=context,
        port=params["mta_sts_port"],
        timeout=params["timeout"],
    )


def shown(found):
    """The facts as the module returns them."""
    return {
        "domain": found.domain,
        "zone": found.zone,
        "mx": {
            "servers": [_mx(one) for one in found.servers],
            "resolver": _mx(found.resolver),
        },
        "hosts": {name: asdict(host) for name, host in found.hosts.items()},
        "spf": _text(found.spf),
        "dkim": {selector: _text(key) for selector, key in found.dkim.items()},
        "dmarc": found.dmarc and {**found.dmarc.document(), "at": found.dmarc_at},
        "mta_sts": {
            "record": _text(found.mta_sts),
            "policy": _text(found.policy),
            "error": found.policy_error,
        },
        "tls_reporting": _text(found.tls_reporting),
    }


def _mx(server):
    return {**asdict(server), "mx": [f"{one.preference} {one.host}" for one in server.mx]}


def _text(record):
    return record.document() if record else None


def main():
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "gateway_hosts": {"type": "list", "elements": "str", "default": []},
            "dkim_selectors": {"type": "list", "elements": "str", "default": []},
            "mta_sts": {"type": "bool", "default": True},
            "mta_sts_port": {
                "type": "int",
                "default": 443,
                "fallback": (env_fallback, ["GATEPOST_MTA_STS_PORT"]),
            },
            "ca_file": {"type": "path", "fallback": (env_fallback, ["GATEPOST_MTA_STS_CA"])},
            "resolver": {"type": "str", "fallback": (env_fallback, ["GATEPOST_DNS_RESOLVER"])},
            "nameserver_port": {
                "type": "int",
                "default": 53,
                "fallback": (env_fallback, ["GATEPOST_DNS_PORT"]),
            },
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    if resolver.IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib(resolver.REQUIREMENTS), exception=resolver.IMPORT_ERROR
        )
    try:
        result = run(module.params)
    except GatepostError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
