"""DKIM on messages that dkimpy signs: in wire form and out of it, changed, hostile, with keys of
all kinds."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dkim
import nacl.encoding
import nacl.signing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verdicts import dkim_check
from gatepost.verdicts.body import body_hash, split, unstuffed
from gatepost.verdicts.results import Result
from tests.unit.verdicts.world import SILENT, Zone, key, quoted, signed

MESSAGE = (
    b"From: Ann <ann@example.org>\r\n"
    b"To: bob@example.com\r\n"
    b"Subject: folded\r\n  subject\r\n"
    b"\r\n"
    b".a dot\r\n"
    b"..two\r\n"
    b".\r\n"
    b"blanks \t \r\n"
    b"\r\n\r\n"
)
KEY = "s._domainkey.example.org TXT"
RELAXED, SIMPLE = b"relaxed", b"simple"


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def published(bits: int = 1024) -> Zone:
    return Zone({KEY: [key(bits)[1]]})


def stuffed(message: bytes) -> bytes:
    return b"".join(
        (b"." if line.startswith(b".") else b"") + line for line in message.splitlines(True)
    )


@pytest.mark.parametrize("header", [RELAXED, SIMPLE])
@pytest.mark.parametrize("body", [RELAXED, SIMPLE])
async def test_a_good_signature(header: bytes, body: bytes, pool: ThreadPoolExecutor) -> None:
    wire = stuffed(signed(MESSAGE, canonicalize=(header, body)))
    assert b"\r\n..\r\n" in wire
    found = await dkim_check.check(published().texts, unstuffed(wire), pool)
    assert found == Result("pass", "example.org")


async def test_the_wire_form_itself_is_not_what_was_signed(pool: ThreadPoolExecutor) -> None:
    found = await dkim_check.check(published().texts, stuffed(signed(MESSAGE)), pool)
    assert found.word == "fail"


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b"..two", b"..twO", "fail"),
        (b"blanks", b"blanks\r\n", "fail"),
        (b"bob@", b"eve@", "fail"),
        (b"b=", b"b=ABCD", "fail"),
        (b"d=example.org", b"d=example.com", "permerror"),
        (b"s=s", b"s=t", "permerror"),
        (b"v=1", b"v=2", "permerror"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "permerror"),
        (b"a=rsa-sha256", b"a=ed25519-sha256", "permerror"),
        (b"h=from : to : subject :\r\n from", b"h=to : subject", "permerror"),
        (b"c=relaxed", b"c=severe", "permerror"),
        (b"d=example.org", b"d=ex\xe4mple.org", "permerror"),
        (b"d=example.org", b"d=" + b"x" * 9000, "permerror"),
        (b"d=example.org", b"d=example.org;l=\xff", "permerror"),
        (b"h=", b"h=" + b"x:" * 200, "permerror"),
        (b"h=", b"h=" + b" " * 100, "permerror"),
        (b"DKIM-Signature: ", b"DKIM-Signature: =;", "permerror"),
        (b"DKIM-Signature: ", b"DKIM-Signature : ", "permerror"),
        (b"DKIM-Signature: ", b" DKIM-Signature: x\r\nDKIM-Signature:", "permerror"),
        # A second From would be shown, and is not signed.
        (b"DKIM-Signature:", b"From: evil@example.com\r\nDKIM-Signature:", "fail"),
        (b"To: bob", b"From: evil@example.com\r\nTo: bob", "fail"),
    ],
)
async def test_a_changed_message(
    old: bytes, new: bytes, word: str, pool: ThreadPoolExecutor
) -> None:
    message = signed(MESSAGE)
    assert old in message
    zone = published()
    found = await dkim_check.check(zone.texts, message.replace(old, new, 1), pool)
    assert found.word == word


async def test_what_may_be_added(pool: ThreadPoolExecutor) -> None:
    message = b"Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000\r\n" + signed(MESSAGE)
    assert (await dkim_check.check(published().texts, message, pool)).word == "pass"


async def test_an_unsigned_message_asks_nothing(pool: ThreadPoolExecutor) -> None:
    zone = Zone({})
    for message in (MESSAGE, b"", b"\r\nDKIM-Signature: v=1\r\n", b"From: a\r\n"):
        assert (await dkim_check.check(zone.texts, message, pool)).word == "none"
    assert not zone.asked


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (SILENT, "temperror"),
        ([], "permerror"),
        (['"v=DKIM1; p="'], "permerror"),
        (['"v=DKIM2; p=AAAA"'], "permerror"),
        (['"v=DKIM1; k=rsa; p=AAAA"'], "permerror"),
        (['"v=DKIM1; k=quantum; p=AAAA"'], "permerror"),
        (['"v=DKIM1; p=!!!!"'], "permerror"),
        (['"nonsense"'], "permerror"),
        (['""'], "permerror"),
        ([quoted(b"v=DKIM1; k=rsa; p=" + b"A" * 20_000)], "permerror"),
        ([quoted(b"v=DKIM1; k=rsa; n=" + b";" * 3000)], "permerror"),
    ],
)
async def test_a_key_that_is_of_no_use(values: Any, word: str, pool: ThreadPoolExecutor) -> None:
    found = await dkim_check.check(Zone({KEY: values}).texts, signed(MESSAGE), pool)
    assert found.word == word
    assert found.domain == "example.org"


@pytest.mark.parametrize(
    ("tags", "identity", "word"),
    [
        ("h=sha1;", b"@example.org", "permerror"),
        ("h=sha1 : sha256;", b"@example.org", "pass"),
        ("t=y;", b"@mail.example.org", "pass"),
        ("t=y:s;", b"@mail.example.org", "permerror"),
        ("t=s;", b"ann@example.org", "pass"),
        ("s=tlsrpt;", b"@example.org", "permerror"),
        ("s=email;", b"@example.org", "pass"),
    ],
)
async def test_what_a_key_is_for(
    tags: str, identity: bytes, word: str, pool: ThreadPoolExecutor
) -> None:
    message = signed(MESSAGE, identity=identity)
    zone = Zone({KEY: [key(1024)[1].replace("v=DKIM1; ", f"v=DKIM1; {tags} ", 1)]})
    assert (await dkim_check.check(zone.texts, message, pool)).word == word


async def test_another_key(pool: ThreadPoolExecutor) -> None:
    zone = Zone({KEY: [key(1536)[1]]})
    assert (await dkim_check.check(zone.texts, signed(MESSAGE), pool)).word == "fail"


async def test_a_short_key_proves_nothing(pool: ThreadPoolExecutor) -> None:
    # The smallest that the library still makes and RFC 8301 forbids.
    private = dkim.crypto.parse_pem_private_key(key(1024)[0])
    assert private["modulus"].bit_length() == 1024
    zone = published()
    assert (await dkim_check.check(zone.texts, signed(MESSAGE), pool)).word == "pass"
    weak = Zone({KEY: [f'"v=DKIM1; k=rsa; p={_short_key()}"']})
    found = await dkim_check.check(weak.texts, signed(MESSAGE), pool)
    assert found.word == "permerror"
    assert "512 bits" in found.reason


def _short_key() -> str:
    """RSAPublicKey of a modulus of 512 bits, in DER."""
    modulus = b"\x00" + b"\xff" * 64
    inner = b"\x02\x41" + modulus + b"\x02\x03\x01\x00\x01"
    return base64.b64encode(b"\x30" + bytes([len(inner)]) + inner).decode()


async def test_ed25519(pool: ThreadPoolExecutor) -> None:
    private = nacl.signing.SigningKey.generate()
    public = private.verify_key.encode(nacl.encoding.Base64Encoder).decode()
    field = dkim.sign(
        MESSAGE,
        b"s",
        b"example.org",
        private.encode(nacl.encoding.Base64Encoder),
        signature_algorithm=b"ed25519-sha256",
    )
    zone = Zone({KEY: [f'"v=DKIM1; k=ed25519; p={public}"']})
    assert (await dkim_check.check(zone.texts, field + MESSAGE, pool)).word == "pass"
    assert (await dkim_check.check(zone.texts, field + MESSAGE + b"x\r\n", pool)).word == "fail"
    # Its key verifies no RSA signature.
    assert (await dkim_check.check(zone.texts, signed(MESSAGE), pool)).word == "permerror"


async def test_one_good_signature_is_enough(pool: ThreadPoolExecutor) -> None:
    message = signed(signed(MESSAGE), domain=b"example.net")
    zone = published()
    assert await dkim_check.check(zone.texts, message, pool) == Result("pass", "example.org")
    zone.records["s._domainkey.example.net txt"] = SILENT
    assert (await dkim_check.check(zone.texts, message, pool)).word == "pass"
    changed = message.replace(b"two", b"TWO")
    assert (await dkim_check.check(zone.texts, changed, pool)).word == "temperror"


async def test_only_so_many_signatures_are_looked_at(pool: ThreadPoolExecutor) -> None:
    bad = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=from; bh=AAAA; b=AAAA\r\n" % each
        for each in range(100)
    )
    zone = published()
    assert (await dkim_check.check(zone.texts, bad + signed(MESSAGE), pool)).word == "permerror"
    assert len(zone.asked) == dkim_check.SIGNATURES_MAX


async def test_a_part_of_the_body_proves_nothing_of_the_rest(pool: ThreadPoolExecutor) -> None:
    message = signed(MESSAGE, length=True)
    assert (await dkim_check.check(published().texts, message, pool)).word == "pass"
    longer = message + b"Buy now!\r\n"
    assert await dkim_check.check(published().texts, longer, pool) == Result(
        "neutral", "example.org", "only a part of the body is signed"
    )


async def test_an_expired_signature(pool: ThreadPoolExecutor) -> None:
    past = str(int(time.time()) - 86400 * 30).encode()
    message = signed(MESSAGE).replace(b"v=1;", b"v=1; x=" + past + b";")
    found = await dkim_check.check(published().texts, message, pool)
    assert found == Result("fail", "", "the signature has expired")


async def test_a_crowded_header_section(pool: ThreadPoolExecutor) -> None:
    message = b"X: y\r\n" * 5000 + signed(MESSAGE)
    assert (await dkim_check.check(published().texts, message, pool)).word == "permerror"


@pytest.mark.parametrize(
    "message",
    [
        signed(MESSAGE)[:-20] + b"\r\n" + (b"x" + b" " * 996 + b"y\r\n") * 4000,
        signed(MESSAGE) + b"\r\n" * 1_000_000,
        b"DKIM-Signature: v=1; b=" + b"\r\n\t" * 20_000 + b"!\r\n" + MESSAGE,
        b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=AAAA; b="
        + b"A " * 1500
        + b"!\r\n"
        + MESSAGE,
        b"DKIM-Signature:" + b";" * 8000 + b"\r\n" + MESSAGE,
    ],
    ids=["blanks", "empty lines", "blanks in b=", "many words in b=", "many tags"],
)
async def test_hostile_text_costs_little(message: bytes, pool: ThreadPoolExecutor) -> None:
    started = time.process_time()
    await dkim_check.check(published().texts, message, pool)
    assert time.process_time() - started < 2


async def test_the_event_loop_goes_on(pool: ThreadPoolExecutor) -> None:
    turns = 0
    message = signed(MESSAGE) + b"some words \r\n" * 800_000
    checking = asyncio.create_task(dkim_check.check(published().texts, message, pool))
    while not checking.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 50


BLANKS_AND_LINES = st.lists(
    st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b" \r\n", b"word", b"\r\n\r\n"]), max_size=60
).map(b"".join)


@given(BLANKS_AND_LINES)
def test_bodies_are_hashed_as_dkimpy_does(body: bytes) -> None:
    for relaxed, how in ((True, dkim.Relaxed), (False, dkim.Simple)):
        policy = dkim.CanonicalizationPolicy.from_c_value(b"simple/" + how)
        made = body if body.endswith(b"\r\n") or not body else body + b"\r\n"
        wanted = policy.canonicalize_body(made)
        assert body_hash(made, relaxed=relaxed).digest == hashlib.sha256(wanted).digest()
        cut = body_hash(made, relaxed=relaxed, length=5)
        assert cut == (hashlib.sha256(wanted[:5]).digest(), len(wanted) <= 5)


@pytest.mark.parametrize("blanks", [b"\r\n" * 100_000, b" \t\r\n" * 100_000])
def test_what_trails_beyond_a_piece(blanks: bytes) -> None:
    for relaxed, how in ((True, dkim.Relaxed), (False, dkim.Simple)):
        policy = dkim.CanonicalizationPolicy.from_c_value(b"simple/" + how)
        for body in (b"line\r\n" + blanks, blanks):
            wanted = hashlib.sha256(policy.canonicalize_body(body)).digest()
            assert body_hash(b"A: b\r\n\r\n" + body, 8, relaxed=relaxed).digest == wanted


def test_pieces_are_one_body() -> None:
    body = b"".join(b"line %d \t of many\r\n" % each for each in range(20_000))
    policy = dkim.CanonicalizationPolicy.from_c_value(b"simple/relaxed")
    wanted = hashlib.sha256(policy.canonicalize_body(body)).digest()
    assert body_hash(body, relaxed=True) == (wanted, True)


@pytest.mark.parametrize(
    ("wire", "plain"),
    [
        (b"", b""),
        (b"..\r\n", b".\r\n"),
        (b"...\r\n..a\r\n.\r\n", b"..\r\n.a\r\n\r\n"),
        (b"a\r\n..b.\r\n.c\r\n", b"a\r\n.b.\r\nc\r\n"),
    ],
)
def test_unstuffing(wire: bytes, plain: bytes) -> None:
    assert unstuffed(wire) == plain


def test_what_is_not_stuffed_is_not_copied() -> None:
    assert unstuffed(MESSAGE.replace(b"\r\n.", b"\r\n")) is not MESSAGE
    plain = MESSAGE.replace(b".", b"")
    assert unstuffed(plain) is plain


def test_a_check_holds_no_copy_of_a_message() -> None:
    """Reading, hashing and judging eight signatures of 16 MiB."""
    line = b"x" * 70 + b"\r\n"
    message = b"From: a@example.org\r\n\r\n" + line * ((16 << 20) // len(line))
    once = signed(message, canonicalize=(RELAXED, RELAXED))
    field = once[: len(once) - len(message)]
    message = field * 8 + message
    del once
    tracemalloc.start()
    try:
        found = dkim_check.read(message, time.time())
        assert found is not None
        dkim_check.verify(found, {each.key: [b"v=DKIM1; p="] for each in found.signatures})
        for relaxed in (True, False):
            body_hash(found.message, found.start, relaxed=relaxed)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


def test_unstuffing_in_pieces() -> None:
    body = b"".join(b"." * (each % 5) + b"\r\n" for each in range(60_000))
    assert unstuffed(stuffed(body)) == body


@given(BLANKS_AND_LINES)
def test_stuffing_and_back(body: bytes) -> None:
    assert unstuffed(stuffed(body + b"\r\n")) == body + b"\r\n"


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (b"A: b\r\n\r\nc\r\n", (b"A: b\r\n", b"c\r\n")),
        (b"A: b\r\n\r\n", (b"A: b\r\n", b"")),
        (b"A: b\r\n", (b"A: b\r\n", b"")),
        (b"\r\nbody\r\n", (b"", b"body\r\n")),
        (b"", (b"", b"")),
    ],
)
def test_splitting(message: bytes, parts: tuple[bytes, bytes]) -> None:
    header, start = split(message)
    assert (header, message[start:]) == parts


@given(st.binary(max_size=300))
def test_octets_of_any_kind(octets: bytes) -> None:
    found = dkim_check.read(b"DKIM-Signature: " + octets, 0.0)
    if found is not None:
        dkim_check.verify(found, {each.key: [octets] for each in found.signatures})
