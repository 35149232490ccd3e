# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Trust stores compared by certificates and revocation lists, not by their text. Pure.

Comments, line lengths, order and repetition in PEM text mean nothing. What is shown of a trust
store is the SHA-256 fingerprint of each certificate and list, as `openssl x509 -fingerprint
-sha256` gives it, without colons.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

# Member, option, what the text must hold.
_TEXTS = (
    ("CAContent", "ca_content", "CERTIFICATE"),
    ("CrlContent", "crl_content", "X509 CRL"),
)
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----")
_BEGIN = "-----BEGIN "


def check(store: Mapping[str, str]) -> None:
    """Raises BadOption for text that is not PEM of what it should be, or holds none."""
    for member, option, label in _TEXTS:
        if member in store:
            _blocks(store[member], label, f"trust_store.{option}")


def shown(store: Mapping[str, Any]) -> dict[str, Any]:
    """A trust store as it is compared and shown. Text that is not PEM counts as itself."""
    made: dict[str, Any] = {}
    for member, option, label in _TEXTS:
        if store.get(member):
            try:
                blocks = _blocks(store[member], label, option)
            except BadOption:
                blocks = [store[member].strip().encode()]
            made[option] = sorted({f"sha256:{hashlib.sha256(each).hexdigest()}" for each in blocks})
    if store.get("KmsKeyArn"):
        made["kms_key_arn"] = store["KmsKeyArn"]
    return made


def _blocks(text: str, label: str, option: str) -> list[bytes]:
    """The DER of every block. Raises BadOption."""
    found = list(_BLOCK.finditer(text))
    if not found or text.count(_BEGIN) != len(found):
        reason = "holds a block that does not end" if _BEGIN in text else f"holds no {label}"
        raise BadOption(option, f"{reason}; PEM is expected, -----BEGIN {label}-----")
    made = []
    for number, block in enumerate(found):
        if block[1] != label:
            raise BadOption(option, f"holds a {block[1]} where a {label} is expected")
        try:
            der = base64.b64decode("".join(block[2].split()), validate=True)
        except binascii.Error:
            raise BadOption(option, f"block {number + 1} is not base64") from None
        if not _is_whole(der):
            raise BadOption(option, f"block {number + 1} is no whole {label}")
        made.append(der)
    return made


def _is_whole(der: bytes) -> bool:
    """Whether it is one ASN.1 SEQUENCE, of exactly the length that it states."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    octets = der[1] & 0x7F
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")
