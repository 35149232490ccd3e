"""The paths of MAIL and RCPT, strictly by RFC 5321 section 4.1.2 and RFC 6531 section 3.3.

Accepted: dot-string and quoted local parts, domains, IPv4 and IPv6 literals, UTF-8 where the
grammar extends to it, the null reverse-path, source routes (read and ignored, as section 4.1.1.3
asks), <postmaster> as a forward-path. Anything else is an error: nothing is repaired or decoded.
An address is returned as the client spelled it.
"""

from __future__ import annotations

import ipaddress
import re

PATH_BYTES = 256
DOMAIN_BYTES = 255
LOCAL_PART_BYTES = 64

# UTF8-non-ascii without C1 controls, line and paragraph separators, surrogates and the BOM, which
# no mailbox needs and which log readers and terminals act upon.
_WIDE = "\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\U0010ffff"
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_WIDE}-]"
_DOT_STRING = rf"{_ATEXT}++(?:\.{_ATEXT}++)*+"
_QUOTED = rf'"(?:[ !#-\[\]-~{_WIDE}]|\\[ -~])*+"'
_LABEL = rf"[A-Za-z0-9{_WIDE}](?:[A-Za-z0-9{_WIDE}-]{{0,61}}[A-Za-z0-9{_WIDE}])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[[0-9A-Za-z:.]{2,52}\]"
_MAILBOX = rf"(?P<local>{_DOT_STRING}|{_QUOTED})@(?P<domain>{_DOMAIN}|{_LITERAL})"
_PATH = re.compile(rf"<(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?(?P<mailbox>{_MAILBOX})>")
_ALONE = re.compile(_MAILBOX)


class AddressError(ValueError):
    """str() is the reason in one clause, without the address itself."""


def reverse_path(text: str, local_part_bytes: int = LOCAL_PART_BYTES) -> tuple[str, str]:
    """The sender at the start of `text` and what follows its ">". "" is the null sender."""
    if text.startswith("<>"):
        return "", text[2:]
    return _path(text, local_part_bytes)


def forward_path(text: str, local_part_bytes: int = LOCAL_PART_BYTES) -> tuple[str, str]:
    """The recipient at the start of `text` and what follows its ">". The one without a domain is
    "postmaster", in the case that was sent."""
    if text[:12].lower() == "<postmaster>":
        return text[1:11], text[12:]
    if text.startswith("<>"):
        raise AddressError("a recipient cannot be the null path")
    return _path(text, local_part_bytes)


def is_mailbox(text: str, local_part_bytes: int = LOCAL_PART_BYTES) -> bool:
    """Whether `text` is a mailbox without angle brackets."""
    match = _ALONE.fullmatch(text)
    return match is not None and _excess(match, local_part_bytes) is None


def _path(text: str, local_part_bytes: int) -> tuple[str, str]:
    match = _PATH.match(text)
    if match is None:
        raise AddressError("not a path in angle brackets" if text[:1] != "<" else "malformed path")
    excess = _excess(match, local_part_bytes)
    if excess is not None:
        raise AddressError(excess)
    return match[1], text[match.end() :]


def _excess(match: re.Match[str], local_part_bytes: int) -> str | None:
    path = match[0]
    if (
        len(path) <= local_part_bytes <= DOMAIN_BYTES
        and path.isascii()
        and not path.endswith(("]>", "]"))
    ):
        return None  # no literal, nor is any part of it too long
    local, domain = match["local"], match["domain"]
    if domain[0] == "[" and not _is_literal(domain):
        return "malformed address literal"
    if len(local.encode()) > local_part_bytes:
        return f"local part longer than {local_part_bytes} octets"
    if len(domain.encode()) > DOMAIN_BYTES:
        return f"domain longer than {DOMAIN_BYTES} octets"
    if len(path.encode()) + (path[0] != "<") * 2 > PATH_BYTES:
        return f"path longer than {PATH_BYTES} octets"
    return None


def _is_literal(domain: str) -> bool:
    """IPv4-address-literal or IPv6-address-literal of RFC 5321 section 4.1.3."""
    inner = domain[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        return False
    return True
