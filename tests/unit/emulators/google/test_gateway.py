"""The inbound gateway's setting takes what the console takes."""

import pytest

from emulators.google.gateway import InvalidSetting, parse_gateway


def test_an_enabled_gateway_lists_addresses_of_its_ranges():
    setting = parse_gateway({"enabled": True, "gateway_ips": ["206.55.129.0/24"]})
    assert setting.lists("206.55.129.255")
    assert not setting.lists("206.55.130.1")


def test_a_disabled_gateway_lists_nothing_and_keeps_its_ranges():
    setting = parse_gateway({"enabled": False, "gateway_ips": ["206.55.129.0/24"]})
    assert not setting.lists("206.55.129.1")
    assert setting.document()["gateway_ips"] == ["206.55.129.0/24"]


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ([], "object"),
        ({"enable": True}, "enable"),
        ({"enabled": "yes"}, "enabled"),
        ({"require_tls": 1}, "require_tls"),
        ({"enabled": True}, "gateway_ips"),
        ({"gateway_ips": "206.55.129.0/24"}, "gateway_ips"),
        ({"gateway_ips": ["206.55.129.1/24"]}, r"gateway_ips\[0\]"),
        ({"gateway_ips": ["206.55.129.0/24", "10.0.0.0/8"]}, r"gateway_ips\[1\].*private"),
        ({"gateway_ips": [None]}, r"gateway_ips\[0\]"),
    ],
)
def test_bad_settings_name_the_member(document, word):
    with pytest.raises(InvalidSetting, match=word):
        parse_gateway(document)
