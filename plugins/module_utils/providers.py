# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the providers and the regions are called: egress ranges and host names, as data.

Pure: values in, values out; ValueError says what is wrong with a region, a domain or a provider.
Sources: AWS General Reference, SES endpoints, "SMTP relay IP ranges"; SES developer guide.
"""

from __future__ import annotations

import difflib
import re

# The range that Mail Manager connects from, which the provider behind it must trust, by region.
EGRESS_RANGES: dict[str, str] = {
    region: f"{prefix}.{third}.0/24"
    for prefix, thirds in {
        "206.55": {
            "ap-southeast-2": 128,
            "us-east-1": 129,
            "ap-northeast-1": 130,
            "us-west-2": 131,
            "eu-central-1": 132,
            "eu-west-1": 133,
            "us-east-2": 134,
            "eu-north-1": 135,
            "ap-south-1": 136,
            "eu-west-3": 137,
            "sa-east-1": 138,
            "ap-northeast-2": 139,
            "ap-northeast-3": 140,
            "eu-west-2": 141,
            "us-west-1": 142,
            "ap-southeast-1": 143,
        },
        "216.221": {
            "ca-central-1": 176,
            "me-central-1": 177,
            "ap-southeast-5": 178,
            "me-south-1": 179,
            "ap-southeast-3": 180,
            "il-central-1": 181,
            "eu-south-1": 182,
            "af-south-1": 183,
            "eu-central-2": 184,
            "ap-south-2": 185,
            "ca-west-1": 186,
            "us-gov-west-1": 187,
            "us-gov-east-1": 188,
        },
    }.items()
    for region, third in thirds.items()
}

GOOGLE_WORKSPACE = "google_workspace"
MICROSOFT_365 = "microsoft_365"
PROVIDERS = (GOOGLE_WORKSPACE, MICROSOFT_365)

GOOGLE_HOST = "aspmx.l.google.com"
MICROSOFT_SUFFIX = ".mail.protection.outlook.com"

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def egress_range(region: str) -> str:
    """The CIDR that Mail Manager's relays of a region connect from.

    Raises ValueError, naming the nearest known regions, for a region without a range.
    """
    try:
        return EGRESS_RANGES[region]
    except (KeyError, TypeError):
        near = difflib.get_close_matches(str(region), EGRESS_RANGES, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see the list in the documentation"
        raise ValueError(
            f"region {region!r} has no SMTP relay range ({hint}); Mail Manager relays run in "
            f"{', '.join(sorted(EGRESS_RANGES))}"
        ) from None


def provider_host(domain: str, provider: str) -> str:
    """The host name of the provider's public SMTP server for a domain.

    acme.com at Microsoft 365 is acme-com.mail.protection.outlook.com; Google has one for all.
    Raises ValueError for what is not a domain name of at least two labels, or an unknown provider.
    """
    if provider not in PROVIDERS:
        raise ValueError(f"provider {provider!r} is unknown; it is one of {', '.join(PROVIDERS)}")
    name = canonical_domain(domain)
    if provider == GOOGLE_WORKSPACE:
        return GOOGLE_HOST
    return name.replace(".", "-") + MICROSOFT_SUFFIX


def canonical_domain(domain: str) -> str:
    """A domain name in lower-case ASCII without a final dot. Raises ValueError."""
    if not isinstance(domain, str):
        raise ValueError(f"domain must be a string, not {type(domain).__name__}")
    name = domain.lower().removesuffix(".")
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError as error:
        raise ValueError(f"domain {domain!r} is not a domain name: {error}") from None
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(LABEL.fullmatch(part) for part in labels):
        raise ValueError(f"domain {domain!r} is not a domain name such as example.com")
    return name


def provider_of(host: str) -> str | None:
    """The provider that a relay's host name belongs to, None for any other host."""
    name = host.lower().removesuffix(".")
    if name == GOOGLE_HOST or name.endswith((".aspmx.l.google.com", ".googlemail.com")):
        return GOOGLE_WORKSPACE
    if name.endswith(MICROSOFT_SUFFIX):
        return MICROSOFT_365
    return None
