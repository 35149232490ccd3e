"""A DNS of a test's own, answering as `Resolver` does, and messages signed by dkimpy."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

import dkim
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdata import Rdata

from gatepost.resolver import Unreadable

SILENT = object()
HANGING = object()


class Zone:
    """records: by "name TYPE", each a list of values in the form of zone files, SILENT or HANGING.
    asked: the questions, in order."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        self.records = {key.lower(): value for key, value in records.items()}
        self.asked: list[str] = []

    async def ask(self, name: str, kind: str) -> tuple[Rdata, ...]:
        question = f"{name} {kind}"
        self.asked.append(question)
        found = self.records.get(question.lower(), ())
        if found is SILENT:
            raise Unreadable(f"DNS gave no answer for {question}")
        if found is HANGING:
            await asyncio.Event().wait()
        rdtype = dns.rdatatype.from_text(kind)
        return tuple(dns.rdata.from_text(dns.rdataclass.IN, rdtype, each) for each in found)

    async def texts(self, name: str) -> list[bytes]:
        return [b"".join(each.strings) for each in await self.ask(name, "TXT")]  # type: ignore[attr-defined]


@cache
def key(bits: int) -> tuple[bytes, str]:
    """A private key as dkimpy takes it, and the value of its TXT record."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = made.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, quoted(b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def quoted(text: bytes) -> str:
    """A TXT value in strings of at most 255 octets."""
    pieces = [text[at : at + 255].decode() for at in range(0, len(text), 255)]
    return " ".join(f'"{piece}"' for piece in pieces)


def signed(
    message: bytes, domain: bytes = b"example.org", selector: bytes = b"s", **options: Any
) -> bytes:
    bits = options.pop("bits", 1024)
    field = dkim.sign(message, selector, domain, key(bits)[0], **options)
    return bytes(field) + message
