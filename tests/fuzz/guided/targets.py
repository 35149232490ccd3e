"""What is fuzzed: a function of octets each, that raises when a property does not hold. The
properties are those of the random tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from gatepost.config import document, yaml_document
from gatepost.config.load import load
from gatepost.errors import ConfigError
from gatepost.spool import frame
from gatepost.spool.disk import DiskSpool, Settings
from gatepost.spool.interface import Done, Message, Recipient, SpoolError, Step
from tests.crash.simulated import SimulatedFiles
from tests.fuzz import test_documents, test_smtp

EPOCH: Final = 7
SEGMENT: Final = f"{1:012d}-{EPOCH:016x}.log"
BETWEEN_FRAMES: Final = b"\n--\n"
BETWEEN_META_AND_DATA: Final = b"\n++\n"
_SETTINGS: Final = Settings(segment_size=4000, low_space=0, spare_segments=1)
_NOW: Final = 1_800_000_000.0


def _property(test: Any) -> Callable[..., None]:
    """A random test without its search."""
    found: Callable[..., None] = test.hypothesis.inner_test
    return found


_line = _property(test_smtp.test_any_line_is_a_command_or_a_refusal)
_path = _property(test_smtp.test_a_path_is_one_where_the_naive_reader_says_so)
_text = _property(test_smtp.test_any_text_is_a_path_or_an_address_error)
_content = _property(test_smtp.test_content_is_judged_as_the_naive_reader_judges_it)
_chunks = _property(test_smtp.test_chunks_are_judged_as_the_same_content_by_data_is)
_end = _property(test_smtp.test_nothing_but_crlf_dot_crlf_ends_a_message)
_document = _property(test_documents.test_only_document_errors_escape)
_rule_set = _property(test_documents.test_what_a_rule_set_may_be_is_planned)
_traffic_policy = _property(test_documents.test_what_a_traffic_policy_may_be_admits_or_not)


def commands(data: bytes) -> None:
    """A line, and a dialogue of lines that come together or apart."""
    _line(data.split(b"\r\n")[0])
    test_smtp.played([data])
    if len(data) < 1000:
        test_smtp.played([line + b"\r\n" for line in data.split(b"\r\n")])


def content(data: bytes) -> None:
    """What follows DATA, and BDAT; the first octets say how it arrives."""
    if len(data) < 3:
        return
    sizes = [octet % 12 + 1 for octet in data[:3]]
    rest = data[3:]
    _content(rest, sizes)
    _chunks(rest, sizes, [size % 7 + 1 for size in sizes])
    if test_smtp.GOOD_END not in b"body" + rest + b"MAIL" and len(rest) < 500:
        _end(rest, bool(sizes[0] % 2))


def addresses(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    _text(text)
    # A source route is not what the naive reader knows.
    if text.isascii() and not text.startswith("@"):
        _path(text)


def documents(data: bytes) -> None:
    """The first octet is the kind; JSON follows."""
    if not data:
        return
    try:
        value = json.loads(data[1:])
    except (ValueError, RecursionError):
        return
    kind = test_documents.KINDS[data[0] % len(test_documents.KINDS)]
    _document(kind, value)
    if kind == "RuleSet":
        _rule_set(value)
    elif kind == "TrafficPolicy":
        _traffic_policy(value)


def configuration(data: bytes) -> None:
    """The whole file: it is taken, or refused with a ConfigError."""
    file = Path("/nonexistent/gatepost.yml")
    with contextlib.suppress(ConfigError):
        load(file, document.plain(file, yaml_document.parse(file, data.decode("utf-8", "replace"))))


def spool(data: bytes) -> None:
    """A segment: its octets as they are, or (the first one is odd) frames with their checksums, as
    only a hostile hand makes them."""
    if data:
        segment = framed(data[1:]) if data[0] % 2 else data[1:]
        with tempfile.TemporaryDirectory() as shard:
            asyncio.run(_opened(Path(shard), segment))


def framed(data: bytes) -> bytes:
    """Frames of metas and data, all checksums right where the operations have a place for them."""
    made = b""
    for number, part in enumerate(data.split(BETWEEN_FRAMES)):
        meta, _, rest = part.partition(BETWEEN_META_AND_DATA)
        with contextlib.suppress(ValueError, RecursionError):
            meta = json.dumps(_checked(json.loads(meta), rest)).encode()
        made += frame.head(EPOCH, number + 1, number, meta, len(rest)) + meta + rest
    return made


def _checked(operations: Any, data: bytes) -> Any:
    at = 0
    for operation in operations if isinstance(operations, list) else ():
        if isinstance(operation, list) and len(operation) > 7 and operation[0] == "m":
            for size in (4, 6):
                if isinstance(operation[size], int) and operation[size] >= 0:
                    operation[size + 1] = crc32(data[at : at + operation[size]])
                    at += operation[size]
    return operations


async def _opened(shard: Path, segment: bytes) -> None:
    """It opens, or says why not; what it shows can be read or is told to be damaged; it takes and
    settles mail; and it is the same when it is opened again."""
    files = SimulatedFiles()
    fd = files.open(shard / SEGMENT, 0o100)
    files.write(fd, segment, 0)
    files.sync_data(fd)
    files.close(fd)
    files.sync_directory(shard)
    try:
        spool = await DiskSpool.open(shard, settings=_SETTINGS, files=files)
    except SpoolError:
        return
    for name in await _names(spool):
        with contextlib.suppress(SpoolError):
            await spool.body(name)
    new = Message(
        "new", _NOW, "", (Recipient("r@d"),), (Step(0, "Relay", "relay:x", "r@d", ""),), 3
    )
    await spool.accept(new, b"new")
    for lease in await spool.lease("relay:a", _NOW, 10, 60):
        await spool.settle([Done(lease)])
    before = await _names(spool)
    await spool.close()
    again = await DiskSpool.open(shard, settings=_SETTINGS, files=files)
    assert await _names(again) == before
    assert await again.body("new") == b"new"
    await again.close()


async def _names(spool: DiskSpool) -> set[str]:
    return {entry.message.id async for entry in spool.scan()}


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "commands": commands,
    "content": content,
    "addresses": addresses,
    "documents": documents,
    "configuration": configuration,
    "spool": spool,
}
