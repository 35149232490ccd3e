"""Egress ranges and provider host names, as functions and as Jinja filters."""

from __future__ import annotations

import ipaddress

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gatepost.mail.plugins.filter.mail import FilterModule
from ansible_collections.gatepost.mail.plugins.module_utils import providers

PAGE = {  # the six that the console's page prints
    "eu-west-1": "206.55.133.0/24",
    "eu-central-1": "206.55.132.0/24",
    "us-west-2": "206.55.131.0/24",
    "ap-northeast-1": "206.55.130.0/24",
    "us-east-1": "206.55.129.0/24",
    "ap-southeast-2": "206.55.128.0/24",
}


@pytest.mark.parametrize(("region", "expected"), PAGE.items())
def test_ranges_of_the_page(region: str, expected: str) -> None:
    assert providers.egress_range(region) == expected


def test_every_range_is_a_distinct_network_of_29_regions() -> None:
    networks = {ipaddress.ip_network(cidr) for cidr in providers.EGRESS_RANGES.values()}
    assert len(networks) == len(providers.EGRESS_RANGES) == 29


@pytest.mark.parametrize("region", ["eu-west-9", "", "EU-WEST-1", None, 7])
def test_region_without_a_range(region: object) -> None:
    with pytest.raises(ValueError, match="has no SMTP relay range"):
        providers.egress_range(region)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("domain", "provider", "expected"),
    [
        ("acme.com", "microsoft_365", "acme-com.mail.protection.outlook.com"),
        ("Mail.Acme.CO.UK.", "microsoft_365", "mail-acme-co-uk.mail.protection.outlook.com"),
        ("bücher.example", "microsoft_365", "xn--bcher-kva-example.mail.protection.outlook.com"),
        ("acme.com", "google_workspace", "aspmx.l.google.com"),
    ],
)
def test_provider_host(domain: str, provider: str, expected: str) -> None:
    assert providers.provider_host(domain, provider) == expected


@pytest.mark.parametrize(
    "domain", ["acme", "", "a..b", "-a.com", "a b.com", "a.com\n", "x" * 64 + ".com", 3, True]
)
def test_what_is_not_a_domain(domain: object) -> None:
    with pytest.raises(ValueError, match="domain"):
        providers.provider_host(domain, "microsoft_365")  # type: ignore[arg-type]


def test_provider_of_a_host() -> None:
    assert providers.provider_of("ASPMX.L.GOOGLE.COM.") == "google_workspace"
    assert providers.provider_of("acme-com.mail.protection.outlook.com") == "microsoft_365"
    assert providers.provider_of("exchange.example.net") is None


def test_filters_report_their_name_and_the_reason() -> None:
    filters = FilterModule().filters()
    assert filters["egress_range"]("us-gov-east-1") == "216.221.188.0/24"
    with pytest.raises(AnsibleFilterError, match=r"gatepost\.mail\.egress_range: region 'mars-1'"):
        filters["egress_range"]("mars-1")
    with pytest.raises(AnsibleFilterError, match="provider 'aol' is unknown"):
        filters["provider_host"]("acme.com", "aol")
