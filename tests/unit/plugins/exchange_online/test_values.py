"""Spellings that mean the same compare as the same; what the service would refuse is refused."""

from ipaddress import IPv4Address

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import values
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1/32 ", "192.0.2.1"),
        ("192.0.2.1-192.0.2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.17/24", "192.0.2.0/24"),
        ("192.0.2.0 - 192.0.2.255", "192.0.2.0/24"),
        ("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("what is this", "what is this"),
        ("192.0.2.9-192.0.2.1", "192.0.2.9-192.0.2.1"),
    ],
)
def test_an_address_as_held(held, canonical):
    assert values.address(held) == canonical


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_nothing_is_an_empty_list(nothing):
    assert values.listed(nothing) == []
    assert values.addresses(nothing) == {}


def test_order_and_repetition_mean_nothing():
    held = ["203.0.113.10", "odd", "203.0.113.9/32", "192.0.2.0/24", "203.0.113.9"]
    found = list(values.addresses(held))
    assert found == ["192.0.2.0/24", "203.0.113.9", "203.0.113.10", "odd"]
    assert values.addresses("192.0.2.1/32") == {"192.0.2.1": "192.0.2.1/32"}


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ("2001:db8::1", "takes IPv4"),
        ("206.55.132.0/23", "its 2 ranges of /24"),
        ("206.55.133.1/24", "host bits"),
        ("10.0.0.1", "private"),
        ("127.0.0.1", "private"),
        ("206.55.133.9-206.55.133.1", "ends before"),
        ("gateway.example.com", "does not appear"),
        ("", "does not appear"),
    ],
)
def test_what_the_service_would_refuse(given_, told):
    with pytest.raises(BadOption, match=told) as caught:
        values.wanted_addresses("ip_allow_list", ["206.55.133.0/24", given_], ranges=True)
    assert caught.value.option == "ip_allow_list[1]"


def test_a_connector_takes_no_ranges():
    with pytest.raises(BadOption, match="write it as CIDR"):
        values.wanted_addresses("x", ["206.55.133.1-206.55.133.9"], ranges=False)


def test_1273_entries_and_one_more():
    entries = [str(IPv4Address("8.0.0.0") + number) for number in range(1274)]
    values.within_limit("x", entries[:1273])
    with pytest.raises(BadOption, match=r"1274 entries.*1273.*Nothing was changed"):
        values.within_limit("x", entries)


@given(
    st.lists(st.integers(0, 30).map(str), unique=True),
    st.lists(st.integers(0, 30).map(str), unique=True),
)
def test_a_merge_loses_nobody(current, wanted):
    assert set(values.merged(current, wanted)) == {*current, *wanted}
    assert set(values.merged(current, wanted, purge=True)) == set(wanted)
    assert set(values.merged(current, wanted, absent=True)) == set(current) - set(wanted)


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        ("smtp:*;1", "*"),
        ("*", "*"),
        ("SMTP:Example.COM;1", "example.com"),
        ("example.com;5", "example.com;5"),
        ("smtp:*.example.com;1", "*.example.com"),
        ("X400:c=us;1", "X400:c=us;1"),
    ],
)
def test_a_sender_domain(held, canonical):
    assert values.space(held) == canonical


def test_sender_domains_of_an_option():
    given_ = ["smtp:Example.com;1", "*", "*.example.net"]
    assert values.wanted_spaces("sender_domains", given_) == ["*", "*.example.net", "example.com"]
    with pytest.raises(BadOption, match=r"sender_domains\[0\]"):
        values.wanted_spaces("sender_domains", ["not a domain"])


@pytest.mark.parametrize(
    ("held", "means"),
    [(True, True), ("On", True), ("off", False), ("True", True), (None, None), ("maybe", None)],
)
def test_a_switch(held, means):
    assert values.switch(held) is means
