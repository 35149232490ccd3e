"""Where the actions beyond SMTP end on this host: the bindings of archives, mailboxes and Amazon Q
applications, and how AWS is reached."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gatepost.actions.values import Archive, AwsSettings, Lmtp, Mailbox, Maildir
from gatepost.config import addresses
from gatepost.config.fields import Section

_DAY: Final = 86400.0
# A month has 31 days here: never less than what the word promises.
_MONTHS: Final = {
    "THREE_MONTHS": 3,
    "SIX_MONTHS": 6,
    "NINE_MONTHS": 9,
    "ONE_YEAR": 12,
    "EIGHTEEN_MONTHS": 18,
    "TWO_YEARS": 24,
    "THIRTY_MONTHS": 30,
    "THREE_YEARS": 36,
    "FOUR_YEARS": 48,
    "FIVE_YEARS": 60,
    "SIX_YEARS": 72,
    "SEVEN_YEARS": 84,
    "EIGHT_YEARS": 96,
    "NINE_YEARS": 108,
    "TEN_YEARS": 120,
}
PERMANENT: Final = "PERMANENT"
# Kinds of mailboxes, as their queues begin, and under which key of `bindings` each is bound.
MAILBOXES: Final = {"mailbox": "mailboxes", "application": "applications"}
# Where an action names what must be bound, and the kind of that.
BOUND: Final = {
    "Archive": ("TargetArchive", "archive"),
    "DeliverToMailbox": ("MailboxArn", "mailbox"),
    "DeliverToQBusiness": ("ApplicationId", "application"),
}
_SERVICES: Final = ("s3", "sns", "lambda", "sts")
_PLACES: Final = re.compile(r"\{(local|domain)\}")


def read_archives(bindings: Section) -> dict[str, Archive]:
    """By name. Raises ConfigError."""
    section = bindings.section("archives")
    found: dict[str, Archive] = {}
    for name in section.names():
        binding = section.section(name)
        path = Path(os.path.normpath(binding.path_to("path")))
        for other in found.values():
            if other.path == path:
                # What one purges would be the other's too.
                binding.fail("path", f"{path}: is the folder of the archive {other.name}")
        found[name] = Archive(name, path, _retention(binding))
        binding.finish()
    return found


def read_mailboxes(bindings: Section) -> dict[str, Mailbox]:
    """By the name of their queue: "mailbox:NAME", "application:ID". Raises ConfigError."""
    found: dict[str, Mailbox] = {}
    for kind, key in MAILBOXES.items():
        section = bindings.section(key)
        for name in section.names():
            destination = f"{kind}:{name}"
            found[destination] = Mailbox(destination, _site(section.section(name)))
    return found


def read_aws(section: Section) -> AwsSettings:
    """Raises ConfigError."""
    endpoints = section.section("endpoints")
    settings = AwsSettings(
        region=section.text("region", None),
        profile=section.text("profile", None),
        credentials_file=section.path_to("credentials_file", None),
        assume_roles=section.flag("assume_roles", False),
        endpoints={name: _url(endpoints, name) for name in _SERVICES if endpoints.has(name)},
        connect_timeout=section.seconds("connect_timeout", 10.0, 1, 300),
        read_timeout=section.seconds("read_timeout", 60.0, 1, 900),
    )
    for name in _SERVICES:
        endpoints.take(name, None)
    endpoints.finish()
    section.finish()
    return settings


def bound(names: Iterable[str], spelling: str) -> str | None:
    """Under which name a thing is bound: as the document spells it, or by the id that its ARN ends
    with."""
    known = set(names)
    return next((key for key in (spelling, spelling.rpartition("/")[2]) if key in known), None)


def _retention(binding: Section) -> float | None:
    value = binding.take("retention", PERMANENT)
    if value == PERMANENT:
        return None
    if isinstance(value, str) and value in _MONTHS:
        return _MONTHS[value] * 31 * _DAY
    if isinstance(value, str) and not value[:1].isdigit():
        words = f"{PERMANENT}, {', '.join(_MONTHS)}"
        binding.fail("retention", f"must be one of {words}, or a time as in 90d, not {value!r}")
    seconds: float = binding.seconds("retention", None, _DAY, 36500 * _DAY)
    return seconds


def _site(binding: Section) -> Maildir | Lmtp:
    if binding.has("maildir") == binding.has("lmtp"):
        binding.fail("", "must have either maildir or lmtp")
    site = _lmtp(binding) if binding.has("lmtp") else _maildir(binding)
    binding.finish()
    return site


def _maildir(binding: Section) -> Maildir:
    path: Path = binding.path_to("maildir")
    parts = path.parts
    for part in parts:
        if re.search(r"[{}]", _PLACES.sub("", part)):
            binding.fail("maildir", f"{part}: may name only {{local}} and {{domain}} in braces")
    first = next((n for n, part in enumerate(parts) if _PLACES.search(part)), len(parts))
    binding.take("lmtp", None)
    create = binding.flag("create", False)
    return Maildir(Path(*parts[:first]), parts[first:], create)


def _lmtp(binding: Section) -> Lmtp:
    text: str = binding.text("lmtp")
    binding.take("maildir", None)
    if text.startswith("unix:"):
        path = Path(text.removeprefix("unix:"))
        if not path.is_absolute():
            binding.fail("lmtp", "the path of a socket must be absolute")
        return Lmtp(path)
    try:
        return Lmtp(addresses.endpoint(text, literal=False))
    except ValueError as error:
        binding.fail("lmtp", str(error))


def _url(section: Section, key: str) -> str:
    text: str = section.text(key)
    try:
        addresses.web(text)
    except ValueError:
        section.fail(key, "must be a URL that begins with https:// or http://")
    return text
