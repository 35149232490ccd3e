"""The PROXY protocol header, versions 1 and 2, as HAProxy's proxy-protocol.txt defines them.

Only who the client is is taken from it. A header that is wrong in any way is an error, never a
fallback to the proxy's own address: a policy on source addresses would judge the wrong one.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass
from functools import lru_cache

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V1_BYTES = 107
_V2_BYTES = 4096  # addresses and the TLVs of any proxy; the field itself would allow 65,535
_PORT = rb"(0|[1-9][0-9]{0,4})"  # a leading zero might be taken for octal
_V1 = re.compile(rb"PROXY (TCP4|TCP6) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) " + _PORT + b" " + _PORT)
_LOCAL, _PROXY = 0x20, 0x21
_STREAM4, _STREAM6 = 0x11, 0x21


class ProxyError(ValueError):
    """str() is the reason in one clause."""


@dataclass(frozen=True, slots=True)
class Header:
    """source_ip: the client's address; None when the proxy speaks for itself (LOCAL, UNKNOWN: its
    own health check). size: octets of the header."""

    source_ip: str | None
    size: int


def parse(data: bytes) -> Header | None:
    """The header at the start of `data`, None if more octets are needed. Raises ProxyError."""
    if data.startswith(_SIGNATURE[: len(data)]) and data[:1] == b"\r":
        return _version_2(data)
    if data.startswith(b"PROXY "[: len(data)]):
        return _version_1(data)
    raise ProxyError("no PROXY header")


@lru_cache(maxsize=4096)
def unmapped(address: str) -> str:
    """The textual address, an IPv4-mapped IPv6 one as IPv4, without a scope. Raises ValueError."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(found)


def _version_1(data: bytes) -> Header | None:
    end = data.find(b"\n", 0, _V1_BYTES)
    if end < 0:
        if len(data) >= _V1_BYTES:
            raise ProxyError("PROXY header longer than 107 octets")
        return None
    line, size = data[: end - 1], end + 1
    if data[end - 1 : end] != b"\r":
        raise ProxyError("PROXY header without CRLF")
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return Header(None, size)
    match = _V1.fullmatch(line)
    if match is None or int(match[4]) > 65535 or int(match[5]) > 65535:
        raise ProxyError("malformed PROXY header")
    kind = ipaddress.IPv4Address if match[1] == b"TCP4" else ipaddress.IPv6Address
    try:
        source = kind(match[2].decode())
        kind(match[3].decode())
    except ValueError:
        raise ProxyError("malformed address in the PROXY header") from None
    return Header(unmapped(str(source)), size)


def _version_2(data: bytes) -> Header | None:
    if len(data) < 16:
        return None
    command, family, length = struct.unpack_from("!BBH", data, 12)
    if length > _V2_BYTES:
        raise ProxyError("PROXY header too long")
    size = 16 + length
    if len(data) < size:
        return None
    if command == _LOCAL:
        return Header(None, size)
    if command != _PROXY:
        raise ProxyError("unknown PROXY version or command")
    if family == _STREAM4 and length >= 12:
        return Header(str(ipaddress.IPv4Address(data[16:20])), size)
    if family == _STREAM6 and length >= 36:
        return Header(unmapped(str(ipaddress.IPv6Address(data[16:32]))), size)
    raise ProxyError("PROXY header without a TCP address")
