"""What a TLS connection proves, in the words of the Mail Manager API.

Sources: RuleTlsProtocolAttribute, IngressTlsProtocolAttribute and RuleClientCertificateAttribute of
the API model; `ssl.SSLSocket.getpeercert`, whose dict holds only a certificate that was verified.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

_ALTERNATIVES = {
    "email": "SAN_RFC822_NAME",
    "DNS": "SAN_DNS_NAME",
    "DirName": "SAN_DIRECTORY_NAME",
    "URI": "SAN_UNIFORM_RESOURCE_IDENTIFIER",
    "IP Address": "SAN_IP_ADDRESS",
    "Registered ID": "SAN_REGISTERED_ID",
}


def version(connection: ssl.SSLObject) -> str:
    """ "TLS1_2", "TLS1_3"; older ones, if the context allows them, likewise."""
    return (connection.version() or "").replace("TLSv", "TLS").replace(".", "_")


def certificate(peer: Mapping[str, Any] | None) -> dict[str, tuple[str, ...]]:
    """peer: the dict of getpeercert(). Values by attribute name, in the certificate's order; empty
    without a verified certificate."""
    found: dict[str, list[str]] = {}
    for relative_name in (peer or {}).get("subject", ()):
        for kind, value in relative_name:
            if kind == "commonName":
                found.setdefault("CN", []).append(value)
    for kind, value in (peer or {}).get("subjectAltName", ()):
        attribute = _ALTERNATIVES.get(kind)
        if attribute is not None:
            text = value if isinstance(value, str) else _directory_name(value)
            found.setdefault(attribute, []).append(text)
    serial = (peer or {}).get("serialNumber")
    if serial:
        found["SERIAL_NUMBER"] = [serial]
    return {attribute: tuple(values) for attribute, values in found.items()}


def _directory_name(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A directory name in one line: "countryName=NO, commonName=edge"."""
    return ", ".join(f"{kind}={value}" for relative_name in name for kind, value in relative_name)
