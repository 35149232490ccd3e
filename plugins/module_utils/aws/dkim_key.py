# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A DKIM key of one's own: as SES takes it, and its public half as the DNS shows it. Pure.

Sources: SESv2 API reference, DkimSigningAttributes (base64, RSA of 1024 to 2048 bits); RFC 6376,
section 3.6.1 (the TXT record). No error quotes the key.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

_OPTION = "dkim_private_key"
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
_LEAST_BITS, _MOST_BITS = 1024, 2048


@dataclass(frozen=True)
class Key:
    """private, public: base64 of DER, without line breaks. The repr shows neither."""

    private: str
    public: str

    def __repr__(self) -> str:
        return "Key()"

    @property
    def record(self) -> str:
        """The text of the TXT record."""
        return f"v=DKIM1; k=rsa; p={self.public}"


def parse(text: str) -> Key:
    """From PEM (PKCS #1 or #8, not encrypted) or the base64 inside of it. Raises BadOption."""
    if not HAS_CRYPTOGRAPHY:
        raise GatepostError(missing_required_lib("cryptography"))
    found = _PEM.search(text)
    if found is not None and ("ENCRYPTED" in found[1] or "ENCRYPTED" in found[2]):
        raise BadOption(_OPTION, "is encrypted; SES takes keys without a passphrase")
    body = "".join((found[2] if found else text).split())
    try:
        key = serialization.load_der_private_key(base64.b64decode(body, validate=True), None)
    except (ValueError, TypeError, binascii.Error):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadOption(_OPTION, "is not an RSA private key in PEM or base64")
    if not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise BadOption(
            _OPTION, f"has {key.key_size} bits; SES takes {_LEAST_BITS} to {_MOST_BITS}"
        )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Key(body, base64.b64encode(public).decode())
