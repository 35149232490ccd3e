# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The DNS records that an identity asks for, in the order in which they are published. Pure.

Source: SES developer guide, "Easy DKIM", "Bring your own DKIM", "Using a custom MAIL FROM domain".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.dkim_key import Key
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Record

EXTERNAL = "EXTERNAL"
_HOSTED = "dkim.amazonses.com"


def dkim(domain: str, attributes: Mapping[str, Any], key: Key | None) -> list[Record]:
    """One CNAME a token, or the TXT record of a key of one's own where that key is known.

    attributes: DkimAttributes, as the API prints them.
    """
    tokens = attributes.get("Tokens", [])
    if attributes.get("SigningAttributesOrigin") == EXTERNAL:
        return [Record("TXT", f"{each}._domainkey.{domain}", key.record) for each in tokens if key]
    hosted = attributes.get("SigningHostedZone") or _HOSTED
    return [Record("CNAME", f"{each}._domainkey.{domain}", f"{each}.{hosted}") for each in tokens]


def mail_from(name: str | None, region: str) -> list[Record]:
    """MX and SPF of a custom MAIL FROM domain."""
    if not name:
        return []
    return [
        Record("MX", name, f"10 feedback-smtp.{region}.amazonses.com"),
        Record("TXT", name, "v=spf1 include:amazonses.com ~all"),
    ]
