"""PROXY headers by proxy-protocol.txt: the client's address, or an error, never a guess."""

import ipaddress
import struct

import pytest

from gatepost.smtp.proxy import Header, ProxyError, parse, unmapped

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = ipaddress.ip_address("192.0.2.1").packed + ipaddress.ip_address("192.0.2.9").packed
V6 = ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address("2001:db8::9").packed
MAPPED = ipaddress.ip_address("::ffff:192.0.2.1").packed * 2
PORTS = struct.pack("!HH", 4711, 25)


def v2(command: int, family: int, payload: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(payload)) + payload


GOOD = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 25\r\n", "192.0.2.1"),
    (b"PROXY TCP6 2001:DB8::1 2001:db8::9 4711 25\r\n", "2001:db8::1"),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 4711 25\r\n", "192.0.2.1"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN whatever it says\r\n", None),
    (v2(0x21, 0x11, V4 + PORTS), "192.0.2.1"),
    (v2(0x21, 0x21, V6 + PORTS), "2001:db8::1"),
    (v2(0x21, 0x21, MAPPED + PORTS), "192.0.2.1"),
    (v2(0x21, 0x11, V4 + PORTS + b"\x03\x00\x04abcd"), "192.0.2.1"),
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, V4 + PORTS), None),
]

BAD = [
    b"EHLO x\r\n",
    b"P\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 4711\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 65536\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 04711 25\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 025\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 25\n",
    b"PROXY UNKNOWN\n",
    b"PROXY UNKNOWN x\nEHLO x\r\n",
    b"PROXY TCP4 192.0.2.256 192.0.2.9 4711 25\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::9 4711 25\r\n",
    b"PROXY TCP6 192.0.2.1 192.0.2.9 4711 25\r\n",
    b"PROXY TCP5 192.0.2.1 192.0.2.9 4711 25\r\n",
    b"proxy TCP4 192.0.2.1 192.0.2.9 4711 25\r\n",
    b"PROXY  TCP4 192.0.2.1 192.0.2.9 4711 25\r\n",
    b"PROXY UNKNOWN " + b"x" * 100,
    v2(0x11, 0x11, V4 + PORTS),
    v2(0x22, 0x11, V4 + PORTS),
    v2(0x21, 0x12, V4 + PORTS),
    v2(0x21, 0x00, b""),
    v2(0x21, 0x31, b"\0" * 216),
    v2(0x21, 0x11, V4),
    v2(0x21, 0x21, V4 + PORTS),
    SIGNATURE + b"\x21\x11\xff\xff",
]


@pytest.mark.parametrize(("header", "address"), GOOD)
def test_a_header_is_read_as_soon_as_it_is_whole(header: bytes, address: str | None) -> None:
    for end in range(1, len(header)):
        assert parse(header[:end]) is None
    assert parse(header) == parse(header + b"EHLO x\r\n") == Header(address, len(header))


@pytest.mark.parametrize("header", BAD)
def test_a_wrong_header_is_an_error(header: bytes) -> None:
    with pytest.raises(ProxyError):
        parse(header)


def test_addresses_are_unmapped() -> None:
    assert unmapped("::ffff:192.0.2.1") == "192.0.2.1"
    assert unmapped("fe80::1%eth0") == "fe80::1"
    with pytest.raises(ValueError, match="does not appear"):
        unmapped("somewhere")
