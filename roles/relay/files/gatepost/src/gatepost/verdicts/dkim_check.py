"""DKIM (RFC 6376, RFC 8301, RFC 8463) of a message: dkimpy verifies, on keys that were asked for
beforehand and on body hashes of `body`.

Work on the bytes runs in the pool of threads that it is given, in two strokes: `read` finds the
signatures and the names of their keys, `verify` does the arithmetic. What a message can cost is
bounded here: signatures, names in h=, header fields, sizes of keys.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import dkim
import dkim.util

from gatepost.resolver import Unreadable
from gatepost.verdicts import results
from gatepost.verdicts.body import BodyHash, body_hash, split
from gatepost.verdicts.results import Result

SIGNATURES_MAX: Final = 8
_SIGNATURE_OCTETS: Final = 8192
_NAMES_MAX: Final = 128
_FIELDS_MAX: Final = 1000
_KEY_OCTETS: Final = 4096
# RFC 8301 section 3.2 asks for 1024 to 4096; more costs more than it gives.
_RSA_BITS: Final = range(1024, 8193)
_EXPONENT_MAX: Final = 1 << 32
# dkimpy's own expression for b= takes exponential time on long runs of blanks.
_BLANKS: Final = re.compile(rb"\s{80}")
_FIELD: Final = re.compile(rb"^dkim-signature[ \t]*:", re.IGNORECASE | re.MULTILINE)

Texts = Callable[[str], Awaitable[Sequence[bytes]]]


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature field that can be verified. included: the names in h=. key: where its key
    is published."""

    tags: Mapping[bytes, bytes]
    included: tuple[bytes, ...]
    field: tuple[bytes, bytes]
    domain: str
    key: str


@dataclass(frozen=True, slots=True)
class Read:
    """What stands in a message. start: of its body. judged: the results of fields that are no
    signature to verify."""

    signer: Any
    message: bytes
    start: int
    signatures: tuple[Signature, ...]
    judged: tuple[Result, ...]


