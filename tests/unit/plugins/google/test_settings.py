"""What is wanted, its hash, and clear refusals."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import (
    desired,
    instructions,
)


def test_the_region_gives_the_range():
    assert desired("Example.COM", region="us-east-1").gateway_ips == ("206.55.129.0/24",)
    assert desired("Example.COM", region="us-east-1").domain == "example.com"


def test_the_hash_knows_order_and_spelling_apart_from_change():
    ranges = ["206.55.130.0/24", "206.55.129.0/24"]
    one = desired("example.com", gateway_ips=ranges)
    assert one.digest() == desired("example.com", gateway_ips=ranges[::-1] * 2).digest()
    others = [
        desired("example.org", gateway_ips=ranges),
        desired("example.com", gateway_ips=ranges[:1]),
        desired("example.com", gateway_ips=ranges, require_tls=False),
        desired("example.com", gateway_ips=ranges, detect_external_ip=False),
        desired("example.com", gateway_ips=ranges, reject_others=True),
    ]
    assert len({one.digest(), *(other.digest() for other in others)}) == 6


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "region"),
        ({"region": "us-east-1", "gateway_ips": ["206.55.129.0/24"]}, "region"),
        ({"region": "mars-north-1"}, "mars-north-1"),
        ({"gateway_ips": ["206.55.129.1/24"]}, r"gateway_ips\[0\]"),
        ({"gateway_ips": ["206.55.129.0/24", "192.168.0.0/16"]}, r"gateway_ips\[1\].*private"),
    ],
)
def test_bad_options_are_named(options, word):
    with pytest.raises(BadOption, match=word):
        desired("example.com", **options)


def test_a_bad_domain_is_named():
    with pytest.raises(BadOption, match="domain"):
        desired("nonsense", region="us-east-1")


def test_instructions_hold_the_computed_values():
    text = "\n".join(instructions(desired("example.com", region="eu-west-1")))
    assert "206.55.133.0/24" in text
    assert "https://admin.google.com/ac/apps/gmail/spam" in text
    assert "Reject all mail not from gateway IPs: leave unselected until the MX has moved" in text
