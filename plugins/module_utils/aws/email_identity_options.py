# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of an email identity, validated before any call. Pure. No error quotes a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import dkim_key
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_SELECTOR = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY_LENGTHS = ("RSA_1024_BIT", "RSA_2048_BIT")
BEHAVIORS = ("USE_DEFAULT_VALUE", "REJECT_MESSAGE")


@dataclass(frozen=True)
class Wanted:
    """None leaves a setting alone; mail_from and configuration_set are "" to have none."""

    domain: str
    present: bool
    signing: bool
    key_length: str | None
    selector: str | None
    key: dkim_key.Key | None
    always: bool
    mail_from: str | None
    behavior: str | None
    configuration_set: str | None
    route53: bool
    zone: str | None
    overwrite: bool
    tags: dict[str, str] | None
    purge_tags: bool
    wait: bool
    timeout: int


def domain_name(option: str, value: str) -> str:
    """In lower case, without the final dot. Raises BadOption."""
    domain = value.rstrip(".").lower()
    if not _DOMAIN.fullmatch(domain):
        raise BadOption(option, f"is not a domain name: {value!r}")
    return domain


def wanted(options: Mapping[str, Any]) -> Wanted:
    """Validate the options. Raises BadOption."""
    domain = domain_name("domain", options["domain"])
    route53 = options["publish_dns"] == "route53"
    for name, unset in (("hosted_zone_id", None), ("overwrite_dns", False)):
        if options.get(name) not in (unset, "") and not route53:
            raise BadOption(name, "is for publish_dns=route53 alone")
    present = options["state"] == "present"
    return Wanted(
        domain=domain,
        present=present,
        signing=options["dkim_signing_enabled"],
        key_length=options.get("dkim_key_length"),
        selector=_selector(options),
        key=_key(options) if present else None,
        always=options["update_dkim_private_key"] == "always",
        mail_from=_mail_from(options.get("mail_from_domain"), domain),
        behavior=_behavior(options),
        configuration_set=_configuration_set(options.get("configuration_set_name")),
        route53=route53,
        zone=(options.get("hosted_zone_id") or "").rpartition("/")[2] or None,
        overwrite=options["overwrite_dns"],
        tags=given.valid_tags(options.get("tags")),
        purge_tags=options["purge_tags"],
        wait=options["wait"],
        timeout=options["wait_timeout"],
    )


def _selector(options: Mapping[str, Any]) -> str | None:
    selector: str | None = options.get("dkim_selector")
    if selector is None:
        return None
    if options.get("dkim_key_length") is not None:
        raise BadOption("dkim_key_length", "is for keys of SES; dkim_selector is for your own")
    if not _SELECTOR.fullmatch(selector):
        raise BadOption("dkim_selector", f"must be one label of a domain name, not {selector!r}")
    return selector


def _key(options: Mapping[str, Any]) -> dkim_key.Key | None:
    text = options.get("dkim_private_key")
    if text is None:
        return None
    if options.get("dkim_selector") is None:
        raise BadOption("dkim_selector", "is needed beside dkim_private_key")
    return dkim_key.parse(text)


def _mail_from(option: str | None, domain: str) -> str | None:
    if option is None or option == "":
        return option
    name = domain_name("mail_from_domain", option)
    if not name.endswith(f".{domain}"):
        raise BadOption("mail_from_domain", f"must be a subdomain of {domain}, not {option}")
    return name


def _behavior(options: Mapping[str, Any]) -> str | None:
    behavior: str | None = options.get("mail_from_behavior_on_mx_failure")
    if behavior is not None and options.get("mail_from_domain") == "":
        raise BadOption(
            "mail_from_behavior_on_mx_failure", "is not for an identity without mail_from_domain"
        )
    return behavior


def _configuration_set(option: str | None) -> str | None:
    if option and not _CONFIGURATION_SET.fullmatch(option):
        raise BadOption("configuration_set_name", "must be 1 to 64 letters, digits or any of _-")
    return option
