"""A folder of sample messages, each with its coming.

Of what came with a message, a file beside it tells first (`NAME.yml` or `NAME.yaml` beside
`NAME.eml`), then the command line, then the message's own header: Return-Path, else From, is the
sender; X-Original-To, else Delivered-To, else To and Cc are the recipients; the topmost Received
field names the client's HELO, its address and TLS version. Raises ConfigError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatepost.cli import cases, inputs, situation
from gatepost.cli.situation import Given, Situation
from gatepost.errors import ConfigError
from gatepost.policy.message import Message

_HELO: Final = re.compile(r"\s*from\s+(\S+)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\(([^()]*)\)")
_BRACKETED: Final = re.compile(r"\[([^][]*)\]")
_TLS: Final = re.compile(r"\bTLS ?v?1[._]([23])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """name: its path in the folder."""

    name: str
    situation: Situation


def read(folder: Path, told: Given) -> tuple[Sample, ...]:
    """told: by the command line."""
    if not folder.is_dir():
        raise ConfigError(str(folder), "", "is not a folder")
    files = sorted(folder.rglob("*.eml"))
    if not files:
        raise ConfigError(str(folder), "", "has no .eml file")
    return tuple(Sample(str(file.relative_to(folder)), _situation(file, told)) for file in files)


def _situation(file: Path, told: Given) -> Situation:
    body = inputs.message(file)
    found = told.over(of_header(Message(body)))
    for suffix in (".yml", ".yaml"):
        beside = file.with_suffix(suffix)
        if beside.exists():
            found = cases.sidecar(beside).over(found)
    try:
        return situation.situation(found, body)
    except ValueError as error:
        hint = f"; tell it in {file.with_suffix('.yml').name} or by an option"
        raise ConfigError(str(file), "", f"{error}{hint}") from error


def of_header(message: Message) -> Given:
    """What a header tells of the message's coming."""
    client = Given()
    for received in message.texts("received")[:1]:
        helo = _HELO.match(received.raw)
        tls = _TLS.search(received.raw)
        client = Given(
            helo=helo and helo[1],
            source_ip=_address(received.raw),
            tls=f"TLS1_{tls[1]}" if tls else "",
        )
    return Given(mail_from=_sender(message), recipients=_recipients(message)).over(client)


def _address(received: str) -> str | None:
    """The client's address: what the server wrote in the comment, not what the client said before
    it, which may be an address literal too."""
    comment = _COMMENT.search(received)
    written = comment[1] if comment else " ".join(_BRACKETED.findall(received))
    for word in written.replace("[", " ").replace("]", " ").split():
        try:
            return situation.source_ip(re.sub("(?i)^ipv6:", "", word))
        except ValueError:
            continue
    return None


def _sender(message: Message) -> str | None:
    for name in ("return-path", "from"):
        if any(each.raw == "<>" for each in message.texts(name)):
            return ""
        if found := _addresses(message, [name]):
            return found[0]
    return None


def _recipients(message: Message) -> tuple[str, ...] | None:
    for names in (["x-original-to"], ["delivered-to"], ["to", "cc"]):
        if found := _addresses(message, names):
            return found
    return None


def _addresses(message: Message, names: Sequence[str]) -> tuple[str, ...]:
    found = [each.raw for name in names for each in message.addresses(name)]
    return tuple(dict.fromkeys(filter(_is_address, found)))


def _is_address(text: str) -> bool:
    try:
        situation.address(text)
    except ValueError:
        return False
    return True