async def check(texts: Texts, message: bytes, pool: Executor) -> Result:
    """message: without dot-stuffing."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(pool, read, message, time.time())
    if found is None:
        return Result("none", "", "not signed")
    keys = dict(
        zip(
            (each.key for each in found.signatures),
            await asyncio.gather(*(_key(texts, each.key) for each in found.signatures)),
            strict=True,
        )
    )
    verified = await loop.run_in_executor(pool, verify, found, keys)
    return results.of_signatures((*found.judged, *verified))


async def _key(texts: Texts, name: str) -> Sequence[bytes] | Unreadable:
    try:
        return await texts(name)
    except Unreadable as error:
        return error


def read(message: bytes, now: float) -> Read | None:
    """None where no field says that the message is signed."""
    header, start = split(message)
    if not _FIELD.search(header):
        return None
    try:
        signer = dkim.DKIM(header)
    except (dkim.DKIMException, LookupError):
        return Read(None, b"", 0, (), (Result("permerror", "", "the header section is malformed"),))
    if len(signer.headers) > _FIELDS_MAX:
        return Read(None, b"", 0, (), (Result("permerror", "", "too many header fields"),))
    fields = [each for each in signer.headers if each[0].lower() == b"dkim-signature"]
    signatures: list[Signature] = []
    judged: list[Result] = []
    for index, field in enumerate(fields[:SIGNATURES_MAX]):
        each = _signature(signer, index, field, now)
        if isinstance(each, Signature):
            signatures.append(each)
        else:
            judged.append(each)
    return Read(signer, message, start, tuple(signatures), tuple(judged))


def _signature(signer: Any, index: int, field: Sequence[bytes], now: float) -> Signature | Result:
    if len(field[1]) > _SIGNATURE_OCTETS or _BLANKS.search(field[1]):
        return Result("permerror", "", "the signature is too long")
    signer.signature_fields = {}
    try:
        tags, included, _fields = signer.verify_headerprep(index)
        domain = tags[b"d"].decode("ascii").lower()
        key = f"{tags[b's'].decode('ascii').lower()}._domainkey.{domain}"
    except (dkim.DKIMException, ValueError) as error:
        expires = signer.signature_fields.get(b"x", b"")
        if expires.isdigit() and len(expires) < 20 and int(expires) < now:
            return Result("fail", "", "the signature has expired")
        return Result("permerror", "", f"the signature is malformed ({type(error).__name__})")
    reason = _unacceptable(tags, included)
    if reason:
        return Result("permerror", domain, reason)
    return Signature(tags, tuple(included), (field[0], field[1]), domain, key)


def _unacceptable(tags: Mapping[bytes, bytes], included: Sequence[bytes]) -> str:
    """RFC 6376 sections 3.5 and 5.4: what dkimpy leaves to its caller; RFC 8301 forbids SHA-1."""
    if tags[b"a"] == b"rsa-sha1":
        return "rsa-sha1 is obsolete"
    if b"from" not in included:
        return "From is not signed"
    if len(included) > _NAMES_MAX:
        return "too many names in h="
    return ""


def verify(found: Read, keys: Mapping[str, Sequence[bytes] | Unreadable]) -> Sequence[Result]:
    """One result a signature."""
    hashes: dict[tuple[bool, int | None], BodyHash] = {}
    return [_verified(found, each, keys[each.key], hashes) for each in found.signatures]


def _verified(
    found: Read,
    signature: Signature,
    key: Sequence[bytes] | Unreadable,
    hashes: dict[tuple[bool, int | None], BodyHash],
) -> Result:
    domain = signature.domain
    if isinstance(key, Unreadable):
        return Result("temperror", domain, str(key))
    if not key:
        return Result("permerror", domain, f"there is no key {signature.key}")
    tags = dict(signature.tags)
    wanted = b"".join(tags.pop(b"bh").split())
    how = _relaxed_body(tags), int(tags[b"l"]) if tags.get(b"l") else None
    try:
        _load(found.signer, signature, key[0])
        if how not in hashes:
            hashes[how] = body_hash(found.message, found.start, relaxed=how[0], length=how[1])
        if base64.b64decode(wanted) != hashes[how].digest:
            return Result("fail", domain, "the body was changed")
        included = list(signature.included)
        good = found.signer.verify_sig_process(tags, included, signature.field, None)
    except Exception as error:  # whatever a foreign key or signature makes dkimpy stumble over
        return Result("permerror", domain, f"cannot be verified ({type(error).__name__}: {error})")
    if not good:
        return Result("fail", domain, "the signature does not fit")
    if not hashes[how].whole:
        # Anybody could have added what is not signed (RFC 6376 section 8.2).
        return Result("neutral", domain, "only a part of the body is signed")
    return Result("pass", domain)


def _relaxed_body(tags: Mapping[bytes, bytes]) -> bool:
    return tags.get(b"c", b"simple/simple").partition(b"/")[2] == b"relaxed"


def _load(signer: Any, signature: Signature, record: bytes) -> None:
    """The key, within its bounds and those that its record sets (RFC 6376 section 3.6.1), where
    dkimpy looks for it."""
    if len(record) > _KEY_OCTETS:
        raise dkim.KeyFormatError("the record is too long")
    signer.pk, signer.keysize, signer.ktag, signer.seqtlsrpt = dkim.evaluate_pk(
        signature.key, record
    )
    if signature.tags[b"a"].partition(b"-")[0] != signer.ktag:
        raise dkim.KeyFormatError("the key is for another algorithm")
    published = dkim.util.parse_tag_value(record)
    if b"sha256" not in _words(published.get(b"h", b"sha256")):
        raise dkim.KeyFormatError("the key is for another hash")
    identity = signature.tags.get(b"i", b"").rpartition(b"@")[2].lower()
    if b"s" in _words(published.get(b"t", b"")) and identity not in (
        b"",
        signature.tags[b"d"].lower(),
    ):
        raise dkim.KeyFormatError("the key is not for subdomains")
    if signer.ktag == b"rsa" and (
        signer.keysize not in _RSA_BITS or signer.pk["publicExponent"] > _EXPONENT_MAX
    ):
        raise dkim.KeyFormatError(f"an RSA key of {signer.keysize} bits")


def _words(tag: bytes) -> list[bytes]:
    """Of a colon-separated list."""
    return [word.strip() for word in tag.split(b":")]
