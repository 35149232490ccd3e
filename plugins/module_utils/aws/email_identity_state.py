# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An identity as SES has it: read, shown, and waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity_records import (
    EXTERNAL,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import printable
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError, NotFound

Document = dict[str, Any]


def get(domain: str, services: Services) -> Document | None:
    try:
        return services["sesv2"].call("get_email_identity", EmailIdentity=domain)
    except NotFound:
        return None


def is_verified(document: Mapping[str, Any]) -> bool:
    return bool(document.get("VerifiedForSendingStatus"))


def has_mail_from(document: Mapping[str, Any]) -> bool:
    """Whether SES has found the MX record of the custom MAIL FROM domain."""
    return bool(document.get("MailFromAttributes", {}).get("MailFromDomainStatus") == "SUCCESS")


def shown(domain: str, current: Mapping[str, Any] | None) -> Document | None:
    """What options can set, as it compares. Pure."""
    if current is None:
        return None
    dkim = current.get("DkimAttributes", {})
    mail_from = current.get("MailFromAttributes", {})
    origin = dkim.get("SigningAttributesOrigin")
    own = origin == EXTERNAL
    name = mail_from.get("MailFromDomain") or None
    facts: Document = {
        "domain": domain,
        "tags": {tag["Key"]: tag["Value"] for tag in current.get("Tags", [])},
        "dkim_signing": bool(dkim.get("SigningEnabled")),
        "dkim_origin": origin,
        "dkim_selector": next(iter(dkim.get("Tokens", [])), None) if own else None,
        "dkim_key_length": None if own else dkim.get("NextSigningKeyLength"),
        "mail_from_domain": name,
        "mail_from_behavior_on_mx_failure": mail_from.get("BehaviorOnMxFailure") if name else None,
        "configuration_set_name": current.get("ConfigurationSetName") or None,
    }
    return {**facts, "dkim_private_key": "(set)"} if own else facts


def result(domain: str, document: Document | None, facts: Mapping[str, Any]) -> Document:
    """What the modules return. facts: what is shown, and `dns_records`."""
    dkim = (document or {}).get("DkimAttributes", {})
    mail_from = (document or {}).get("MailFromAttributes", {})
    records = facts["dns_records"]
    identity = {
        **{name: value for name, value in facts.items() if name != "dkim_private_key"},
        "domain": domain,
        "verified": is_verified(document or {}),
        "dkim_status": dkim.get("Status"),
        "mail_from_status": mail_from.get("MailFromDomainStatus"),
        "dkim_records": [each for each in records if "._domainkey." in each["name"]],
    }
    return {"identity": identity, "document": printable(document)}


def waiting(
    domain: str, timeout: int, mail_from: bool, current: Document | None, services: Services
) -> list[Callable[[], object]]:
    """The step that waits, none if there is nothing to wait for.

    mail_from: whether the custom MAIL FROM domain is waited for too. current: what was seen of it,
    None where that counts no longer.
    """

    def reached(document: Document | None) -> bool:
        if document is None:
            raise GatepostError(f"email identity {domain} was deleted while it was waited for")
        for what, status in (
            ("DKIM records", document.get("DkimAttributes", {}).get("Status")),
            ("MX record", document.get("MailFromAttributes", {}).get("MailFromDomainStatus")),
        ):
            if status == "FAILED" and (mail_from or what == "DKIM records"):
                raise GatepostError(
                    f"email identity {domain}: SES gave up looking for its {what}; publish what "
                    "dns_records lists, then delete the identity and create it again"
                )
        return is_verified(document) and (not mail_from or has_mail_from(document))

    if current and is_verified(current) and (not mail_from or has_mail_from(current)):
        return []
    return [
        lambda: until(
            f"email identity {domain}: verified (are its DKIM records in the DNS?)",
            lambda: get(domain, services),
            reached,
            timeout,
        )
    ]
